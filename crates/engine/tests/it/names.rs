//! What a peer makes of what others are called (rule G8).

use althing_engine::rounds::{
    Counting, Durable, Event, Input, Message, Output, OwnStart, Recovered, Refusal, Rounds, Rules,
    State,
};
use althing_engine::{Engine, Queue};

use crate::common::{durables, events, handle, hear, id, member, recovered, rules, said};

fn name(peer: usize, name: &str) -> Message {
    Message::Name { peer: id(peer), name: name.parse().expect("it is a name") }
}

fn announcement(peer: usize) -> Message {
    Message::Announcement { peer: id(peer), key: None, members: None, start: None }
}

fn known(peer: &Rounds) -> Vec<String> {
    peer.status().names.iter().map(|(_, name)| name.to_string()).collect()
}

fn refusals(outputs: &[Output]) -> Vec<&Refusal> {
    let refused = events(outputs).filter_map(|event| match event {
        Event::MessageRefused { reason, .. } => Some(reason),
        _ => None,
    });
    refused.collect()
}

fn names(peer: &Rounds) -> Queue {
    let mut found = None;
    peer.visit_queues(|queue| found = found.take().or((queue.name == "names").then_some(queue)));
    found.expect("it has names")
}

#[test]
fn a_peer_says_its_name_when_it_starts_and_keeps_it_on_disk_before() {
    let mut peer = member(rules(3), id(0), Recovered::default());
    assert!(!said(&handle(&mut peer.clone(), Input::Start)).any(|it| *it == name(0, "ann")));
    peer = peer.called("ann".parse().ok());
    let out = handle(&mut peer, Input::Start);
    assert_eq!(said(&out).filter(|it| **it == name(0, "ann")).count(), 1);
    let ann = "ann".parse().expect("it is a name");
    assert!(durables(&out).contains(&&Durable::Named(id(0), ann)));
    // Our own word comes back to us, and is no news.
    assert_eq!(hear(&mut peer, name(0, "ann")), []);
    let others = said(&hear(&mut peer, announcement(1))).cloned().collect::<Vec<_>>();
    assert!(others.contains(&name(0, "ann")), "a newcomer is told: {others:?}");
}

#[test]
fn a_name_counts_once_its_peer_is_known_and_may_change_a_few_times() {
    let mut peer = member(rules(3), id(0), Recovered::default());
    handle(&mut peer, Input::Start);
    assert_eq!(hear(&mut peer, name(1, "bob")), [], "it has not announced itself");
    hear(&mut peer, announcement(1));
    let out = hear(&mut peer, name(1, "bob"));
    let bob = "bob".parse::<althing_text::Name>().expect("it is a name");
    assert_eq!(durables(&out), [&Durable::Named(id(1), bob.clone())]);
    let told = Event::PeerNamed { peer: id(1), name: bob };
    assert_eq!(events(&out).collect::<Vec<_>>(), [&told]);
    assert_eq!(hear(&mut peer, name(1, "bob")), [], "it is no news");
    for number in 1..=4 {
        hear(&mut peer, name(1, &format!("bob {number}")));
        assert_eq!(known(&peer), [format!("bob {number}")]);
    }
    let out = hear(&mut peer, name(1, "bob 5"));
    assert_eq!(refusals(&out), [&Refusal::TooManyNames]);
    assert_eq!(known(&peer), ["bob 4"]);
}

/// Puts on disk what a peer wants to keep.
fn keep(disk: &mut Recovered, outputs: &[Output]) {
    for durable in durables(outputs) {
        disk.apply(durable).expect("no row is missing");
    }
}

#[test]
fn names_of_any_number_of_strangers_take_bounded_room_and_not_that_of_members() {
    let mut disk = recovered(3, State::default());
    for life in 1..4 {
        let own = format!("ann {life}");
        let mut peer = member(rules(3), id(0), disk.clone()).called(own.parse().ok());
        keep(&mut disk, &handle(&mut peer, Input::Start));
        for stranger in (0..1000).map(|number| 1000 * life + number) {
            keep(&mut disk, &hear(&mut peer, announcement(stranger)));
            keep(&mut disk, &hear(&mut peer, name(stranger, "x")));
            let Queue { len, max, .. } = names(&peer);
            assert!(len <= max, "{len} of {max}");
            assert_eq!(disk.state.names.len(), len);
        }
        assert!(names(&peer).len > 10);
        let (bob, carol) = (format!("bob {life}"), format!("carol {life}"));
        keep(&mut disk, &hear(&mut peer, name(1, &bob)));
        keep(&mut disk, &hear(&mut peer, name(2, &carol)));
        assert_eq!(known(&peer)[..3], [own, bob, carol]);
        assert_eq!(disk.state.names.len(), names(&peer).len);
    }
}

#[test]
fn names_from_before_a_restart_are_told_at_its_start() {
    let mut disk = Recovered::default();
    let bob: althing_text::Name = "bob".parse().expect("it is a name");
    assert_eq!(disk.apply(&Durable::Named(id(1), bob.clone())), Ok(None));
    let State { names, .. } = &disk.state;
    assert_eq!(names.get(&id(1)), Some(&bob));
    let mut peer = member(rules(3), id(0), disk);
    let out = handle(&mut peer, Input::Start);
    let told = Event::PeerNamed { peer: id(1), name: bob };
    assert!(events(&out).any(|event| *event == told));
}

#[test]
fn a_peer_that_has_heard_a_copy_of_itself_does_not_say_its_name() {
    for copied in [false, true] {
        let state = State { start: OwnStart { number: 2, copied }, ..State::default() };
        let disk = Recovered { state, ..Recovered::default() };
        let mut peer = member(rules(3), id(0), disk).called("ann".parse().ok());
        let mut out = handle(&mut peer, Input::Start);
        out.extend(hear(&mut peer, announcement(1)));
        let says_name = said(&out).any(|message| *message == name(0, "ann"));
        assert_eq!(says_name, !copied);
    }
}

#[test]
fn a_peer_that_counts_as_programs_do_has_no_name_and_hears_none() {
    let rules = Rules { counting: Counting::Arrivals, ..rules(3) };
    let mut peer = member(rules, id(0), Recovered::default()).called("ann".parse().ok());
    let out = handle(&mut peer, Input::Start);
    assert!(!said(&out).any(|message| matches!(message, Message::Name { .. })));
    hear(&mut peer, announcement(1));
    let out = hear(&mut peer, name(1, "bob"));
    assert_eq!(refusals(&out), [&Refusal::Unexpected]);
    assert!(known(&peer).is_empty());
}
