//! A peer that has all rows leaves: after a while, or as soon as no other member needs it.

use std::time::Duration;

use althing_engine::rounds::{
    Cause, Counting, ElectionState, Event, Input, Message, Output, Promise, Recovered, Rounds,
    Rules, StartsDigest, State, Timer,
};
use althing_types::{Seed, Term, Transaction};

use crate::common::{bits, events, handle, hear, id, member, recovered, rules, said};

/// Rules for three peers and one row.
fn one_row() -> Rules {
    Rules { rounds: Some(Transaction::new(1)), ..rules(3) }
}

fn yes(peer: usize) -> Message {
    let cause = Some(Cause {
        term: Term::FIRST,
        difficulty: bits(1),
        winner: id(1),
        starts: StartsDigest(0),
    });
    let (transaction, seed) = (Transaction::FIRST, Seed::from(6));
    Message::Vote { peer: id(peer), transaction, seed, approve: true, cause }
}

/// Returns when the peer says that it will leave, if it does.
fn leaves_after(outputs: &[Output]) -> Option<Duration> {
    outputs.iter().find_map(|output| match output {
        Output::SetTimer { after, timer: Timer::Leave } => Some(*after),
        _ => None,
    })
}

fn has_left(outputs: &[Output]) -> bool {
    outputs.contains(&Output::Leave)
}

/// Returns a peer that has just recorded the last row with the votes of the two others.
fn complete() -> (Rounds, Vec<Output>) {
    let mut engine = member(one_row(), id(0), recovered(3, State::default()));
    let mut outputs = handle(&mut engine, Input::Start);
    outputs.extend(hear(&mut engine, yes(1)));
    assert_eq!(leaves_after(&outputs), None);
    outputs.extend(hear(&mut engine, yes(2)));
    assert!(events(&outputs).any(|event| matches!(event, Event::RoundDecided(_))));
    (engine, outputs)
}

#[test]
fn it_stays_five_seconds_after_the_last_row() {
    let (mut engine, outputs) = complete();
    assert_eq!(leaves_after(&outputs), Some(Duration::from_secs(5)));
    assert!(!has_left(&outputs));
    assert_eq!(handle(&mut engine, Input::Timer(Timer::Leave)), [Output::Leave]);
}

#[test]
fn it_leaves_at_once_when_all_others_are_known_to_have_the_last_row() {
    let (mut engine, outputs) = complete();
    let members = said(&outputs).find_map(|message| match message {
        Message::Election { state, .. } => state.as_ref().map(|state| state.members),
        _ => None,
    });
    let members = members.expect("it says with whom it counts");
    // A member that has the row says so when it stands for election.
    let has_all = |peer: usize| {
        let promise = Promise { leader: id(1), transaction: Transaction::new(1), accepted: None };
        let state = Some(ElectionState {
            term: Term::FIRST,
            members,
            promise: Some(promise),
            starts: StartsDigest(0),
        });
        Message::Election { peer: id(peer), draw: 9, state }
    };
    assert!(!has_left(&hear(&mut engine, has_all(1))));
    let outputs = hear(&mut engine, has_all(2));
    let last = [Output::Event(Event::AllRecorded), Output::Leave];
    assert!(outputs.windows(2).any(|two| *two == last), "{outputs:?}");
    assert!(!has_left(&hear(&mut engine, has_all(2))), "it leaves once");
}

#[test]
fn it_stays_where_no_number_of_rows_was_asked_for() {
    let mut engine =
        member(Rules { rounds: None, ..rules(3) }, id(0), recovered(3, State::default()));
    let _ = handle(&mut engine, Input::Start);
    let outputs: Vec<Output> =
        [1, 2].into_iter().flat_map(|peer| hear(&mut engine, yes(peer))).collect();
    assert!(events(&outputs).any(|event| matches!(event, Event::RoundDecided(_))));
    assert_eq!((leaves_after(&outputs), has_left(&outputs)), (None, false));
}

#[test]
fn one_that_finds_all_rows_on_its_disk_leaves_after_five_seconds() {
    let complete = Recovered { log: 0..1, ..recovered(3, State::default()) };
    let mut engine = member(one_row(), id(0), complete.clone());
    let outputs = handle(&mut engine, Input::Start);
    assert_eq!(leaves_after(&outputs), Some(Duration::from_secs(5)));
    assert!(!has_left(&outputs));
    assert_eq!(handle(&mut engine, Input::Timer(Timer::Leave)), [Output::Leave]);

    // Where messages are counted as they arrive, these are rows of another session.
    let rules = Rules { counting: Counting::Arrivals, ..one_row() };
    let mut engine = member(rules, id(0), complete);
    assert_eq!(leaves_after(&handle(&mut engine, Input::Start)), None);
}
