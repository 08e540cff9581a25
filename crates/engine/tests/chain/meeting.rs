//! Rules N1 to N8: whom a peer knows.

use std::time::Duration;

use althing_engine::nakamoto::{
    Claim, Event, Gossip, Input, Message, Mining, OLDEST_KEPT, Output, PEERS_MAX,
    REPLIES_PER_HOST_MAX, Refusal, Rules, SHARE_BYTES, SHARE_BYTES_A_SECOND, STRANGERS_BYTES,
    STRANGERS_BYTES_A_SECOND, UNANSWERED_MAX, USEFUL_KEPT,
};
use althing_types::{Address, BlockHash, Height};

use crate::common::{
    Peer, address, answer, by_height, events, heard, label, mined, new_chain, sent, template,
    whole_chain,
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
fn a_contact_that_is_not_there_yet_is_turned_to_again_soon_and_then_less_often() {
    let mut peer = Peer::new(by_height(), Mining::Off);
    let gossips = |out: &[Output]| {
        sent(out).filter(|(_, message)| matches!(message, Message::Gossip(_))).count()
    };
    assert_eq!(gossips(&peer.handle(Input::Start)), 1);
    let mut at = Vec::new();
    for second in 1..=100 {
        at.extend((0..gossips(&peer.wait(Duration::from_secs(1)))).map(|_| second));
    }
    assert_eq!(at, [1, 3, 7, 15, 31, 61, 91]);
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
        let passed = sent(&out).filter(
            |(_, message)| matches!(message, Message::Gossip(it) if it.origin == address(30)),
        );
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

/// Returns an address of its own in the network `a.b`.
fn at(a: u8, b: u8, number: u16) -> Address {
    let [high, low] = number.to_be_bytes();
    Address::new(&format!("{a}.{b}.{high}.{low}"), 8999).expect("a host")
}

/// Has an address announce itself.
fn announce(peer: &mut Peer, address: &Address, id: &str) -> Vec<Output> {
    let (origin, name) = (address.clone(), label("they"));
    peer.handle(heard(address, None, Message::Gossip(Gossip { origin, name, id: label(id) })))
}

/// Has a peer answer that it has no chain.
fn reply(peer: &mut Peer, address: &Address) {
    let hash = BlockHash::from_bytes([0; 32]);
    let _ = peer.handle(heard(address, None, Message::Tip(Claim { length: 0, hash })));
}

#[test]
fn addresses_that_never_answer_have_few_places_and_take_none_from_others() {
    let mut peer = Peer::new(by_height(), Mining::Off);
    let (contact, early, late) = (address(1), at(10, 0, 1), at(10, 0, 2));
    let invent = |peer: &mut Peer, a: u8| {
        for number in 0..4000_u16 {
            let b = number.to_be_bytes()[1];
            announce(peer, &at(a, b, number), &format!("{a} {number}"));
        }
    };
    announce(&mut peer, &contact, "contact");
    announce(&mut peer, &early, "early");
    reply(&mut peer, &early);
    invent(&mut peer, 100);
    // It is asked as soon as it is met, so a crowd of others does not keep it from answering.
    let out = announce(&mut peer, &late, "late");
    assert!(sent(&out).any(|(to, message)| *to == late && *message == Message::TipRequest));
    reply(&mut peer, &late);
    invent(&mut peer, 200);
    let known: Vec<Address> = peer.engine.peers().cloned().collect();
    assert!([contact, early, late].iter().all(|it| known.contains(it)));
    assert!(known.len() <= UNANSWERED_MAX + 3, "{}", known.len());
}

#[test]
fn of_all_that_answer_the_largest_network_gives_way_and_the_old_the_useful_and_contacts_stay() {
    let rules = by_height();
    let mut peer = Peer::new(rules.clone(), Mining::Off);
    let join = |peer: &mut Peer, address: &Address| {
        announce(peer, address, &address.to_string());
        reply(peer, address);
        peer.now = peer.now + Duration::from_millis(1);
    };
    let honest: Vec<Address> = (0..200).map(|n| at(10, n, 7)).collect();
    let first: Vec<Address> =
        (0..u16::try_from(OLDEST_KEPT).expect("few")).map(|n| at(66, 6, n)).collect();
    first.iter().chain(&honest).for_each(|address| join(&mut peer, address));
    let attackers: Vec<Address> = (1000..5000).map(|n| at(66, 6, n)).collect();
    attackers[..900].iter().for_each(|address| join(&mut peer, address));
    assert_eq!(peer.engine.peers().count(), PEERS_MAX);
    // One of them sends a block that is new.
    let useful = &attackers[0];
    assert!(peer.engine.peers().any(|known| known == useful));
    let chain = new_chain(&rules, "they", 0);
    let block = mined(&template(&chain, "they", "new"));
    let _ = peer.handle(heard(useful, None, Message::Announcement(block)));
    join(&mut peer, &address(1));
    attackers[900..].iter().for_each(|address| join(&mut peer, address));
    let known: Vec<Address> = peer.engine.peers().cloned().collect();
    assert_eq!(known.len(), PEERS_MAX);
    for kept in honest.iter().chain(&first).chain([useful, &address(1)]) {
        assert!(known.contains(kept), "{kept}");
    }
    const { assert!(USEFUL_KEPT + OLDEST_KEPT < PEERS_MAX) };
}

#[test]
fn who_is_met_is_told_of_us_at_once() {
    let mut peer = Peer::new(by_height(), Mining::Off);
    let _ = peer.handle(Input::Start);
    let out = peer.hear(7, gossip(7, "a"));
    let told = sent(&out).filter(|(to, message)| {
        **to == address(7)
            && matches!(message, Message::Gossip(Gossip { origin, .. }) if *origin == address(0))
    });
    assert_eq!(told.count(), 1);
    assert_eq!(sent(&peer.hear(7, Message::Consensus)).count(), 1, "only when it is met");
}

#[test]
fn a_host_that_others_name_as_an_origin_is_not_flooded() {
    let mut peer = Peer::new(by_height(), Mining::Off);
    let replies_to = |peer: &mut Peer, host: &str, number: u16| {
        let origin = Address::new(host, number).expect("a host");
        let (name, id) = (label("they"), label(&format!("{host} {number}")));
        let out = peer.hear(9, Message::Gossip(Gossip { origin: origin.clone(), name, id }));
        sent(&out).filter(|(to, _)| **to == origin).count()
    };
    for _ in 0..2 {
        let replies: usize =
            (0..1000).map(|number| replies_to(&mut peer, "192.0.2.1", number)).sum();
        assert_eq!(replies, usize::from(REPLIES_PER_HOST_MAX));
        assert_eq!(replies_to(&mut peer, "192.0.2.2", 1), 1);
        // One that speaks for itself is answered.
        let own = Address::new("192.0.2.1", 2000).expect("a host");
        let out = announce(&mut peer, &own, "own");
        let reply = |message: &Message| matches!(message, Message::GossipReply { .. });
        assert_eq!(sent(&out).filter(|(to, it)| **to == own && reply(it)).count(), 1);
        peer.wait(Duration::from_secs(60));
    }
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

/// Asks so often in the name of `from`, and returns the bytes of all answers.
fn asked_in_the_name_of(peer: &mut Peer, from: u16, question: &Message, times: u32) -> u64 {
    let mut bytes = 0;
    for _ in 0..times {
        for (to, answer) in sent(&peer.hear(from, question.clone())) {
            assert_eq!(*to, address(from));
            bytes += match answer {
                Message::Block(block) => block.sent_bytes() as u64,
                Message::Chain(blocks) => blocks.iter().map(|it| it.sent_bytes() as u64).sum(),
                other => panic!("{other:?}"),
            };
        }
    }
    bytes
}

/// Whatever is asked in the name of one peer or of strangers, others are answered, and no address
/// is sent more than its share (rule N8).
fn assert_fair(rules: &Rules, question: &Message, times: u32) {
    let theirs = new_chain(rules, "they", 200);
    let mut peer = Peer::new(rules.clone(), Mining::Off);
    for block in theirs.blocks_from(Height::GENESIS).map(std::sync::Arc::unwrap_or_clone) {
        let _ = peer.hear(9, Message::Announcement(block));
    }
    let empty = match question {
        Message::ChainRequest { .. } => {
            let _ = peer.handle(Input::Peers((1..=2).map(address).collect()));
            Message::Chain(vec![])
        }
        _ => {
            peer.meet([1, 2]);
            Message::NoBlock
        }
    };
    let _ = (peer.hear(1, empty.clone()), peer.hear(2, empty));
    let (known, strangers) = (SHARE_BYTES, STRANGERS_BYTES);
    // As much as one answer has may be left of a share.
    let left = 1 << 16;
    let sent = asked_in_the_name_of(&mut peer, 1, question, times);
    assert!(sent > known - left && sent <= known, "{sent}");
    let sent: u64 = (1000..2000)
        .map(|stranger| asked_in_the_name_of(&mut peer, stranger, question, times / 500))
        .sum();
    assert!(sent > strangers - left && sent <= strangers, "{sent}");
    assert!(asked_in_the_name_of(&mut peer, 2, question, 1) > 0, "the others have their own");
    peer.now = peer.now + Duration::from_secs(4);
    let sent = asked_in_the_name_of(&mut peer, 1, question, times);
    assert!(sent <= left + 4 * SHARE_BYTES_A_SECOND && sent > 0, "{sent}");
    let sent = asked_in_the_name_of(&mut peer, 1500, question, times);
    assert!(sent <= left + 4 * STRANGERS_BYTES_A_SECOND && sent > 0, "{sent}");
}

#[test]
fn a_crowd_that_asks_for_blocks_in_the_names_of_others_stops_nobody() {
    assert_fair(&by_height(), &Message::BlockRequest { height: Height::new(100) }, 9000);
}

#[test]
fn a_crowd_that_asks_for_chains_in_the_names_of_others_stops_nobody() {
    assert_fair(&whole_chain(), &Message::ChainRequest { from: Height::GENESIS }, 500);
}
