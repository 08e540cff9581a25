//! Rule Y1: fetching a chain from one peer.

use std::time::Duration;

use althing_engine::nakamoto::{Event, Input, Message, Mining, Output, Refusal};
use althing_ledger::Ledger;
use althing_types::{Address, Height};

use crate::common::{
    AllBut, Peer, address, answer, chain, events, mined, new_chain, sent, template, whole_chain,
};

fn peer_with(chain: &Ledger) -> Peer {
    let mut peer = Peer::new(whole_chain(), Mining::Off);
    for block in chain.blocks_from(Height::new(1)).map(std::sync::Arc::unwrap_or_clone) {
        let _ = peer.hear(9, Message::Announcement(block.clone()));
    }
    assert_eq!(peer.engine.ledger().tip(), chain.tip());
    peer
}

#[test]
fn a_newcomer_gets_a_chain_that_does_not_fit_into_one_message() {
    let theirs = new_chain(&whole_chain(), "they", 450);
    let mut peer = Peer::new(whole_chain(), Mining::Off);
    let out = listed(&mut peer, [1]);
    let _ = peer.converse(out, |_, question| answer(&theirs, question));
    assert_eq!(peer.engine.ledger().tip(), theirs.tip());
}

/// Hands a newcomer the tracker's list, and waits until it has asked somebody.
fn listed(peer: &mut Peer, others: impl IntoIterator<Item = u16>) -> Vec<Output> {
    let mut out = peer.handle(Input::Peers(others.into_iter().map(address).collect()));
    out.extend(peer.wait(Duration::from_secs(1)));
    out
}

/// Returns who was asked for a chain.
fn asked(out: &[Output]) -> Vec<Address> {
    let questions = sent(out).filter(|(_, it)| matches!(it, Message::ChainRequest { .. }));
    questions.map(|(to, _)| to.clone()).collect()
}

/// Returns a chain that does not fit into a datagram as a whole.
fn long_chain() -> Ledger {
    let ledger = new_chain(&whole_chain(), "they", 450);
    let bytes: usize = ledger.blocks_from(Height::GENESIS).map(|it| it.sent_bytes()).sum();
    assert!(bytes > 65_507, "{bytes}");
    ledger
}

#[test]
fn a_program_that_would_have_to_send_more_than_a_datagram_is_never_asked() {
    let theirs = long_chain();
    let mut peer = peer_with(&theirs);
    // Of the first list nothing is known.
    assert_eq!(asked(&listed(&mut peer, [1, 2])), []);
    let _ = peer.handle(Input::Start);
    assert_eq!(asked(&peer.wait(Duration::from_secs(100))), []);
    // It is not asked for the blocks between either.
    let more = chain(&whole_chain(), "they", 453, &theirs, 450);
    let last = more.block_at(Height::new(452)).expect("it is the last");
    let out = peer.hear(1, Message::Announcement((*last).clone()));
    assert_eq!(asked(&out), []);
    // One that asks for a part knows parts, and is asked in its place.
    let _ = peer.hear(2, Message::ChainRequest { from: Height::new(3) });
    let out = peer.hear(1, Message::Announcement((*last).clone()));
    assert_eq!(asked(&out), [address(2)]);
    let _ = peer.converse(out, |_, question| answer(&more, question));
    assert_eq!(peer.engine.ledger().tip(), more.tip());
    let polled = asked(&peer.wait(Duration::from_secs(100)));
    assert!(polled.len() > 3 && polled.iter().all(|it| *it == address(2)), "{polled:?}");
}

#[test]
fn while_a_chain_fits_into_a_datagram_programs_are_asked_as_well() {
    let mut peer = peer_with(&new_chain(&whole_chain(), "they", 20));
    let _ = peer.handle(Input::Start);
    let _ = listed(&mut peer, [1]);
    assert_eq!(asked(&peer.wait(Duration::from_secs(60))).len(), 6);
}

#[test]
fn a_newcomer_asks_those_who_make_themselves_known_and_not_a_program() {
    let theirs = long_chain();
    let mut peer = Peer::new(whole_chain(), Mining::Off);
    let out = peer.handle(Input::Peers((1..=9).map(address).collect()));
    assert_eq!(asked(&out), [], "they may be programs with a long chain");
    // One of ours meets it, and wants what comes after its own tip.
    let out = peer.hear(5, Message::ChainRequest { from: Height::new(449) });
    assert_eq!(asked(&out), [address(5)]);
    let mut out = peer.converse(out, |_, question| answer(&theirs, question));
    out.extend(peer.wait(Duration::from_secs(60)));
    assert_eq!(peer.engine.ledger().tip(), theirs.tip());
    assert!(asked(&out).iter().all(|it| *it == address(5)));
}

#[test]
fn who_comes_later_is_asked_at_once_for_what_comes_after_our_tip() {
    let mut peer = peer_with(&long_chain());
    let _ = listed(&mut peer, []);
    let out = peer.handle(Input::Peers(vec![address(3)]));
    let message = Message::ChainRequest { from: Height::new(449) };
    assert_eq!(sent(&out).collect::<Vec<_>>(), [(&address(3), &message)]);
}

#[test]
fn an_original_that_always_sends_all_is_understood() {
    let theirs = new_chain(&whole_chain(), "they", 50);
    let mut peer = peer_with(&chain(&whole_chain(), "we", 20, &theirs, 10));
    let out = listed(&mut peer, [1]);
    let all: Vec<_> =
        theirs.blocks_from(Height::GENESIS).map(std::sync::Arc::unwrap_or_clone).collect();
    let out = peer.converse(out, |_, question| match question {
        Message::ChainRequest { .. } => Some(Message::Chain(all.clone())),
        _ => None,
    });
    assert_eq!(peer.engine.ledger().tip(), theirs.tip());
    assert_eq!(sent(&out).count(), 2, "the chain, and whether there is more");
}

#[test]
fn chains_that_part_far_down_are_joined_where_they_part() {
    let common = new_chain(&whole_chain(), "both", 30);
    let mut peer = peer_with(&chain(&whole_chain(), "we", 100, &common, 30));
    let theirs = chain(&whole_chain(), "they", 120, &common, 30);
    let out = listed(&mut peer, [1]);
    let out = peer.converse(out, |_, question| answer(&theirs, question));
    assert_eq!(peer.engine.ledger().tip(), theirs.tip());
    let questions =
        sent(&out).filter(|(_, message)| matches!(message, Message::ChainRequest { .. }));
    assert!(questions.count() < 10);
}

#[test]
fn a_block_that_does_not_fit_has_its_sender_asked_for_its_chain() {
    let theirs = new_chain(&whole_chain(), "they", 8);
    let mut peer = Peer::new(whole_chain(), Mining::Off);
    let last =
        theirs.block_at(Height::new(7)).map(std::sync::Arc::unwrap_or_clone).expect("the tip");
    let out = peer.hear(5, Message::Announcement(last));
    // From its own tip on, where the other may have another block.
    let message = Message::ChainRequest { from: Height::GENESIS };
    assert_eq!(sent(&out).collect::<Vec<_>>(), [(&address(5), &message)]);
    let _ = peer.converse(out, |_, question| answer(&theirs, question));
    assert_eq!(peer.engine.ledger().tip(), theirs.tip());
}

#[test]
fn a_peer_that_does_not_answer_is_not_the_last_one_asked() {
    let theirs = new_chain(&whole_chain(), "they", 8);
    let mut peer = Peer::new(whole_chain(), Mining::Off);
    let mut out = listed(&mut peer, 1..=4);
    for _ in 0..4 {
        let said = out;
        let _ =
            peer.converse(
                said,
                |to, question| {
                    if *to == address(4) { answer(&theirs, question) } else { None }
                },
            );
        out = peer.wait(Duration::from_secs(2));
    }
    assert_eq!(peer.engine.ledger().tip(), theirs.tip());
}

#[test]
fn a_chain_with_refused_data_is_followed_up_to_there() {
    let mut theirs = new_chain(&whole_chain(), "they", 5);
    let bad = mined(&template(&theirs, "they", "refused"));
    assert!(theirs.add(bad).is_ok());
    let theirs = chain(&whole_chain(), "they", 9, &theirs, 6);
    let mut peer = Peer::with(whole_chain(), Mining::Off, Box::new(AllBut::text("refused")));
    let out = listed(&mut peer, [1]);
    let out = peer.converse(out, |_, question| answer(&theirs, question));
    assert_eq!(peer.length(), 5);
    let is_invalid = |event: &Event| {
        matches!(event, Event::MessageRefused { reason: Refusal::InvalidBlock(_), .. })
    };
    assert!(events(&out).any(is_invalid));
    assert!(events(&out).any(|event| matches!(event, Event::PeerShunned { .. })));
}

#[test]
fn a_chain_that_nobody_asked_for_is_refused() {
    let theirs = new_chain(&whole_chain(), "they", 3);
    let mut peer = Peer::new(whole_chain(), Mining::Off);
    let blocks = theirs.blocks_from(Height::GENESIS).map(std::sync::Arc::unwrap_or_clone).collect();
    let out = peer.hear(1, Message::Chain(blocks));
    let reason = Refusal::Unasked;
    assert_eq!(out, [Output::Event(Event::MessageRefused { from: address(1), reason })]);
}
