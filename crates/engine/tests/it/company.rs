//! Rules A8 and G7: a peer that was told another number of members, and an observer that comes when
//! all others are long settled.

use althing_engine::rounds::{
    Event, Identity, Input, Message, Past, Place, Recovered, Rounds, Seat, Signed, State, Timer,
    Unsigned, Waiting,
};
use althing_engine::{Engine, Origin};
use althing_types::{Moment, Term, Transaction};

use crate::common::{bits, events, handle, hear, id, member, recovered, rules, said};

/// Returns a member that has counted with the first `peers` peers before.
fn settled(peer: usize, peers: usize) -> Rounds {
    let rules = rules(u16::try_from(peers).expect("a few"));
    let mut peer = member(rules, id(peer), recovered(peers, State::default()));
    handle(&mut peer, Input::Start);
    peer
}

fn observer() -> Rounds {
    let (id, seat, entropy) = (id(9), Seat::Observer, [7; 32]);
    let (authenticator, solution_cache) = (Box::new(Unsigned), None);
    let identity = Identity { id, seat, past: Past::New, entropy, authenticator, solution_cache };
    let mut observer = Rounds::new(rules(3), identity, Recovered::default());
    assert_eq!(said(&handle(&mut observer, Input::Start)).count(), 0);
    observer
}

#[test]
fn an_observer_that_comes_late_asks_those_who_speak_and_learns_who_the_members_are() {
    let mut observer = observer();
    assert_eq!(said(&handle(&mut observer, Input::Timer(Timer::Repeat))).count(), 0);
    for peer in 0..3 {
        let place = Some(Place { transaction: Transaction::new(7), term: Term::FIRST });
        let challenge = Message::Challenge { peer: id(peer), difficulty: bits(3), place };
        assert_eq!(said(&hear(&mut observer, challenge)).count(), 0);
    }
    let out = handle(&mut observer, Input::Timer(Timer::Repeat));
    let questions: Vec<Message> = said(&out).cloned().collect();
    let from = Transaction::FIRST;
    let expected = (0..3).map(|of| Message::Request { peer: id(9), of: id(of), from });
    assert_eq!(questions, expected.collect::<Vec<_>>(), "it asks, and does not announce itself");
    for (peer, question) in questions.into_iter().enumerate() {
        let mut member = settled(peer, 3);
        let out = hear(&mut member, question);
        let names_all = |message: &&Message| match message {
            Message::Announcement { members, .. } => members.as_ref().map(Vec::len) == Some(3),
            _ => false,
        };
        let answer = said(&out).find(names_all).expect("it says who the members are").clone();
        hear(&mut observer, answer);
    }
    let status = observer.status();
    assert_eq!(status.members, [id(0), id(1), id(2)]);
}

#[test]
fn a_network_of_another_size_in_the_same_room_is_told_with_the_option_that_joins_it() {
    let mut peer = member(rules(3), id(9), Recovered::default());
    handle(&mut peer, Input::Start);
    let of = |size: usize| Message::Announcement {
        peer: id(0),
        key: None,
        members: Some((0..size).map(|peer| (id(peer), None)).collect()),
        start: None,
    };
    let told = |out: &[_]| {
        events(out).find_map(|event| match event {
            Event::NetworkOverheard { network, peers } => Some((network.clone(), *peers)),
            _ => None,
        })
    };
    assert_eq!(told(&hear(&mut peer, of(3))), None);
    let (network, peers) = told(&hear(&mut peer, of(2))).expect("it is of another size");
    assert_eq!((&*network.advice, peers), ("use --peers 2", 1));
    assert_eq!(told(&hear(&mut peer, of(2))), None, "it is told once");
}

/// Two peers are not the three that one of them was told to wait for. The other takes them for all
/// members, which never are settled.
#[test]
fn two_peers_that_were_told_different_numbers_say_what_is_wrong() {
    let announce =
        |peer| Message::Announcement { peer: id(peer), key: None, members: None, start: None };
    let mut of_two = member(rules(2), id(0), Recovered::default());
    let mut of_three = member(rules(3), id(1), Recovered::default());
    handle(&mut of_two, Input::Start);
    handle(&mut of_three, Input::Start);
    let out = hear(&mut of_two, announce(1));
    let draw = said(&out).find(|message| matches!(message, Message::Election { .. }));
    let draw = draw.expect("for two, these are all").clone();
    hear(&mut of_three, announce(0));
    let out = hear(&mut of_three, draw);
    let told = events(&out).find_map(|event| match event {
        Event::NetworkOverheard { network, .. } => Some(&*network.advice),
        _ => None,
    });
    assert_eq!(told, Some("use --peers 2"));

    let mut now = Moment::START;
    let mut out = Vec::new();
    while of_two.status().waiting.is_none() {
        let repeat = rules(2).timeouts.repeat;
        now = now + repeat;
        assert!(now - Moment::START < 20 * repeat, "it says what it waits for");
        // The other one is there, and goes on looking for a third.
        let message = Signed { message: announce(1), signature: None };
        of_two.handle(now, Input::Message { from: Origin::default(), message }, &mut out);
        of_two.handle(now, Input::Timer(Timer::Repeat), &mut out);
    }
    let waiting = Waiting::Adoption { adopted: 1, needed: 2, missing: vec![id(1)] };
    assert_eq!(of_two.status().waiting, Some(waiting.clone()));
    assert!(waiting.to_string().contains("--peers"), "{waiting}");
}
