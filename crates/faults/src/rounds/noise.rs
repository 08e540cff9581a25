//! Useless messages that a member can send.

use althing_engine::rounds::{Cause, Message, Signed, StartsDigest};
use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};
use rand::RngExt;

use super::ByzantineMember;

/// Pieces of nonsense for each message that makes sense.
const FLOOD: usize = 4;

/// Old messages repeated for each new one.
const REPLAYS: usize = 3;

/// Replaces solutions by one that solves nothing: its digest begins with a one.
pub(super) fn spoil_solution(member: &mut ByzantineMember, signed: Signed) {
    match signed.message {
        Message::Solution { peer, transaction, .. } => {
            member.send_signed(Message::Solution { peer, transaction, seed: Seed::from(0) });
        }
        _ => member.pass_on(signed),
    }
}

/// Announces itself, since the others would not wait for it otherwise.
pub(super) fn say_only_here(member: &mut ByzantineMember, signed: Signed) {
    if matches!(signed.message, Message::Announcement { .. }) {
        member.pass_on(signed);
    }
}

/// Says what it has to say as a published program would: without keys, terms and signatures.
pub(super) fn say_plainly(member: &mut ByzantineMember, signed: Signed) {
    // Its program has no other kinds.
    if !matches!(
        signed.message,
        Message::Name { .. }
            | Message::Request { .. }
            | Message::Certificate { .. }
            | Message::Confirmation { .. }
    ) {
        member.pass_on(Signed { message: signed.message.plain(), signature: None });
    }
}

/// Repeats some of what it has heard, signatures and all.
pub(super) fn replay(member: &mut ByzantineMember, signed: Signed) {
    member.pass_on(signed);
    for _ in 0..REPLAYS.min(member.memory.len()) {
        let index = member.rng.random_range(0..member.memory.len());
        let old = member.memory[index].clone();
        member.pass_on(old);
    }
}

/// Sends random messages, well formed and signed.
pub(super) fn flood(member: &mut ByzantineMember, signed: Signed) {
    member.pass_on(signed);
    let pieces = if member.settled { FLOOD } else { 0 };
    for _ in 0..pieces {
        let message = nonsense(member);
        member.send_signed(message);
    }
}

fn nonsense(member: &mut ByzantineMember) -> Message {
    let transaction = Transaction::new(member.rng.random_range(0..100));
    let term = Term::new(member.rng.random_range(0..1 << 40));
    let seed = Seed::from(member.rng.random_range(0..1 << 40));
    let stranger = PeerId::new(member.rng.random_range(0..1 << 60));
    let (peer, difficulty) = (member.me, Difficulty::MIN);
    match member.rng.random_range(0..6) {
        0 => Message::Announcement { peer: stranger, key: None, members: None, start: None },
        1 => Message::Solution { peer, transaction, seed },
        2 => {
            let cause = Some(Cause { term, difficulty, winner: peer, starts: StartsDigest(0) });
            Message::Vote { peer, transaction, seed, approve: member.rng.random(), cause }
        }
        3 => {
            let members = member.peers.iter().map(|peer| (*peer, None)).collect();
            Message::Announcement { peer, key: None, members: Some(members), start: None }
        }
        4 => Message::Request { peer: stranger, of: member.peers[0], from: Transaction::FIRST },
        _ => Message::Election { peer, draw: member.rng.random_range(0..256), state: None },
    }
}
