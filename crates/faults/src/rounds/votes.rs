//! How a member can misuse votes.

use althing_engine::rounds::{Cause, Message, Signed};
use althing_types::Seed;

use super::ByzantineMember;

/// Votes for a second solution as well; not as the leader, whose votes are proposals.
pub(super) fn twice(member: &mut ByzantineMember, signed: Signed) {
    let second = if member.leads() { None } else { second_vote(member, &signed.message) };
    member.pass_on(signed);
    if let Some(second) = second {
        member.send_signed(second);
    }
}

/// Votes in the name of every other member, under its own signature.
pub(super) fn for_others(member: &mut ByzantineMember, signed: Signed) {
    let message = signed.message.clone();
    member.pass_on(signed);
    if let Message::Vote { transaction, seed, approve, cause, .. } = message {
        let other = other_seed(member, cause, &seed);
        for peer in member.others() {
            let seed = other.clone();
            member.send_signed(Message::Vote { peer, transaction, seed, approve, cause });
        }
    }
}

pub(super) fn withhold(member: &mut ByzantineMember, signed: Signed) {
    if !matches!(signed.message, Message::Vote { .. }) {
        member.pass_on(signed);
    }
}

/// Votes for one solution before half of the others, and for another one before the rest.
pub(super) fn split(member: &mut ByzantineMember, signed: Signed) {
    let Some(second) = second_vote(member, &signed.message) else {
        return member.pass_on(signed);
    };
    let (peers, me) = (member.peers.len(), member.me);
    let mut near: Vec<usize> = (0..peers).filter(|peer| member.peers[*peer] != me).collect();
    let far = near.split_off(near.len() / 2);
    member.send_to(signed.message, Some(near));
    member.send_to(second, Some(far));
}

/// Returns the same vote for another solution; `None` if it is not a yes.
fn second_vote(member: &mut ByzantineMember, message: &Message) -> Option<Message> {
    let Message::Vote { peer, transaction, seed, approve: true, cause } = message else {
        return None;
    };
    let (peer, transaction, cause) = (*peer, *transaction, *cause);
    let seed = other_seed(member, cause, seed);
    Some(Message::Vote { peer, transaction, seed, approve: true, cause })
}

/// Returns another solution, the same each time, so that the member does not contradict itself.
fn other_seed(member: &ByzantineMember, cause: Option<Cause>, seed: &Seed) -> Seed {
    let found = cause.and_then(|cause| {
        let from = seed.as_str().parse::<u64>().ok()?.checked_add(1)?;
        member.solution_from(cause.difficulty, from)
    });
    found.unwrap_or_else(|| seed.clone())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;
    use std::time::Duration;

    use althing_engine::Recipient;
    use althing_engine::rounds::{
        Counting, Customs, Decision, Election, ElectionEvery, Issuing, Rules, Signatures,
        StartsDigest, Tie, Timeouts, Unsigned,
    };
    use althing_pow::{Puzzle, Zeros};
    use althing_types::{Difficulty, PeerId, Term, Transaction};
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::Byzantine;
    use crate::rounds::Role;

    fn bits(bits: u64) -> Difficulty {
        Difficulty::from_bits(bits).expect("in range")
    }

    /// Returns a member of three that votes twice, with solutions of up to so many bits.
    fn member(puzzle: Puzzle, bits_max: u16) -> ByzantineMember {
        let rules = Rules {
            peers: NonZeroU16::new(3).expect("three is not zero"),
            election: Election::highest(255, Tie::SmallestId),
            election_every: ElectionEvery::Once,
            decision: Decision::Majority,
            counting: Counting::Members,
            puzzle,
            challenges: bits(1)..=bits(20),
            issuing: Issuing::AtOnce,
            signatures: Signatures::None,
            timeouts: Timeouts::default(),
            pause: Duration::ZERO,
            turn: Duration::ZERO,
            rounds: None,
            customs: Customs::default(),
        };
        let peers: Vec<PeerId> = (1..=3).map(PeerId::new).collect();
        let (me, rng) = (peers[0], ChaCha8Rng::seed_from_u64(7));
        ByzantineMember::new(Role::VotesTwice, me, Box::new(Unsigned), rules, peers, bits_max, rng)
    }

    /// Returns the seeds for which such a member votes when an honest one votes for one.
    fn voted(member: &mut ByzantineMember, difficulty: Difficulty) -> Vec<String> {
        let (peer, winner) = (PeerId::new(1), PeerId::new(2));
        let (term, starts) = (Term::FIRST, StartsDigest(0));
        let message = Message::Vote {
            peer,
            transaction: Transaction::FIRST,
            seed: Seed::from(0),
            approve: true,
            cause: Some(Cause { term, difficulty, winner, starts }),
        };
        let sent = member.send(Recipient::All, Signed { message, signature: None });
        let seeds = sent.into_iter().map(|sending| match sending.message.message {
            Message::Vote { seed, .. } => seed.as_str().to_owned(),
            other => panic!("{other:?}"),
        });
        seeds.collect()
    }

    #[test]
    fn a_second_solution_is_looked_for_only_if_it_takes_no_longer_than_it_may() {
        let (of_bits, zeros) = (Puzzle::SHA1_INTEGER, Zeros::HexDigits);
        let of_digits = Puzzle { zeros, ..Puzzle::SHA1 };
        for (puzzle, difficulty, bits_max, has_another) in [
            (&of_bits, bits(5), 5, true),
            (&of_bits, bits(6), 5, false),
            (&of_bits, Difficulty::MAX, 16, false),
            (&of_digits, bits(2), 8, true),
            (&of_digits, bits(2), 7, false),
        ] {
            let mut member = member(puzzle.clone(), bits_max);
            let seeds = voted(&mut member, difficulty);
            assert_eq!(seeds.len(), 2);
            assert_eq!(seeds[0] != seeds[1], has_another, "{difficulty:?} of {bits_max}");
        }
    }
}
