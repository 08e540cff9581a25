//! How an event enters the fingerprint of a run.

use althing_engine::rounds::{CertifiedRecord, Event, Record, Waiting};

use crate::fingerprint::Fingerprint;

/// Mixes in an event, its kind and its numbers.
pub(super) fn mix(event: &Event, fingerprint: &mut Fingerprint) {
    match event {
        Event::PeerJoined { peer, known } => {
            fingerprint.kind(1, peer.number()).number(*known as u64);
        }
        Event::PeerNamed { peer, name } => {
            fingerprint.kind(17, peer.number()).bytes(name.as_str().as_bytes());
        }
        Event::MembershipSettled { members, member } => {
            fingerprint.kind(2, u128::from(*member));
            members.iter().for_each(|peer| fingerprint.wide(peer.number()));
        }
        Event::LeaderElected { leader, term, draw, draws: _ } => {
            fingerprint.kind(3, leader.number()).number(term.number());
            fingerprint.wide(draw.unwrap_or(u128::MAX));
        }
        Event::ChallengeIssued { transaction, difficulty, leader } => {
            fingerprint.kind(4, leader.number()).number(transaction.number());
            fingerprint.number(difficulty.bits().into());
        }
        Event::SolutionFound { transaction, finder, seed } => {
            fingerprint.kind(5, finder.number()).number(transaction.number());
            fingerprint.bytes(seed.as_str().as_bytes());
        }
        Event::VoteCast { transaction, voter, seed, approve } => {
            fingerprint.kind(6, voter.number()).number(transaction.number());
            fingerprint.bytes(seed.as_str().as_bytes());
            fingerprint.number(u64::from(*approve));
        }
        Event::RoundDecided(certified) => mix_certified(certified, fingerprint),
        Event::RoundFailed { transaction, yes, no } => {
            fingerprint.kind(8, transaction.number().into()).number(*yes as u64);
            fingerprint.number(*no as u64);
        }
        Event::MessageRefused { claimed, reason } => {
            fingerprint.kind(9, claimed.number());
            fingerprint.bytes(reason.to_string().as_bytes());
        }
        Event::PeerLost { peer } => {
            fingerprint.kind(10, peer.number());
        }
        Event::PeerHeard { peer } => {
            fingerprint.kind(15, peer.number());
        }
        Event::Copied => {
            fingerprint.kind(13, 0);
        }
        Event::Equivocated(equivocation) => {
            fingerprint.kind(14, equivocation.peer().number());
        }
        Event::Waiting(waiting) => mix_waiting(waiting, fingerprint),
        Event::NetworkOverheard { network, peers } => {
            fingerprint.kind(13, *peers as u128);
            fingerprint.bytes(network.speech.as_bytes());
        }
        Event::AllRecorded => {
            fingerprint.kind(12, 0);
        }
    }
}

fn mix_certified(certified: &CertifiedRecord, fingerprint: &mut Fingerprint) {
    let CertifiedRecord { record, term, votes, noes, starts: _ } = certified;
    let Record { transaction, difficulty, seed, winner } = record;
    fingerprint.kind(7, winner.number()).number(transaction.number());
    fingerprint.number(difficulty.bits().into());
    fingerprint.bytes(seed.as_str().as_bytes());
    fingerprint.number(term.number());
    fingerprint.number(u64::from(*noes));
    votes.iter().for_each(|(voter, _)| fingerprint.wide(voter.number()));
}

fn mix_waiting(waiting: &Waiting, fingerprint: &mut Fingerprint) {
    let (kind, number) = match waiting {
        Waiting::Peers { known, .. } => (0, *known as u64),
        Waiting::Majority { heard, .. } => (1, *heard as u64),
        Waiting::Arrivals { transaction } => (2, transaction.number()),
        Waiting::Secret { transaction } => (3, transaction.number()),
        Waiting::Confirmation { confirmed, .. } => (4, *confirmed as u64),
        Waiting::Adoption { adopted, .. } => (5, *adopted as u64),
        Waiting::Leader { here, .. } => (6, *here as u64),
        Waiting::Challenge { transaction, .. } => (7, transaction.number()),
        Waiting::Votes { yes, .. } => (8, *yes as u64),
        Waiting::Copied => (9, 0),
        Waiting::Missed { transaction } => (10, transaction.number()),
    };
    fingerprint.kind(11, kind).number(number);
}

#[cfg(test)]
mod tests {
    use super::*;
    use althing_types::{PeerId, Term};

    #[test]
    fn different_events_in_a_different_order_have_different_fingerprints() {
        let lost = |peer| Event::PeerLost { peer: PeerId::new(peer) };
        let leader = PeerId::new(1);
        let elected =
            Event::LeaderElected { leader, term: Term::FIRST, draw: None, draws: Vec::new() };
        let of = |events: &[&Event]| {
            let mut fingerprint = Fingerprint::new();
            events.iter().for_each(|event| mix(event, &mut fingerprint));
            fingerprint.value()
        };
        assert_eq!(of(&[&lost(1), &elected]), of(&[&lost(1), &elected]));
        assert_ne!(of(&[&lost(1), &elected]), of(&[&elected, &lost(1)]));
        assert_ne!(of(&[&lost(1)]), of(&[&lost(1 << 64)]));
    }
}
