//! How a member can misuse challenges and elections.

use althing_engine::rounds::{Cause, Draw, ElectionState, Message, Promise, Signed, StartsDigest};
use althing_types::{Difficulty, Seed};

use super::ByzantineMember;

/// Draws the highest number that the rules allow, and claims the lead.
pub(super) fn claim(member: &mut ByzantineMember, signed: Signed) {
    let Message::Election { peer, state, .. } = signed.message else {
        return member.pass_on(signed);
    };
    let draw = match member.rules.election.draw {
        Draw::Number { max, .. } | Draw::NumberThenMember { max, .. } => max,
        Draw::Member => member.me.number(),
    };
    let leader = member.me;
    let state = state.map(|ElectionState { term, members, promise, starts }| {
        let promise = promise.map(|promise| Promise { leader, ..promise });
        ElectionState { term, members, promise, starts }
    });
    member.send_signed(Message::Election { peer, draw, state });
}

/// Asks for as many bits as a digest has.
pub(super) fn ask_too_much(member: &mut ByzantineMember, signed: Signed) {
    match signed.message {
        Message::Challenge { peer, place, .. } => {
            member.send_signed(Message::Challenge { peer, difficulty: Difficulty::MAX, place });
        }
        _ => member.pass_on(signed),
    }
}

/// Asks for a solution whenever the leader does, and proposes one of its own.
pub(super) fn ask_too(member: &mut ByzantineMember, message: &Message) {
    let Message::Challenge { difficulty, place: Some(place), .. } = message else {
        return;
    };
    if member.leads() {
        return;
    }
    let (peer, difficulty, place) = (member.me, *difficulty, *place);
    member.send_signed(Message::Challenge { peer, difficulty, place: Some(place) });
    let none = Seed::from(0);
    if let Some(seed) = member.another_solution(difficulty, &none) {
        let transaction = place.transaction;
        let cause =
            Some(Cause { term: place.term, difficulty, winner: peer, starts: StartsDigest(0) });
        member.send_signed(Message::Vote { peer, transaction, seed, approve: true, cause });
    }
}
