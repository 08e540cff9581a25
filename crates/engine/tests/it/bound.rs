//! A peer that learns of a row before it knows for certain who the members are.

use althing_engine::rounds::{Cause, Durable, Input, Message, Output, Recovered, StartsDigest};
use althing_types::{PeerId, Seed, Term, Transaction};

use crate::common::{bits, durables, handle, hear, id, member, rules};

fn announcement(peer: PeerId) -> Message {
    Message::Announcement { peer, key: None, members: None, start: None }
}

fn yes(peer: PeerId) -> Message {
    let cause = Some(Cause {
        term: Term::FIRST,
        difficulty: bits(1),
        winner: id(1),
        starts: StartsDigest(0),
    });
    let (transaction, seed) = (Transaction::FIRST, Seed::from(6));
    Message::Vote { peer, transaction, seed, approve: true, cause }
}

fn announcement_of(peer: PeerId, members: &[PeerId]) -> Message {
    let members = Some(members.iter().map(|peer| (*peer, None)).collect());
    Message::Announcement { peer, key: None, members, start: None }
}

/// Found by simulation: it counted with two members and one who was none, recorded what the two
/// had decided with a fourth, and was bound for ever to a network of its own (rules G4 and R1).
#[test]
fn a_row_is_recorded_among_those_who_decided_it_and_no_others() {
    let mut engine = member(rules(3), id(3), Recovered::default());
    let _ = handle(&mut engine, Input::Start);
    for peer in [id(1), id(2)] {
        let _ = hear(&mut engine, announcement(peer));
    }
    for peer in [id(1), id(2)] {
        assert_eq!(durables(&hear(&mut engine, yes(peer))), Vec::<&Durable>::new());
    }

    let members = [id(0), id(1), id(2)];
    let _ = hear(&mut engine, announcement(id(0)));
    let words = members.map(|peer| announcement_of(peer, &members));
    let votes = [id(1), id(2)].map(yes);
    let outputs: Vec<Output> =
        words.into_iter().chain(votes).flat_map(|word| hear(&mut engine, word)).collect();
    let durables = durables(&outputs);
    let [Durable::Membership(settled), Durable::Record(row)] = durables.as_slice() else {
        panic!("{durables:?}")
    };
    assert_eq!(*settled, members.map(|peer| (peer, None)));
    assert_eq!(row.record.transaction, Transaction::FIRST);
}
