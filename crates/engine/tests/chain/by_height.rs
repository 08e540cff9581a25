//! Rules T1 to T3 and Y2 to Y5: fetching a chain from all who claim it.

use std::collections::BTreeSet;
use std::time::Duration;

use althing_engine::Recipient;
use althing_engine::nakamoto::{
    Claim, DownloadFailure, Event, Gossip, Message, Mining, Output, REQUESTS_PER_PEER_MAX, Refusal,
    WINDOW,
};
use althing_ledger::Anything;
use althing_types::{Address, BlockHash, Height};

use crate::common::{
    AllBut, Peer, address, answer, answered, by_height, chain, claim, events, heard, label, mined,
    new_chain, sent, template,
};

fn block_requests(out: &[Output]) -> impl Iterator<Item = (&Address, Height)> {
    sent(out).filter_map(|(to, message)| match message {
        Message::BlockRequest { height } => Some((to, *height)),
        _ => None,
    })
}

/// Has several peers claim something, and returns what the peer does about it.
fn claimed(peer: &mut Peer, by: impl IntoIterator<Item = u16>, claim: Claim) -> Vec<Output> {
    by.into_iter().flat_map(|from| peer.hear(from, Message::Tip(claim))).collect()
}

#[test]
fn blocks_come_from_several_peers_at_once_within_a_window() {
    let rules = by_height();
    let theirs = new_chain(&rules, "they", 200);
    let mut peer = Peer::new(rules, Mining::Off);
    peer.meet(1..=3);
    let first = claimed(&mut peer, [1], claim(&theirs));
    assert_eq!(block_requests(&first).count(), REQUESTS_PER_PEER_MAX);
    let more = claimed(&mut peer, [2, 3], claim(&theirs));
    let out = peer.converse([first, more].concat(), |_, question| answer(&theirs, question));
    assert_eq!(peer.length(), 200);
    let asked: BTreeSet<&Address> = block_requests(&out).map(|(to, _)| to).collect();
    assert_eq!(asked.len(), 3);
    assert_eq!(block_requests(&out).count(), 200, "each once");
    let ahead = |height: Height| height.number() < 200 + WINDOW as u64;
    assert!(block_requests(&out).all(|(_, height)| ahead(height)));
}

#[test]
fn what_does_not_come_is_asked_of_another() {
    let rules = by_height();
    let theirs = new_chain(&rules, "they", 40);
    let mut peer = Peer::new(rules, Mining::Off);
    peer.meet(1..=2);
    let mut out = claimed(&mut peer, [1, 2], claim(&theirs));
    for _ in 0..10 {
        let silent = address(1);
        let _ = peer.converse(
            out,
            |to, question| {
                if *to == silent { None } else { answer(&theirs, question) }
            },
        );
        out = peer.wait(Duration::from_secs(2));
    }
    assert_eq!(peer.length(), 40);
}

#[test]
fn a_liar_with_a_great_height_holds_nobody_up() {
    let rules = by_height();
    let theirs = new_chain(&rules, "they", 20);
    let mut peer = Peer::new(rules, Mining::Off);
    peer.meet(1..=2);
    let lie = Claim { length: 20_000, ..claim(&new_chain(&by_height(), "liar", 1)) };
    let mut out = claimed(&mut peer, [1], lie);
    out.extend(claimed(&mut peer, [2], claim(&theirs)));
    let mut all = Vec::new();
    for _ in 0..8 {
        let said = peer.converse(out, |to, question| match question {
            Message::BlockRequest { .. } if *to == address(1) => None,
            question => answer(&theirs, question),
        });
        all.extend(said);
        out = peer.wait(Duration::from_secs(1));
    }
    all.extend(out);
    assert_eq!(peer.length(), 20);
    let asked_liar = block_requests(&all).filter(|(to, _)| **to == address(1)).count();
    assert!(asked_liar <= 3 * WINDOW, "{asked_liar}");
    let shunned = |number| {
        let is_it = move |who: &Address| *who == address(number);
        move |event: &&Event| matches!(event, Event::PeerShunned { peer, .. } if is_it(peer))
    };
    assert_eq!(events(&all).filter(shunned(1)).count(), 1);
    assert_eq!(events(&all).filter(shunned(2)).count(), 0);
    // While it is shunned its word is nothing.
    let lie = Claim { length: 30_000, ..lie };
    assert_eq!(block_requests(&claimed(&mut peer, [1], lie)).count(), 0);
}

#[test]
fn a_liar_who_denies_each_block_is_shunned_at_once() {
    let rules = by_height();
    let mut peer = Peer::new(rules, Mining::Off);
    peer.meet([1]);
    let lie = Claim { length: 20_000, hash: BlockHash::from_bytes([1; 32]) };
    let out = claimed(&mut peer, [1], lie);
    let out = peer.converse(out, |_, _| Some(Message::NoBlock));
    let reason = DownloadFailure::Unobtainable { height: Height::GENESIS };
    assert!(events(&out).any(|event| *event == Event::DownloadFailed { claim: lie, reason }));
    assert!(events(&out).any(|event| matches!(event, Event::PeerShunned { .. })));
}

#[test]
fn a_block_corrupted_in_the_middle_is_fetched_elsewhere_and_its_sender_named() {
    let rules = by_height();
    let theirs = new_chain(&rules, "they", 100);
    let other = new_chain(&rules, "other", 60);
    let corrupt = other
        .block_at(Height::new(50))
        .map(std::sync::Arc::unwrap_or_clone)
        .expect("it is long enough");
    let mut named = 0;
    // Whom it asks for which block is left to chance: in some runs it is the corrupted one.
    for seed in 0..20 {
        let mut peer = Peer::seeded(seed, rules.clone(), Mining::Off, Box::new(Anything));
        peer.meet(1..=3);
        let out = claimed(&mut peer, 1..=3, claim(&theirs));
        let out = peer.converse(out, |to, question| match question {
            Message::BlockRequest { height } if *to == address(1) && height.number() == 50 => {
                Some(Message::Block(corrupt.clone()))
            }
            question => answer(&theirs, question),
        });
        assert_eq!(peer.length(), 100);
        let reason = Refusal::BlockOfAnotherChain { height: Height::new(50) };
        let refused = Event::MessageRefused { from: address(1), reason };
        named += events(&out).filter(|event| **event == refused).count();
    }
    assert!((1..20).contains(&named), "{named}");
}

#[test]
fn chains_that_part_far_down_are_joined_where_they_part() {
    let rules = by_height();
    let common = new_chain(&rules, "both", 30);
    let ours = chain(&rules, "we", 100, &common, 30);
    let theirs = chain(&rules, "they", 101, &common, 30);
    let mut peer = Peer::new(rules, Mining::Off);
    for block in ours.blocks_from(Height::GENESIS).map(std::sync::Arc::unwrap_or_clone) {
        let _ = peer.hear(9, Message::Announcement(block.clone()));
    }
    assert_eq!(peer.length(), 100);
    peer.meet(1..=3);
    let out = claimed(&mut peer, 1..=3, claim(&theirs));
    let out = peer.converse(out, |_, question| answer(&theirs, question));
    assert_eq!(peer.engine.ledger().tip(), theirs.tip());
    let changed = events(&out).find_map(|event| match event {
        Event::TipChanged { disconnected, connected, .. } => {
            Some((disconnected.len(), connected.len()))
        }
        _ => None,
    });
    assert_eq!(changed, Some((70, 71)));
    assert!(out.iter().any(|output| matches!(output, Output::Persist(durable)
        if durable.from == Height::new(30) && durable.blocks.len() == 71)));
}

#[test]
fn a_chain_that_was_found_bad_is_not_fetched_again() {
    let rules = by_height();
    let mut theirs = new_chain(&rules, "they", 10);
    let bad = mined(&template(&theirs, "they", "refused"));
    assert!(theirs.add(bad).is_ok());
    let theirs = chain(&rules, "they", 20, &theirs, 11);
    let mut peer = Peer::with(rules, Mining::Off, Box::new(AllBut::text("refused")));
    peer.meet(1..=2);
    let out = claimed(&mut peer, 1..=2, claim(&theirs));
    let out = peer.converse(out, |_, question| answer(&theirs, question));
    assert_eq!(peer.length(), 10, "what comes before is good");
    let failed = Event::DownloadFailed { claim: claim(&theirs), reason: DownloadFailure::Bad };
    assert!(events(&out).any(|event| *event == failed));
    peer.meet(1..=4);
    assert_eq!(block_requests(&claimed(&mut peer, 1..=4, claim(&theirs))).count(), 0);
}

#[test]
fn of_several_chains_the_one_most_agree_on_is_fetched_first() {
    let rules = by_height();
    let (many, long) = (new_chain(&rules, "many", 10), new_chain(&rules, "long", 12));
    let mut peer = Peer::new(rules, Mining::Off);
    // Something else is under way while they say what they have.
    peer.meet(1..=5);
    let out = claimed(&mut peer, [5], Claim { length: 3, hash: BlockHash::from_bytes([3; 32]) });
    assert!(block_requests(&out).count() > 0);
    let _ = claimed(&mut peer, [4], claim(&long));
    let _ = claimed(&mut peer, 1..=3, claim(&many));
    let out = peer.hear(5, Message::NoBlock);
    let started: Vec<Claim> = events(&out)
        .filter_map(|event| match event {
            Event::DownloadStarted { claim, .. } => Some(*claim),
            _ => None,
        })
        .collect();
    assert_eq!(started, [claim(&many)]);
    // In the end it is the work that counts.
    let _ = peer.converse(out, |to, question| {
        answer(if *to == address(4) { &long } else { &many }, question)
    });
    assert_eq!(peer.engine.ledger().tip(), long.tip());
}

#[test]
fn what_nobody_asked_for_is_refused_and_so_is_the_claim_of_a_stranger() {
    let rules = by_height();
    let theirs = new_chain(&rules, "they", 2);
    let mut peer = Peer::new(rules, Mining::Off);
    let block =
        theirs.block_at(Height::GENESIS).map(std::sync::Arc::unwrap_or_clone).expect("a genesis");
    let refused = |reason| [Output::Event(Event::MessageRefused { from: address(1), reason })];
    assert_eq!(peer.hear(1, Message::Block(block)), refused(Refusal::Unasked));
    assert_eq!(peer.hear(1, Message::NoBlock), refused(Refusal::Unasked));
    assert_eq!(peer.hear(1, Message::Tip(claim(&theirs))), refused(Refusal::Stranger));
    assert_eq!(peer.length(), 0);
}

#[test]
fn a_peer_tells_of_its_chain_and_sends_its_blocks() {
    let rules = by_height();
    let ours = new_chain(&rules, "we", 3);
    let mut peer = Peer::new(rules, Mining::Off);
    assert_eq!(peer.hear(1, Message::TipRequest), [], "there is nothing to tell");
    for block in ours.blocks_from(Height::GENESIS).map(std::sync::Arc::unwrap_or_clone) {
        let _ = peer.hear(9, Message::Announcement(block.clone()));
    }
    for height in 0..5 {
        let question = Message::BlockRequest { height: Height::new(height) };
        let message = answer(&ours, &question).expect("an answer");
        assert_eq!(peer.hear(1, question), answered(1, message));
    }
    let message = Message::Tip(claim(&ours));
    assert_eq!(peer.hear(1, Message::TipRequest), answered(1, message));
}

#[test]
fn a_call_for_consensus_has_everybody_asked_but_not_over_and_over() {
    let mut peer = Peer::new(by_height(), Mining::Off);
    peer.meet(1..=40);
    let asked = |out: &[Output]| sent(out).filter(|(_, m)| **m == Message::TipRequest).count();
    assert_eq!(asked(&peer.hear(1, Message::Consensus)), 40);
    assert_eq!(asked(&peer.hear(2, Message::Consensus)), 0);
    let _ = peer.wait(Duration::from_secs(1));
    assert_eq!(asked(&peer.hear(2, Message::Consensus)), 40);
}

#[test]
fn a_program_that_answers_from_another_port_is_understood() {
    let rules = by_height();
    let theirs = new_chain(&rules, "they", 40);
    let mut peer = Peer::new(rules, Mining::Off);
    // It states its port where it is heard at another one, and answers from a third.
    let other = |port| Address::new("192.0.2.7", port).expect("a host");
    let gossip = Gossip { origin: other(8999), name: label("they"), id: label("1") };
    let mut out = peer.handle(heard(&other(8999), None, Message::Gossip(gossip)));
    let mut done = 0;
    while done < out.len() {
        if let Output::Send { to: Recipient::One(to), message } = &out[done]
            && *to == other(8999)
            && let Some(message) = answer(&theirs, message)
        {
            out.extend(peer.handle(heard(&other(50_000), None, message)));
        }
        done += 1;
    }
    assert_eq!(peer.engine.ledger().tip(), theirs.tip());
    assert_eq!(peer.engine.peers().collect::<Vec<_>>(), [&other(8999)]);
    // An answer to gossip says where its sender is.
    let reply = Message::GossipReply { address: other(8999), name: label("they") };
    let _ = peer.handle(heard(&other(50_000), None, reply));
    assert_eq!(peer.engine.peers().collect::<Vec<_>>(), [&other(8999)]);
    // From elsewhere, or unasked, it is a stranger's.
    let claim = Message::Tip(Claim { length: 99, hash: BlockHash::from_bytes([7; 32]) });
    let out = peer.handle(heard(&other(50_000), None, claim));
    let refused = Event::MessageRefused { from: other(50_000), reason: Refusal::Stranger };
    assert_eq!(events(&out).collect::<Vec<_>>(), [&refused]);
}

/// Programs may say the height of their last block where others say how many blocks they have.
#[test]
fn who_counts_blocks_otherwise_is_followed_and_told_of_once_the_last_block_is_here() {
    let rules = by_height();
    let theirs = new_chain(&rules, "they", 20);
    let mut peer = Peer::new(rules, Mining::Off);
    peer.meet([1]);
    let more = Claim { length: 21, ..claim(&theirs) };
    let out = claimed(&mut peer, [1], more);
    let _ = peer.converse(out, |_, question| answer(&theirs, question));
    assert_eq!(peer.length(), 20);
    for claimed in [19, 21] {
        let wrong = Claim { length: claimed, ..claim(&theirs) };
        let reason = Refusal::LengthWrong { claimed, length: 20 };
        let refused = Event::MessageRefused { from: address(1), reason };
        let out = peer.hear(1, Message::Tip(wrong));
        assert_eq!(events(&out).collect::<Vec<_>>(), [&refused]);
        assert_eq!(block_requests(&out).count(), 0);
    }
    assert_eq!(peer.hear(1, Message::Tip(claim(&theirs))), []);
}

#[test]
fn who_says_that_it_has_no_chain_is_asked_for_nothing() {
    let mut peer = Peer::new(by_height(), Mining::Off);
    peer.meet([1]);
    let none = Claim { length: 0, hash: BlockHash::from_bytes([0; 32]) };
    assert_eq!(claimed(&mut peer, [1], none), []);
}
