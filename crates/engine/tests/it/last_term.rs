//! There is a last term, and a member may say that it is there.

use std::time::Duration;

use althing_engine::rounds::{
    Identity, Input, Message, Output, Promise, Recovered, Rounds, Sealed, Seat, Timer, Unsigned,
};
use althing_types::{Moment, Term, Transaction};

use crate::lockstep::{id, rules};

/// Found by fuzzing: there is no term after the last, so a peer that asked for one after a restart
/// drew again for the same (rule E2), and failed an assertion of its own.
#[test]
fn in_the_last_term_nobody_draws_again() {
    let promise = Promise { term: Term::new(u64::MAX), draw: 1000, leader: id(1) };
    let recovered = Recovered {
        roster: Some(vec![(id(0), None), (id(1), None)]),
        promise: Some(promise),
        accepted: None,
        next: Transaction::FIRST,
    };
    let (seat, entropy) = (Seat::Member, [7; 32]);
    let identity = Identity { id: id(0), seat, entropy, authenticator: Box::new(Unsigned) };
    let mut engine = Rounds::new(rules(2), identity, recovered);

    // Its leader says nothing, each time it looks.
    let mut outputs = Vec::new();
    engine.handle(Moment::START, Input::Start, &mut outputs);
    for seconds in [10, 20, 30] {
        let now = Moment::START + Duration::from_secs(seconds);
        engine.handle(now, Input::Timer(Timer::Repeat), &mut outputs);
    }
    let said = outputs.iter().filter_map(|output| match output {
        Output::Broadcast(Sealed { message: Message::Election { draw, .. }, .. }) => Some(*draw),
        _ => None,
    });
    let mut draws: Vec<u128> = said.collect();
    draws.dedup();
    assert_eq!(draws, [1000]);
}
