//! Rules X2 to X4: who signs what no honest peer does is not heard any more, and nobody else.

use std::time::Duration;

use althing_engine::nakamoto::{Event, Message, Mining, Output};
use althing_ledger::{Block, Ledger, NativeBlock, SignedEntry};
use althing_types::{BlockHash, PeerKey};
use ed25519_dalek::SigningKey;

use crate::common::{
    AllBut, Peer, address, answer, claim, events, headers_first, heard, label, malformed, mined,
    new_chain, sent, template,
};

const LIAR: PeerKey = PeerKey::from_bytes([1; 32]);
const HONEST: PeerKey = PeerKey::from_bytes([2; 32]);

fn hear(peer: &mut Peer, from: u16, signer: PeerKey, message: Message) -> Vec<Output> {
    peer.handle(heard(&address(from), Some(signer), message))
}

fn is_banned(out: &[Output]) -> bool {
    events(out).any(|event| matches!(event, Event::PeerBanned { key: LIAR, .. }))
}

/// Returns whether one who signs this again and again is banned in the end.
fn gets_banned(peer: &mut Peer, message: &Message) -> bool {
    (0..10).any(|_| is_banned(&hear(peer, 1, LIAR, message.clone())))
}

fn peer() -> Peer {
    Peer::new(headers_first(), Mining::Off)
}

fn next_block() -> NativeBlock {
    let chain = new_chain(&headers_first(), "they", 1);
    match mined(&template(&chain, "they", "")) {
        Block::Native(block) => block,
        _ => panic!("native"),
    }
}

fn announce(block: NativeBlock) -> Message {
    Message::Announcement(Block::Native(block))
}

fn with_work(mut block: NativeBlock) -> NativeBlock {
    while block.header.validate_pow(block.header.target()).is_err() {
        block.header.nonce += 1;
    }
    block
}

fn note(genesis: BlockHash) -> SignedEntry {
    SignedEntry::sign(&SigningKey::from_bytes(&[7; 32]), &genesis, "notes", 1, b"x")
}

#[test]
fn what_is_invalid_at_any_time_is_held_against_its_signer() {
    let genesis = headers_first().chain.chain().expect("everybody has it");
    let mut other_root = next_block();
    other_root.coinbase.extra_nonce += 1;
    let mut too_old = next_block();
    too_old.header.time = 1_699_990_000;
    let entry = note(BlockHash::from_bytes([9; 32])).encode();
    let cases = [
        announce(other_root),
        announce(with_work(too_old)),
        Message::Entry(entry),
        Message::Entry(althing_ledger::Entry::text("not signed")),
    ];
    for message in cases {
        assert!(gets_banned(&mut peer(), &message), "{message:?}");
    }
    let malformed = |peer: &mut Peer| peer.handle(malformed(LIAR));
    let mut peer = peer();
    assert!((0..5).any(|_| is_banned(&malformed(&mut peer))));
    assert!(!gets_banned(&mut peer, &Message::Entry(note(genesis).encode())), "it is already");
}

#[test]
fn what_can_happen_to_the_honest_is_held_against_nobody() {
    let genesis = headers_first().chain.chain().expect("everybody has it");
    let far = new_chain(&headers_first(), "they", 5);
    let mut too_new = next_block();
    too_new.header.time = 1_700_100_000;
    let entry = note(genesis).encode();
    let unfit = Peer::with(headers_first(), Mining::Off, Box::new(AllBut::entry(&entry)));
    let tip = far
        .tip()
        .and_then(|tip| far.block(&tip.hash).map(std::sync::Arc::unwrap_or_clone))
        .expect("five blocks");
    let cases = [
        (peer(), announce(with_work(too_new))),
        (peer(), announce(next_block())),
        (peer(), Message::Announcement(tip.clone())),
        (peer(), Message::Block(tip)),
        (peer(), Message::NoBlock),
        (peer(), Message::Headers(Vec::new())),
        (peer(), Message::BlockRequest { height: althing_types::Height::GENESIS }),
        (unfit, Message::Entry(entry)),
    ];
    for (mut peer, message) in cases {
        assert!(!gets_banned(&mut peer, &message), "{message:?}");
    }
}

/// Returns a chain with a block whose entry `refused` an application may refuse.
fn chain_with(refused: &althing_ledger::Entry) -> Ledger {
    let mut chain = new_chain(&headers_first(), "they", 1);
    let NativeBlock { header, coinbase, .. } = next_block();
    let parent = chain.tip().map(|tip| tip.hash);
    let entries = [refused.clone()].into();
    let block = NativeBlock::new(parent, header.time, header.bits, coinbase, entries);
    assert!(chain.add(Block::Native(with_work(block))).is_ok());
    chain
}

#[test]
fn a_block_that_the_application_refuses_is_held_against_who_announces_it_and_not_who_has_it() {
    let refused = note(headers_first().chain.chain().expect("everybody has it")).encode();
    let theirs = chain_with(&refused);
    let unfit = || Peer::with(headers_first(), Mining::Off, Box::new(AllBut::entry(&refused)));
    let tip = theirs
        .tip()
        .and_then(|tip| theirs.block(&tip.hash).map(std::sync::Arc::unwrap_or_clone))
        .expect("a block");
    assert!(gets_banned(&mut unfit(), &Message::Announcement(tip)));
    // One more offence, and it is banned.
    let mut peer = unfit();
    for _ in 0..4 {
        assert!(!is_banned(&peer.handle(malformed(LIAR))));
    }
    peer.meet([1]);
    let mut out = hear(&mut peer, 1, LIAR, Message::Tip(claim(&theirs)));
    for _headers_and_then_the_block in 0..2 {
        let answered = sent(&out).find_map(|(_, question)| answer(&theirs, question));
        out = hear(&mut peer, 1, LIAR, answered.expect("it is asked for more"));
        assert!(!is_banned(&out));
    }
    let shunned = |event: &Event| matches!(event, Event::PeerShunned { .. });
    assert!(events(&out).any(shunned), "the block has come, and was refused");
    assert!(is_banned(&peer.handle(malformed(LIAR))));
}

#[test]
fn who_is_banned_is_forgotten_and_not_heard_for_an_hour() {
    let mut peer = peer();
    let reply = |from| Message::GossipReply { address: address(from), name: label("they") };
    let _ = hear(&mut peer, 1, LIAR, reply(1));
    let _ = hear(&mut peer, 2, HONEST, reply(2));
    // It speaks from the honest one's address as well, which stays known.
    let _ = hear(&mut peer, 2, LIAR, Message::TipRequest);
    let mut bad = next_block();
    bad.coinbase.extra_nonce += 1;
    assert!(gets_banned(&mut peer, &announce(bad)));
    assert_eq!(peer.engine.peers().collect::<Vec<_>>(), [&address(2)]);
    assert_eq!(hear(&mut peer, 1, LIAR, reply(1)), []);
    assert_eq!(hear(&mut peer, 2, LIAR, Message::TipRequest), []);
    assert_ne!(hear(&mut peer, 2, HONEST, Message::TipRequest), []);
    let _ = peer.wait(Duration::from_secs(3600));
    assert_ne!(hear(&mut peer, 1, LIAR, reply(1)), []);
}
