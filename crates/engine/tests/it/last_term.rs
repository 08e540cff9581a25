//! There is a last term, and a member may say that it is there.

use std::time::Duration;

use althing_engine::Engine;
use althing_engine::rounds::{Input, Message, Promised, State, Timer};
use althing_types::{Moment, Term};

use crate::common::{id, member, recovered, rules, said};

/// Found by fuzzing: there is no term after the last, so a peer that asked for one after a restart
/// drew again for the same (rule E2), and failed an assertion of its own.
#[test]
fn in_the_last_term_nobody_draws_again() {
    let promised = Promised { term: Term::new(u64::MAX), draw: 1000, leader: id(1) };
    let state = State { promised: Some(promised), ..State::default() };
    let mut engine = member(rules(2), id(0), recovered(2, state));

    // Its leader says nothing, each time it looks.
    let mut outputs = Vec::new();
    engine.handle(Moment::START, Input::Start, &mut outputs);
    for seconds in [10, 20, 30] {
        let now = Moment::START + Duration::from_secs(seconds);
        engine.handle(now, Input::Timer(Timer::Repeat), &mut outputs);
    }
    let draws = said(&outputs).filter_map(|message| match message {
        Message::Election { draw, .. } => Some(*draw),
        _ => None,
    });
    let mut draws: Vec<u128> = draws.collect();
    draws.dedup();
    assert_eq!(draws, [1000]);
}
