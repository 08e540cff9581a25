//! Rule Y1: fetching a chain from one peer.

use std::time::Duration;

use althing_engine::nakamoto::{Event, Input, Message, Mining, Output, Refusal};
use althing_ledger::Ledger;
use althing_types::Height;

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
    let out = peer.handle(Input::Peers(vec![address(1)]));
    let _ = peer.converse(out, |_, question| answer(&theirs, question));
    assert_eq!(peer.engine.ledger().tip(), theirs.tip());
}

#[test]
fn an_original_that_always_sends_all_is_understood() {
    let theirs = new_chain(&whole_chain(), "they", 50);
    let mut peer = peer_with(&chain(&whole_chain(), "we", 20, &theirs, 10));
    let out = peer.handle(Input::Peers(vec![address(1)]));
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
    let out = peer.handle(Input::Peers(vec![address(1)]));
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
    let mut out = peer.handle(Input::Peers((1..=4).map(address).collect()));
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
    let out = peer.handle(Input::Peers(vec![address(1)]));
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
