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
        for peer in member.others() {
            let seed = other_seed(member, cause, &seed);
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
fn other_seed(member: &mut ByzantineMember, cause: Option<Cause>, seed: &Seed) -> Seed {
    let found = cause.and_then(|cause| {
        let from = seed.as_str().parse::<u64>().ok()?.checked_add(1)?;
        member.solution_from(cause.difficulty, from)
    });
    found.unwrap_or_else(|| seed.clone())
}
