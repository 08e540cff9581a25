//! What a member can say that is of no use.

use althing_engine::rounds::{Cause, Message, Sealed};
use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};
use rand::RngExt;

use super::Liar;

/// Nonsense for each word that makes sense.
const FLOOD: usize = 4;

/// Old messages repeated for each new one.
const REPLAYS: usize = 3;

/// Replaces solutions by what is none: the digest of nothing begins with a one.
pub(super) fn spoil_solution(liar: &mut Liar, word: Sealed) {
    match word.message {
        Message::Solution { peer, transaction, .. } => {
            liar.tell(Message::Solution { peer, transaction, seed: Seed::from(0) });
        }
        _ => liar.pass(word),
    }
}

/// Says that it is here, since nobody would wait for it otherwise.
pub(super) fn say_only_here(liar: &mut Liar, word: Sealed) {
    if matches!(word.message, Message::Announcement { .. }) {
        liar.pass(word);
    }
}

/// Repeats some of what it has heard, seals and all.
pub(super) fn replay(liar: &mut Liar, word: Sealed) {
    liar.pass(word);
    for _ in 0..REPLAYS.min(liar.memory.len()) {
        let index = liar.rng.random_range(0..liar.memory.len());
        let old = liar.memory[index].clone();
        liar.pass(old);
    }
}

/// Says whatever comes to mind, well formed and sealed.
pub(super) fn flood(liar: &mut Liar, word: Sealed) {
    liar.pass(word);
    let pieces = if liar.settled { FLOOD } else { 0 };
    for _ in 0..pieces {
        let message = nonsense(liar);
        liar.tell(message);
    }
}

fn nonsense(liar: &mut Liar) -> Message {
    let transaction = Transaction::new(liar.rng.random_range(0..100));
    let term = Term::new(liar.rng.random_range(0..1 << 40));
    let seed = Seed::from(liar.rng.random_range(0..1 << 40));
    let stranger = PeerId::new(liar.rng.random_range(0..1 << 60));
    let (peer, difficulty) = (liar.me, Difficulty::MIN);
    match liar.rng.random_range(0..6) {
        0 => Message::Announcement { peer: stranger, key: None, roster: None },
        1 => Message::Solution { peer, transaction, seed },
        2 => {
            let cause = Some(Cause { term, difficulty, winner: peer });
            Message::Vote { peer, transaction, seed, approve: liar.rng.random(), cause }
        }
        3 => {
            let members = liar.peers.iter().map(|peer| (*peer, None)).collect();
            Message::Announcement { peer, key: None, roster: Some(members) }
        }
        4 => Message::Request { peer: stranger, of: liar.peers[0], from: Transaction::FIRST },
        _ => Message::Election { peer, draw: liar.rng.random_range(0..256), standing: None },
    }
}
