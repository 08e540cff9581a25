//! Rules M4 and M5: nothing is mined apart from the network, and a block counts when others have
//! it.

use std::time::Duration;

use althing_engine::Engine;
use althing_engine::nakamoto::{Event, Input, Message, Mining, Output};
use althing_ledger::{Entry, Ledger};
use althing_types::Height;

use crate::common::{
    Peer, address, answer, chain, claim, events, headers_first, mined, new_chain, sent, submit,
    template, whole_chain,
};

fn searches(out: &[Output]) -> bool {
    out.iter().any(|output| matches!(output, Output::Search { .. }))
}

/// Has the peer find the block that it searches for.
fn finds(peer: &mut Peer, out: &[Output]) -> Vec<Output> {
    let found = out.iter().rev().find_map(|output| match output {
        Output::Search { id, work } => {
            let solution = work.search(0..u64::MAX).expect("it is easy");
            Some(Input::Solved { search: *id, solution })
        }
        _ => None,
    });
    peer.handle(found.expect("it searches"))
}

fn held(out: &[Output]) -> Vec<(u64, bool)> {
    let told = |event: &Event| match event {
        Event::BlockHeld { height, .. } => Some((height.number(), true)),
        Event::BlockOnlyHere { height, .. } => Some((height.number(), false)),
        _ => None,
    };
    events(out).filter_map(told).collect()
}

/// Returns our chain, as another peer has it.
fn copy(peer: &Peer) -> Ledger {
    let blocks: Vec<_> = peer.engine.ledger().blocks_from(Height::new(1)).collect();
    let mut ledger = new_chain(&whole_chain(), "they", 1);
    for block in blocks {
        assert!(ledger.add((*block).clone()).is_ok());
    }
    ledger
}

#[test]
fn a_ballot_is_mined_on_the_chain_of_the_others_and_not_before_there_is_a_tracker() {
    let theirs = new_chain(&whole_chain(), "they", 300);
    let mut peer = Peer::new(whole_chain(), Mining::OnChain);
    let mut out = peer.handle(submit(Entry::text("ours")));
    out.extend(peer.wait(Duration::from_secs(100)));
    assert!(!searches(&out), "the tracker has not answered");
    let out = peer.handle(Input::Peers(vec![address(1), address(2)]));
    assert!(!searches(&out));
    let mut all = Vec::new();
    let mut out = out;
    for _ in 0..6 {
        all.extend(peer.converse(out, |to, question| {
            (*to == address(2)).then(|| answer(&theirs, question)).flatten()
        }));
        out = peer.wait(Duration::from_secs(1));
    }
    let work: Vec<_> = all
        .iter()
        .filter_map(|output| match output {
            Output::Search { work, .. } => Some(work.parent()),
            _ => None,
        })
        .collect();
    assert_eq!(work, [theirs.tip().map(|tip| tip.hash)], "not before all of the chain is here");
    assert!(peer.engine.status().joined);
}

#[test]
fn who_gets_no_answer_goes_on_alone_and_says_so() {
    let mut peer = Peer::new(whole_chain(), Mining::OnChain);
    let mut out = peer.handle(submit(Entry::text("ours")));
    out.extend(peer.handle(Input::Peers(vec![address(1)])));
    out.extend(peer.wait(Duration::from_secs(7)));
    assert!(!searches(&out));
    let out = peer.wait(Duration::from_secs(2));
    let out = finds(&mut peer, &out);
    assert_eq!(held(&out), []);
    let out = peer.wait(Duration::from_secs(11));
    assert_eq!(held(&out), [(1, false)]);
    // Then somebody comes who takes it.
    let theirs = copy(&peer);
    let out = peer.handle(Input::Peers(vec![address(1), address(2)]));
    let out = peer.converse(out, |to, question| {
        (*to == address(2)).then(|| answer(&theirs, question)).flatten()
    });
    assert_eq!(held(&out), [(1, true)]);
}

#[test]
fn the_only_peer_there_is_says_at_once_that_nobody_else_has_its_block() {
    let mut peer = Peer::new(whole_chain(), Mining::OnChain);
    peer.joins_alone();
    let out = peer.handle(submit(Entry::text("ours")));
    assert_eq!(held(&finds(&mut peer, &out)), [(1, false)]);
}

#[test]
fn our_block_is_held_by_who_sends_it_back_or_builds_on_it() {
    let mut peer = Peer::new(whole_chain(), Mining::OnChain);
    peer.joins_alone();
    let nobody = new_chain(&whole_chain(), "they", 1);
    let out = peer.handle(Input::Peers(vec![address(1)]));
    let _ = peer.converse(out, |_, question| answer(&nobody, question));
    let out = peer.handle(submit(Entry::text("first")));
    let out = finds(&mut peer, &out);
    // It is asked for right after it was told.
    let theirs = copy(&peer);
    let out = peer.converse(out, |_, question| answer(&theirs, question));
    assert_eq!(held(&out), [(1, true)]);

    let out = peer.handle(submit(Entry::text("second")));
    let _ = finds(&mut peer, &out);
    let out = peer.handle(submit(Entry::text("third")));
    let _ = finds(&mut peer, &out);
    // A stranger's word does not count, nor does another branch.
    let last = |ledger: &Ledger| {
        let tip = ledger.tip().expect("a chain");
        ledger.block(&tip.hash).map(std::sync::Arc::unwrap_or_clone).expect("the tip")
    };
    let theirs = copy(&peer);
    let next = mined(&template(&theirs, "they", "theirs"));
    let out = peer.hear(9, Message::Announcement(last(&theirs)));
    assert_eq!(held(&out), []);
    let other = chain(&whole_chain(), "they", 3, &theirs, 2);
    let out = peer.hear(1, Message::Announcement(last(&other)));
    assert_eq!(held(&out), []);
    let out = peer.hear(1, Message::Announcement(next));
    assert_eq!(held(&out), [(2, true), (3, true)]);
}

#[test]
fn a_block_that_no_longer_counts_is_held_by_nobody() {
    let mut peer = Peer::new(whole_chain(), Mining::OnChain);
    peer.joins_alone();
    let _ = peer.handle(Input::Peers(vec![address(1)]));
    let out = peer.handle(submit(Entry::text("ours")));
    let _ = finds(&mut peer, &out);
    let theirs = new_chain(&whole_chain(), "they", 3);
    let out: Vec<Output> = theirs
        .blocks_from(Height::new(1))
        .flat_map(|block| peer.hear(1, Message::Announcement((*block).clone())))
        .collect();
    assert!(searches(&out), "it is mined again");
    assert_eq!(held(&out), []);
    assert_eq!(held(&peer.wait(Duration::from_secs(60))), []);
}

#[test]
fn where_headers_come_first_who_claims_our_tip_has_our_block() {
    let mut peer = Peer::new(headers_first(), Mining::OnChain);
    peer.meet([2]);
    let out = peer.handle(submit(Entry::text("ours")));
    let out = match searches(&out) {
        true => finds(&mut peer, &out),
        // A block without an entry is one as well.
        false => {
            let block = mined(&template(peer.engine.ledger(), "us", "ours"));
            peer.handle(Input::Command(althing_engine::nakamoto::Command::Mined(Box::new(block))))
        }
    };
    assert!(sent(&out).any(|(to, message)| *to == address(2) && *message == Message::TipRequest));
    let tip = claim(peer.engine.ledger());
    assert_eq!(held(&peer.hear(2, Message::Tip(tip))), [(1, true)]);
}
