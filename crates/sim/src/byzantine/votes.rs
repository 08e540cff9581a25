//! What a member can do with votes.

use althing_engine::rounds::{Cause, Message, Sealed};
use althing_types::Seed;

use super::Liar;
use crate::network::Audience;

/// Votes for a second solution as well; not as the leader, whose votes are proposals.
pub(super) fn twice(liar: &mut Liar, word: Sealed) {
    let second = if liar.leads() { None } else { second_vote(liar, &word.message) };
    liar.pass(word);
    if let Some(second) = second {
        liar.tell(second);
    }
}

/// Votes in the name of every other member, under its own seal.
pub(super) fn for_others(liar: &mut Liar, word: Sealed) {
    let message = word.message.clone();
    liar.pass(word);
    if let Message::Vote { transaction, seed, approve, cause, .. } = message {
        for peer in liar.others() {
            let seed = other_seed(liar, cause, &seed);
            liar.tell(Message::Vote { peer, transaction, seed, approve, cause });
        }
    }
}

pub(super) fn withhold(liar: &mut Liar, word: Sealed) {
    if !matches!(word.message, Message::Vote { .. }) {
        liar.pass(word);
    }
}

/// Votes for one solution before half of the others, and for another one before the rest.
pub(super) fn split(liar: &mut Liar, word: Sealed) {
    let Some(second) = second_vote(liar, &word.message) else {
        return liar.pass(word);
    };
    let (peers, me) = (liar.peers.len(), liar.me);
    let mut near: Vec<usize> = (0..peers).filter(|peer| liar.peers[*peer] != me).collect();
    let far = near.split_off(near.len() / 2);
    liar.tell_some(word.message, Audience::Some(near));
    liar.tell_some(second, Audience::Some(far));
}

/// Returns a vote as this one, for another solution; `None` if it is no yes.
fn second_vote(liar: &mut Liar, message: &Message) -> Option<Message> {
    let Message::Vote { peer, transaction, seed, approve: true, cause } = message else {
        return None;
    };
    let (peer, transaction, cause) = (*peer, *transaction, *cause);
    let seed = other_seed(liar, cause, seed);
    Some(Message::Vote { peer, transaction, seed, approve: true, cause })
}

/// Returns the same other solution each time, so that the lie is a steady one.
fn other_seed(liar: &mut Liar, cause: Option<Cause>, seed: &Seed) -> Seed {
    let found = cause.and_then(|cause| {
        let from = seed.as_str().parse::<u64>().ok()?.checked_add(1)?;
        crate::mining::solution(liar.rules.puzzle, cause.difficulty, from)
    });
    found.unwrap_or_else(|| seed.clone())
}
