use althing_engine::rounds::{CertifiedRecord, Event, Record, Waiting};

/// One number that stands for all that happened in a run: equal runs have equal ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    pub(crate) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) const fn value(self) -> u64 {
        self.0
    }

    /// Mixes in bytes, as FNV-1a does.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.number(bytes.len() as u64);
    }

    /// Mixes in a number: the multiplication carries its bits up, the shift brings them down.
    pub(crate) fn number(&mut self, number: u64) {
        let mixed = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }

    /// Mixes in an event, its kind and its numbers.
    pub(crate) fn event(&mut self, event: &Event) {
        match event {
            Event::PeerJoined { peer, known } => {
                self.kind(1, peer.number()).number(*known as u64);
            }
            Event::RosterSettled { members, member } => {
                self.kind(2, u128::from(*member));
                members.iter().for_each(|peer| self.wide(peer.number()));
            }
            Event::LeaderElected { leader, term, draw } => {
                self.kind(3, leader.number()).number(term.number());
                self.wide(draw.unwrap_or(u128::MAX));
            }
            Event::ChallengeIssued { transaction, difficulty, leader } => {
                self.kind(4, leader.number()).number(transaction.number());
                self.number(difficulty.bits().into());
            }
            Event::SolutionFound { transaction, finder, seed } => {
                self.kind(5, finder.number()).number(transaction.number());
                self.bytes(seed.as_str().as_bytes());
            }
            Event::VoteCast { transaction, voter, seed, approve } => {
                self.kind(6, voter.number()).number(transaction.number());
                self.bytes(seed.as_str().as_bytes());
                self.number(u64::from(*approve));
            }
            Event::RoundDecided(certified) => self.certified(certified),
            Event::RoundFailed { transaction, yes, no } => {
                self.kind(8, transaction.number().into()).number(*yes as u64);
                self.number(*no as u64);
            }
            Event::MessageRefused { claimed, reason } => {
                self.kind(9, claimed.number());
                self.bytes(reason.to_string().as_bytes());
            }
            Event::PeerLost { peer } => {
                self.kind(10, peer.number());
            }
            Event::Waiting(waiting) => self.waiting(*waiting),
            Event::AllRecorded => {
                self.kind(12, 0);
            }
        }
    }

    fn certified(&mut self, certified: &CertifiedRecord) {
        let CertifiedRecord { record, term, votes, noes } = certified;
        let Record { transaction, difficulty, seed, winner } = record;
        self.kind(7, winner.number()).number(transaction.number());
        self.number(difficulty.bits().into());
        self.bytes(seed.as_str().as_bytes());
        self.number(term.number());
        self.number(u64::from(*noes));
        votes.iter().for_each(|(voter, _)| self.wide(voter.number()));
    }

    fn waiting(&mut self, waiting: Waiting) {
        let (kind, number) = match waiting {
            Waiting::Peers { known, .. } => (0, known as u64),
            Waiting::Majority { heard, .. } => (1, heard as u64),
            Waiting::Arrivals { transaction } => (2, transaction.number()),
        };
        self.kind(11, kind).number(number);
    }

    fn kind(&mut self, kind: u64, first: u128) -> &mut Self {
        self.number(kind);
        self.wide(first);
        self
    }

    fn wide(&mut self, number: u128) {
        let [low, high] = [number, number >> 64].map(|half| half & u128::from(u64::MAX));
        for half in [low, high] {
            self.number(u64::try_from(half).expect("it was masked"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use althing_types::{PeerId, Term};

    #[test]
    fn different_events_in_a_different_order_have_different_fingerprints() {
        let lost = |peer| Event::PeerLost { peer: PeerId::new(peer) };
        let leader = PeerId::new(1);
        let elected = Event::LeaderElected { leader, term: Term::FIRST, draw: None };
        let of = |events: &[&Event]| {
            let mut fingerprint = Fingerprint::new();
            events.iter().for_each(|event| fingerprint.event(event));
            fingerprint.value()
        };
        assert_eq!(of(&[&lost(1), &elected]), of(&[&lost(1), &elected]));
        assert_ne!(of(&[&lost(1), &elected]), of(&[&elected, &lost(1)]));
        assert_ne!(of(&[&lost(1)]), of(&[&lost(1 << 64)]));
    }
}
