//! What a peer of a network with rounds answers when it is asked for its status.

use althing_engine::Engine;
use althing_engine::rounds::{
    Counting, Input, Message, Output, Recovered, Rules, Status, Timer, Waiting,
};
use althing_types::{Term, Transaction};

use crate::common::{bits, handle, hear, id, member, rules, said};

fn nothing() -> Status {
    Status {
        rows: 0,
        members: Vec::new(),
        keys: Vec::new(),
        names: Vec::new(),
        silent: Vec::new(),
        term: Term::FIRST,
        leader: None,
        challenge: None,
        copied: false,
        equivocating: Vec::new(),
        waiting: None,
    }
}

#[test]
fn a_newcomer_waits_for_the_others() {
    let mut engine = member(rules(3), id(0), Recovered::default());
    assert_eq!(engine.status(), nothing());
    let _ = handle(&mut engine, Input::Start);
    let _ = handle(&mut engine, Input::Timer(Timer::Repeat));
    let waiting = Some(Waiting::Peers { known: 1, needed: 3 });
    assert_eq!(engine.status(), Status { waiting, ..nothing() });
}

#[test]
fn a_leader_tells_of_its_members_and_its_challenge() {
    let rules = Rules { challenges: bits(3)..=bits(3), ..rules(1) };
    let mut engine = member(rules, id(0), Recovered::default());
    let outputs = handle(&mut engine, Input::Start);
    let open =
        Status { members: vec![id(0)], leader: Some(id(0)), challenge: Some(bits(3)), ..nothing() };
    assert_eq!(engine.status(), open);
    let search = outputs.iter().find_map(|output| match output {
        Output::Search { id, .. } => Some(*id),
        _ => None,
    });
    let search = search.expect("it mines its own challenge");
    let puzzle = althing_pow::Puzzle::SHA1_INTEGER;
    let mut candidates = (0..).map(althing_types::Seed::from);
    let solution = candidates.find(|seed| puzzle.check(seed, Transaction::FIRST, bits(3)).is_ok());
    let solution = solution.expect("three bits are few");
    let _ = handle(&mut engine, Input::Solved { search, solution });
    assert_eq!(engine.status(), Status { rows: 1, ..open });
}

#[test]
fn one_that_counts_arrivals_tells_of_the_open_row() {
    let counting = Counting::Arrivals;
    let rules = Rules { counting, challenges: bits(3)..=bits(3), ..rules(1) };
    let mut engine = member(rules, id(0), Recovered::default());
    assert_eq!(engine.status(), nothing());
    // There its own messages come back to it like those of others.
    let mut outputs = handle(&mut engine, Input::Start);
    for _ in 0..3 {
        let messages: Vec<Message> = said(&outputs).cloned().collect();
        outputs = messages.into_iter().flat_map(|message| hear(&mut engine, message)).collect();
    }
    let open =
        Status { members: vec![id(0)], leader: Some(id(0)), challenge: Some(bits(3)), ..nothing() };
    assert_eq!(engine.status(), open);
}
