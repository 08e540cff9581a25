//! A peer that learns of a row before it knows for certain who the members are.

use althing_engine::rounds::{
    Cause, Durable, Identity, Input, Message, Output, Recovered, Rounds, Sealed, Seat, Unsigned,
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

fn announcement_of(peer: PeerId, roster: &[PeerId]) -> Message {
    let roster = Some(roster.iter().map(|peer| (*peer, None)).collect());
    Message::Announcement { peer, key: None, roster }
}

fn durables(outputs: &[Output]) -> Vec<&Durable> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Persist(durable) => Some(durable),
            _ => None,
        })
        .collect()
}

/// Found by simulation: it counted with two members and one who was none, recorded what the two
/// had decided with a fourth, and was bound for ever to a network of its own (rules G4 and R1).
#[test]
fn a_row_is_recorded_among_those_who_decided_it_and_no_others() {
    let (seat, entropy) = (Seat::Member, [7; 32]);
    let identity = Identity { id: id(3), seat, entropy, authenticator: Box::new(Unsigned) };
    let mut engine = Rounds::new(rules(3), identity, Recovered::default());
    engine.handle(Moment::START, Input::Start, &mut Vec::new());
    for peer in [id(1), id(2)] {
        hear(&mut engine, announcement(peer));
    }
    for peer in [id(1), id(2)] {
        assert_eq!(durables(&hear(&mut engine, yes(peer))), Vec::<&Durable>::new());
    }

    let members = [id(0), id(1), id(2)];
    hear(&mut engine, announcement(id(0)));
    let words = members.map(|peer| announcement_of(peer, &members));
    let votes = [id(1), id(2)].map(yes);
    let outputs: Vec<Output> =
        words.into_iter().chain(votes).flat_map(|word| hear(&mut engine, word)).collect();
    let durables = durables(&outputs);
    let [Durable::Roster(roster), Durable::Record(row)] = durables.as_slice() else {
        panic!("{durables:?}")
    };
    assert_eq!(*roster, members.map(|peer| (peer, None)));
    assert_eq!(row.record.transaction, Transaction::FIRST);
}
