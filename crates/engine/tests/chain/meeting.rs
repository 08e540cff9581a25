//! Rules N1 to N8: whom a peer knows.

use std::time::Duration;

use althing_engine::nakamoto::{
    ANSWERS_MAX, Event, Gossip, Input, Message, Mining, Output, PEERS_MAX, Refusal,
};
use althing_types::{Address, Height};

use crate::common::{
    Peer, address, answer, by_height, events, label, new_chain, sent, whole_chain,
};

fn gossip(origin: u16, id: &str) -> Message {
    let (origin, name) = (address(origin), label("they"));
    Message::Gossip(Gossip { origin, name, id: label(id) })
}

#[test]
fn a_peer_says_that_it_is_here_to_its_contact_and_to_some_it_knows() {
    let mut peer = Peer::new(by_height(), Mining::Off);
    let out = peer.handle(Input::Start);
    let said: Vec<&Address> = sent(&out).map(|(to, _)| to).collect();
    assert_eq!(said, [&address(1)]);
    peer.meet(10..20);
    let out = peer.wait(Duration::from_secs(30));
    let gossips = sent(&out).filter(|(_, message)| matches!(message, Message::Gossip(_)));
    assert_eq!(gossips.count(), 4, "three of those it knows, and the contact");
}

#[test]
fn a_word_is_answered_to_its_origin_and_passed_on_once() {
    let mut peer = Peer::new(by_height(), Mining::Off);
    peer.meet(10..20);
    let out = peer.hear(10, gossip(30, "a"));
    let (replies, passed): (Vec<_>, Vec<_>) =
        sent(&out).partition(|(_, message)| matches!(message, Message::GossipReply { .. }));
    assert_eq!(replies.iter().map(|(to, _)| *to).collect::<Vec<_>>(), [&address(30)]);
    assert_eq!(passed.len(), 3);
    assert!(passed.iter().all(|(to, _)| ![address(10), address(30)].contains(to)));
    assert_eq!(sent(&peer.hear(11, gossip(30, "a"))).count(), 0);
    // Hearsay makes nobody known; who speaks is, be it a word of its own or of another's.
    assert!(peer.engine.peers().all(|known| *known != address(30)));
    let out = peer.hear(30, gossip(30, "b"));
    let found = Event::PeerFound { peer: address(30), known: 11 };
    assert!(events(&out).any(|event| *event == found));
    // One that calls itself by its host's name is known by where it was heard.
    let origin = Address::new("localhost", 40).expect("a host");
    let word = Gossip { origin, name: label("they"), id: label("c") };
    let out = peer.hear(40, Message::Gossip(word));
    let found = Event::PeerFound { peer: address(40), known: 12 };
    assert!(events(&out).any(|event| *event == found));
    // So is one whose word came by another before it came from itself.
    let _ = peer.hear(10, gossip(50, "d"));
    let out = peer.hear(50, gossip(50, "d"));
    let found = Event::PeerFound { peer: address(50), known: 13 };
    assert!(events(&out).any(|event| *event == found));
}

#[test]
fn a_program_that_says_the_same_word_all_along_is_answered_each_time() {
    let mut peer = Peer::new(by_height(), Mining::Off);
    peer.meet(10..20);
    for time in 0..5 {
        let out = peer.hear(30, gossip(30, "always"));
        let replies =
            sent(&out).filter(|(_, message)| matches!(message, Message::GossipReply { .. }));
        assert_eq!(replies.count(), 1);
        let passed = sent(&out).filter(|(_, message)| matches!(message, Message::Gossip(_)));
        assert_eq!(passed.count(), if time == 0 { 3 } else { 0 });
        peer.wait(Duration::from_secs(30));
    }
}

#[test]
fn who_is_silent_for_a_minute_is_forgotten_and_taken_back_when_heard_again() {
    let mut peer = Peer::new(by_height(), Mining::Off);
    let _ = peer.handle(Input::Start);
    peer.meet([10, 11]);
    let mut lost = Vec::new();
    for _ in 0..4 {
        let out = peer.wait(Duration::from_secs(25));
        lost.extend(events(&out).filter(|e| matches!(e, Event::PeerLost { .. })).cloned());
        peer.meet([11]);
    }
    assert_eq!(lost, [Event::PeerLost { peer: address(10) }]);
    assert_eq!(peer.engine.peers().collect::<Vec<_>>(), [&address(11)]);
    peer.meet([10]);
    assert_eq!(peer.engine.peers().count(), 2);
}

#[test]
fn the_table_is_full_at_its_bound() {
    let mut peer = Peer::new(by_height(), Mining::Off);
    let bound = u16::try_from(PEERS_MAX).expect("small");
    peer.meet(1..=bound);
    assert_eq!(peer.engine.peers().count(), PEERS_MAX);
    let out = peer.hear(bound + 1, gossip(bound + 1, "x"));
    let reason = Refusal::TooManyPeers;
    let refused = Event::MessageRefused { from: address(bound + 1), reason };
    assert!(events(&out).any(|event| *event == refused));
    assert_eq!(peer.engine.peers().count(), PEERS_MAX);
}

#[test]
fn with_a_tracker_those_on_its_list_are_known_and_no_others() {
    let mut peer = Peer::new(whole_chain(), Mining::Off);
    let _ = peer.handle(Input::Start);
    let out = peer.handle(Input::Peers(vec![address(0), address(2), address(3)]));
    assert_eq!(peer.engine.peers().collect::<Vec<_>>(), [&address(2), &address(3)]);
    assert!(sent(&out).all(|(_, message)| matches!(message, Message::ChainRequest { .. })));
    let _ = peer.handle(Input::Peers(vec![address(3), address(4)]));
    let out = peer.wait(Duration::from_secs(10));
    assert!(events(&out).any(|event| *event == Event::PeerLost { peer: address(2) }));
    assert_eq!(peer.engine.peers().collect::<Vec<_>>(), [&address(3), &address(4)]);
    let out = peer.hear(9, gossip(9, "x"));
    let reason = Refusal::Unexpected;
    let refused = Output::Event(Event::MessageRefused { from: address(9), reason });
    assert_eq!(out, [refused]);
}

#[test]
fn who_answers_stays_when_a_tracker_has_forgotten_it() {
    let chain = new_chain(&whole_chain(), "they", 1);
    let mut peer = Peer::new(whole_chain(), Mining::Off);
    let _ = peer.handle(Input::Start);
    let _ = peer.handle(Input::Peers((0..=3).map(address).collect()));
    // The tracker was restarted, and one of them has come back to it. Of the others, one is there.
    let mut lost = Vec::new();
    let mut out = peer.handle(Input::Peers(vec![address(0), address(1)]));
    for second in 0..300 {
        let answered = peer.converse(out, |to, question| {
            (*to == address(2) && second < 200).then(|| answer(&chain, question)).flatten()
        });
        let is_lost = |event: &&Event| matches!(event, Event::PeerLost { .. });
        lost.extend(events(&answered).filter(is_lost).map(|event| (second, event.clone())));
        out = peer.wait(Duration::from_secs(1));
    }
    let [(third, of_third), (second, of_second)] = &lost[..] else { panic!("{lost:?}") };
    assert!(*of_third == Event::PeerLost { peer: address(3) } && *third < 10, "{lost:?}");
    let is_later = (200..230).contains(second);
    assert!(*of_second == Event::PeerLost { peer: address(2) } && is_later, "{lost:?}");
    assert_eq!(peer.engine.peers().collect::<Vec<_>>(), [&address(1)]);
}

#[test]
fn so_much_is_answered_a_second_and_what_is_in_an_answer_counts() {
    let rules = by_height();
    let theirs = new_chain(&rules, "they", 1);
    let mut peer = Peer::new(rules, Mining::Off);
    let block = theirs
        .block_at(Height::GENESIS)
        .map(std::sync::Arc::unwrap_or_clone)
        .expect("the only one");
    assert_eq!(block.entries().len(), 1);
    let _ = peer.hear(9, Message::Announcement(block));
    for _ in 0..2 {
        let question = || Message::BlockRequest { height: Height::GENESIS };
        let answered =
            (0..ANSWERS_MAX).filter(|_| sent(&peer.hear(9, question())).next().is_some());
        assert_eq!(answered.count() as u64, u64::from(ANSWERS_MAX) / 2);
        peer.wait(Duration::from_secs(1));
    }
}
