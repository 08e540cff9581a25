//! A leader asks the members what they have said yes to, and one of them lies.

use althing_engine::rounds::{
    Accepted, ElectionState, Input, Message, Promise, Promised, Record, StartsDigest, State,
};
use althing_types::{Seed, Term, Transaction};

use crate::common::{bits, handle, hear, id, member, recovered, rules, said};

fn record(seed: u64) -> Record {
    let (transaction, difficulty) = (Transaction::FIRST, bits(1));
    Record { transaction, difficulty, seed: Seed::from(seed), winner: id(1) }
}

/// Returns the seeds that a leader says yes to, which has said yes to `accepted` in this term and
/// was killed, and then is told of `told`.
fn votes(accepted: Option<Accepted>, told: Accepted) -> Vec<Seed> {
    let term = Term::FIRST;
    let promised = Some(Promised { term, draw: 9, leader: id(0) });
    let state = State { promised, accepted, ..State::default() };
    let mut engine = member(rules(3), id(0), recovered(3, state));
    let mut outputs = handle(&mut engine, Input::Start);
    let members = said(&outputs).find_map(|message| match message {
        Message::Election { state, .. } => state.as_ref().map(|state| state.members),
        _ => None,
    });
    let members = members.expect("after a restart it says whom it follows");
    let promise = Promise { leader: id(0), transaction: Transaction::FIRST, accepted: Some(told) };
    let state =
        Some(ElectionState { term, members, promise: Some(promise), starts: StartsDigest(0) });
    let message = Message::Election { peer: id(1), draw: 5, state };
    outputs.extend(hear(&mut engine, message));
    let votes = said(&outputs).filter_map(|message| match message {
        Message::Vote { seed, .. } => Some(seed.clone()),
        _ => None,
    });
    votes.collect()
}

/// Found by fuzzing: a yes in a later term than there was made a leader propose a second solution
/// in its own (rules C2 and V2).
#[test]
fn a_leader_keeps_to_what_it_has_proposed_whatever_it_is_told() {
    let accepted = Accepted { term: Term::FIRST, record: record(6) };
    let told = Accepted { term: Term::new(1), record: record(7) };
    let votes = votes(Some(accepted), told);
    assert!(!votes.is_empty() && votes.iter().all(|seed| *seed == Seed::from(6)), "{votes:?}");
}

#[test]
fn a_leader_does_not_propose_what_is_no_solution_because_it_is_told_so() {
    let told = Accepted { term: Term::FIRST, record: record(0) };
    assert_eq!(votes(None, told), []);
}
