//! Rules Y7 and Y8: fetching headers from one peer, and blocks from all who have them.

use std::collections::BTreeSet;
use std::time::Duration;

use althing_engine::nakamoto::{
    Claim, Cookie, Event, HEADERS_PER_ANSWER, Message, Mining, Output, Refusal, Rules,
};
use althing_ledger::{
    Anything, Block, CompactTarget, Contextual, Invalid, Ledger, NativeBlock, Semantic, SignedEntry,
};
use althing_types::{Address, BlockHash, Height};
use ed25519_dalek::SigningKey;

use crate::common::{
    AllBut, Peer, address, answer, answered, chain, claim, events, headers_first, new_chain, sent,
    template,
};

fn bodies(out: &[Output]) -> impl Iterator<Item = (&Address, BlockHash)> {
    sent(out).filter_map(|(to, message)| match message {
        Message::BodyRequest { hash } => Some((to, *hash)),
        _ => None,
    })
}

/// Has several peers claim a chain, and returns what the peer does about it.
fn claimed(peer: &mut Peer, by: impl IntoIterator<Item = u16>, chain: &Ledger) -> Vec<Output> {
    let message = Message::Tip(claim(chain));
    by.into_iter().flat_map(|from| peer.hear(from, message.clone())).collect()
}

fn peer_knowing(others: std::ops::RangeInclusive<u16>) -> Peer {
    let mut peer = Peer::new(headers_first(), Mining::Off);
    peer.meet(others);
    peer
}

fn is_shunned(out: &[Output], number: u16) -> bool {
    events(out).any(|event| match event {
        Event::PeerShunned { peer, .. } => *peer == address(number),
        _ => false,
    })
}

#[test]
fn headers_come_from_one_and_blocks_from_all() {
    let length = 2 * HEADERS_PER_ANSWER as u64 + 200;
    let theirs = new_chain(&headers_first(), "they", length);
    let mut peer = peer_knowing(1..=3);
    let out = claimed(&mut peer, 1..=3, &theirs);
    let out = peer.converse(out, |_, question| answer(&theirs, question));
    assert_eq!(peer.engine.ledger().tip(), theirs.tip());
    let asked: BTreeSet<&Address> = bodies(&out).map(|(to, _)| to).collect();
    assert_eq!(asked.len(), 3);
    let hashes: BTreeSet<BlockHash> = bodies(&out).map(|(_, hash)| hash).collect();
    assert_eq!(hashes.len() as u64, length - 1, "all but the genesis");
    assert_eq!(bodies(&out).count(), hashes.len(), "and nothing twice");
    let told = events(&out).filter(|event| matches!(event, Event::HeadersFetched { .. }));
    assert_eq!(told.count(), 1, "once all headers are here");
}

#[test]
fn chains_that_part_far_down_are_joined_where_they_part() {
    let rules = headers_first();
    let common = new_chain(&rules, "both", 30);
    let ours = chain(&rules, "we", 100, &common, 30);
    let theirs = chain(&rules, "they", 120, &common, 30);
    let mut peer = peer_knowing(1..=2);
    for block in ours.blocks_from(Height::new(1)).map(std::sync::Arc::unwrap_or_clone) {
        let _ = peer.hear(9, Message::Announcement(block.clone()));
    }
    assert_eq!(peer.length(), 100);
    let out = claimed(&mut peer, 1..=2, &theirs);
    let out = peer.converse(out, |_, question| answer(&theirs, question));
    assert_eq!(peer.engine.ledger().tip(), theirs.tip());
    let fetched: BTreeSet<BlockHash> = bodies(&out).map(|(_, hash)| hash).collect();
    assert_eq!(fetched.len(), 90, "nothing from below the fork");
}

#[test]
fn headers_without_work_are_refused_before_any_block_is_asked_for() {
    let theirs = new_chain(&headers_first(), "they", 20);
    for (bits, has_work) in [(0x2040_0000, true), (0x1d00_ffff, false)] {
        let mut peer = peer_knowing(1..=1);
        let out = claimed(&mut peer, [1], &theirs);
        let out = peer.converse(out, |_, question| {
            let Some(Message::Headers(mut headers)) = answer(&theirs, question) else {
                return None;
            };
            let last = headers.last_mut().expect("nineteen");
            last.bits = CompactTarget::from_consensus(bits);
            while has_work && last.validate_pow(last.target()).is_err() {
                last.nonce += 1;
            }
            Some(Message::Headers(headers))
        });
        let refused = events(&out).any(|event| match event {
            Event::MessageRefused { reason: Refusal::InvalidBlock(invalid), .. } => match invalid {
                Invalid::Contextual(Contextual::DifficultyWrong { .. }) => has_work,
                Invalid::Semantic(Semantic::WorkTooLow { .. }) => !has_work,
                _ => false,
            },
            _ => false,
        });
        assert!(refused && is_shunned(&out, 1));
        assert_eq!((bodies(&out).count(), peer.length()), (0, 1));
    }
}

#[test]
fn a_block_that_is_not_the_one_of_its_header_is_fetched_elsewhere() {
    let theirs = new_chain(&headers_first(), "they", 40);
    let mut peer = peer_knowing(1..=2);
    let out = claimed(&mut peer, 1..=2, &theirs);
    let out = peer.converse(out, |to, question| match answer(&theirs, question) {
        Some(Message::Block(Block::Native(mut block))) if *to == address(1) => {
            block.coinbase.extra_nonce += 1;
            Some(Message::Block(Block::Native(block)))
        }
        answer => answer,
    });
    assert_eq!(peer.engine.ledger().tip(), theirs.tip());
    let named = |event: &Event| match event {
        Event::MessageRefused {
            from,
            reason: Refusal::InvalidBlock(Invalid::Semantic(reason)),
        } => *from == address(1) && matches!(reason, Semantic::RootWrong { .. }),
        _ => false,
    };
    assert!(events(&out).any(named));
}

#[test]
fn blocks_that_nobody_sends_are_given_up() {
    let theirs = new_chain(&headers_first(), "they", 40);
    let mut peer = peer_knowing(1..=1);
    let mut out = claimed(&mut peer, [1], &theirs);
    let mut all = Vec::new();
    for _ in 0..6 {
        all.extend(peer.converse(out, |_, question| match question {
            Message::BodyRequest { .. } => None,
            question => answer(&theirs, question),
        }));
        out = peer.wait(Duration::from_secs(1));
    }
    all.extend(out);
    assert!(is_shunned(&all, 1));
    // Another one has them, and comes with the same headers.
    peer.meet([2]);
    let out = claimed(&mut peer, [2], &theirs);
    let _ = peer.converse(
        out,
        |to, question| {
            if *to == address(2) { answer(&theirs, question) } else { None }
        },
    );
    assert_eq!(peer.engine.ledger().tip(), theirs.tip());
}

#[test]
fn a_chain_with_refused_data_is_followed_up_to_there_and_not_fetched_again() {
    let rules = headers_first();
    let key = SigningKey::from_bytes(&[7; 32]);
    let genesis = rules.chain.chain().expect("everybody has it");
    let refused = SignedEntry::sign(&key, &genesis, "notes", 1, b"x").encode();
    let base = new_chain(&rules, "they", 10);
    let mut theirs = chain(&rules, "they", 10, &base, 10);
    let Block::Native(empty) = template(&theirs, "they", "").with_nonce(0) else {
        panic!("native")
    };
    let NativeBlock { header, coinbase, .. } = empty;
    let parent = theirs.tip().map(|tip| tip.hash);
    let mut block =
        NativeBlock::new(parent, header.time, header.bits, coinbase, [refused.clone()].into());
    while block.header.validate_pow(block.header.target()).is_err() {
        block.header.nonce += 1;
    }
    assert!(theirs.add(Block::Native(block)).is_ok());
    let theirs = chain(&rules, "they", 20, &theirs, 11);

    let mut peer = Peer::with(rules, Mining::Off, Box::new(AllBut::entry(&refused)));
    peer.meet(1..=2);
    let out = claimed(&mut peer, [1], &theirs);
    let out = peer.converse(out, |_, question| answer(&theirs, question));
    assert_eq!(peer.length(), 10, "what comes before is good");
    assert!(is_shunned(&out, 1));
    let out = claimed(&mut peer, [2], &theirs);
    let out = peer.converse(out, |_, question| answer(&theirs, question));
    assert_eq!(bodies(&out).count(), 0);
    assert!(is_shunned(&out, 2));
}

#[test]
fn a_peer_sends_its_headers_and_blocks() {
    let ours = new_chain(&headers_first(), "we", 30);
    let mut peer = peer_knowing(1..=1);
    for block in ours.blocks_from(Height::new(1)).map(std::sync::Arc::unwrap_or_clone) {
        let _ = peer.hear(9, Message::Announcement(block.clone()));
    }
    let unknown = BlockHash::from_bytes([1; 32]);
    let common = ours.hash_at(Height::new(12)).expect("it is long enough");
    let questions = [
        Message::HeadersRequest { locator: vec![unknown, common] },
        Message::HeadersRequest { locator: ours.locator() },
        Message::BodyRequest { hash: common },
        Message::BodyRequest { hash: unknown },
    ];
    for question in questions {
        let message = answer(&ours, &question).expect("an answer");
        assert_eq!(peer.hear(1, question), answered(1, message));
    }
    // Who has nothing in common gets all.
    let out = peer.hear(1, Message::HeadersRequest { locator: vec![unknown] });
    let Some((_, Message::Headers(headers))) = sent(&out).next() else { panic!("headers") };
    assert_eq!(headers.len(), 30);
}

#[test]
fn headers_that_nobody_asked_for_are_refused() {
    let theirs = new_chain(&headers_first(), "they", 3);
    let mut peer = peer_knowing(1..=1);
    let question = Message::HeadersRequest { locator: peer.engine.ledger().locator() };
    let out = peer.hear(1, answer(&theirs, &question).expect("an answer"));
    let reason = Refusal::Unasked;
    assert_eq!(out, [Output::Event(Event::MessageRefused { from: address(1), reason })]);
}

fn with_cookies() -> Rules {
    Rules { has_cookies: true, ..headers_first() }
}

fn cookie(out: &[Output]) -> Option<Cookie> {
    sent(out).find_map(|(_, message)| match message {
        Message::Challenge(cookie) => Some(*cookie),
        _ => None,
    })
}

#[test]
fn who_has_not_shown_that_it_receives_is_sent_a_cookie_and_no_headers_or_blocks() {
    let mut peer = Peer::new(with_cookies(), Mining::Off);
    let genesis = peer.engine.ledger().tip().expect("it is there").hash;
    let headers = Message::HeadersRequest { locator: vec![genesis] };
    let body = Message::BodyRequest { hash: genesis };
    let mut cookies = Vec::new();
    for question in [&headers, &body] {
        for from in [5, 6] {
            let out = peer.hear(from, question.clone());
            let cookie = cookie(&out).expect("it is asked to show that it receives");
            assert_eq!(out, answered(from, Message::Challenge(cookie)));
            cookies.push(cookie);
        }
    }
    assert_ne!(cookies[0], cookies[1], "each address has its own");
    // The cookie of another address shows nothing.
    let refused = |out: &[Output]| {
        let wrong = Event::MessageRefused { from: address(5), reason: Refusal::CookieWrong };
        events(out).any(|event| *event == wrong)
    };
    assert!(refused(&peer.hear(5, Message::Proof(cookies[1]))));
    assert!(cookie(&peer.hear(5, headers.clone())).is_some());
    let claim = Claim { length: 1, hash: genesis };
    assert_eq!(peer.hear(5, Message::Proof(cookies[0])), answered(5, Message::Tip(claim)));
    assert_eq!(peer.hear(5, headers.clone()), answered(5, Message::Headers(vec![])));
    assert!(cookie(&peer.hear(6, headers.clone())).is_some(), "it is another address");
    // After a while it has to show it again: that is asked before it is needed.
    peer.now = peer.now + Duration::from_secs(400);
    assert!(cookie(&peer.hear(5, Message::TipRequest)).is_some());
    assert!(sent(&peer.hear(5, headers.clone())).any(|(_, it)| *it == Message::Headers(vec![])));
    peer.now = peer.now + Duration::from_secs(400);
    assert!(sent(&peer.hear(5, headers)).all(|(_, it)| matches!(it, Message::Challenge(_))));
    assert!(refused(&peer.hear(5, Message::Proof(cookies[0]))), "it is too old");
}

#[test]
fn a_crowd_of_forged_addresses_keeps_nobody_from_the_chain() {
    let theirs = new_chain(&with_cookies(), "they", 30);
    let mut peer = Peer::new(with_cookies(), Mining::Off);
    for block in theirs.blocks_from(Height::new(1)).map(std::sync::Arc::unwrap_or_clone) {
        let _ = peer.hear(9, Message::Announcement(block));
    }
    let genesis = theirs.block_at(Height::GENESIS).expect("it is there").hash_after(None);
    let headers = Message::HeadersRequest { locator: vec![genesis] };
    for question in [&Message::TipRequest, &headers, &Message::BodyRequest { hash: genesis }] {
        for from in 1000..20_000 {
            let _ = peer.hear(from, question.clone());
        }
    }
    // A newcomer comes to the chain all the same.
    let mut newcomer = Peer::seeded(8, with_cookies(), Mining::Off, Box::new(Anything));
    newcomer.meet([1]);
    let mut to_peer = vec![Message::TipRequest];
    while let Some(message) = to_peer.pop() {
        for (_, answer) in sent(&peer.hear(7, message)) {
            let more = newcomer.hear(1, answer.clone());
            to_peer.extend(sent(&more).map(|(_, message)| message.clone()));
        }
    }
    assert_eq!(newcomer.engine.ledger().tip(), theirs.tip());
}

#[test]
fn what_was_asked_is_repeated_once_when_a_peer_wants_a_proof() {
    let theirs = new_chain(&with_cookies(), "they", 30);
    let mut peer = Peer::new(with_cookies(), Mining::Off);
    peer.meet([1]);
    let question = claimed(&mut peer, [1], &theirs);
    let question = sent(&question).next().map(|(_, it)| it.clone()).expect("it wants headers");
    let challenge = Message::Challenge(Cookie([7; 16]));
    let proof = Message::Proof(Cookie([7; 16]));
    let out = peer.hear(1, challenge.clone());
    let said: Vec<&Message> = sent(&out).map(|(_, message)| message).collect();
    assert_eq!(said, [&proof, &question]);
    assert_eq!(peer.hear(1, challenge.clone()), answered(1, proof));
    let refused = Event::MessageRefused { from: address(2), reason: Refusal::Stranger };
    assert_eq!(peer.hear(2, challenge), [Output::Event(refused)]);
}
