//! A peer that learns of a row before it has named anybody is bound by it all the same.

use althing_engine::rounds::{
    Cause, Durable, Identity, Input, Message, Output, Recovered, Rounds, Sealed, Seat, Timer,
    Unsigned,
};
use althing_types::{Moment, PeerId, Seed, Term, Transaction};

use crate::lockstep::{bits, id, rules};

fn hear(engine: &mut Rounds, message: Message) -> Vec<Output> {
    let mut outputs = Vec::new();
    let input = Input::Message(Sealed { message, seal: None });
    engine.handle(Moment::START, input, &mut outputs);
    outputs
}

fn announcement(peer: PeerId) -> Message {
    Message::Announcement { peer, key: None, roster: None }
}

fn yes(peer: PeerId) -> Message {
    let cause = Some(Cause { term: Term::FIRST, difficulty: bits(1), winner: id(1) });
    let (transaction, seed) = (Transaction::FIRST, Seed::from(6));
    Message::Vote { peer, transaction, seed, approve: true, cause }
}

/// Found by fuzzing: the row was on disk and the roster was not, so that after a crash it could not
/// be checked, and the next rows might have been counted among others (rules G4 and R1).
#[test]
fn a_row_is_never_on_disk_without_those_who_decided_it() {
    let (seat, entropy) = (Seat::Member, [7; 32]);
    let identity = Identity { id: id(3), seat, entropy, authenticator: Box::new(Unsigned) };
    let mut engine = Rounds::new(rules(3), identity, Recovered::default());
    engine.handle(Moment::START, Input::Start, &mut Vec::new());
    for peer in [id(1), id(2)] {
        hear(&mut engine, announcement(peer));
    }
    let outputs: Vec<Output> =
        [id(1), id(2)].into_iter().flat_map(|peer| hear(&mut engine, yes(peer))).collect();
    let durables: Vec<&Durable> = outputs
        .iter()
        .filter_map(|output| match output {
            Output::Persist(durable) => Some(durable),
            _ => None,
        })
        .collect();
    let [Durable::Roster(roster), Durable::Record(row)] = durables.as_slice() else {
        panic!("{durables:?}")
    };
    assert_eq!(*roster, [id(1), id(2), id(3)].map(|peer| (peer, None)));
    assert_eq!(row.record.transaction, Transaction::FIRST);

    // A smaller id comes too late: before, it would have begun an election among others.
    let outputs = hear(&mut engine, announcement(id(0)));
    let begins_term =
        |output: &Output| matches!(output, Output::SetTimer { timer: Timer::DrawsOver(_), .. });
    assert!(!outputs.iter().any(begins_term), "{outputs:?}");
}
