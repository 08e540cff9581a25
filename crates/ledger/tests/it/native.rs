//! Blocks of our own networks: Bitcoin's header, signed entries, a timetable.

use std::time::Duration;

use althing_ledger::{
    Anything, Asert, Block, Choice, Coinbase, CompactTarget, Contextual, DifficultyRule,
    EntriesRefused, Entry, EntryRefused, Format, Genesis, Header, Invalid, Ledger, Limits,
    NativeBlock, NotSigned, Once, Outcome, Own, Preimage, Proposal, Rules, Semantic, SignedEntry,
    Structural, Target, Ties, Times, merkle::leaf,
};
use althing_types::{BlockHash, Height, UnixTime};
use bitcoin::hashes::Hash;
use ed25519_dalek::SigningKey;

const START: u32 = 1_700_000_000;
const BLOCK_TIME: u32 = 10;

/// Every second hash will do.
fn easiest() -> CompactTarget {
    CompactTarget::from_consensus(0x207f_ffff)
}

fn genesis() -> NativeBlock {
    let coinbase = Coinbase { height: Height::GENESIS, miner: "".into(), extra_nonce: 0 };
    NativeBlock::new(None, START, easiest(), coinbase, [].into())
}

fn rules() -> Rules {
    Rules {
        format: Format::Native,
        limits: Limits {
            entries: 0..=3,
            entry_length_max: 300,
            nonce_chars_max: 0,
            miner_chars_max: 20,
            own: Own::UNLIMITED,
        },
        difficulty: DifficultyRule::Asert(Asert {
            block_time: Duration::from_secs(BLOCK_TIME.into()),
            half_life: Duration::from_secs(100),
            easiest: easiest(),
        }),
        times: Times::MedianPast { ahead_max: Duration::from_secs(7200) },
        genesis: Genesis::Given(Box::new(Block::Native(genesis()))),
        choice: Choice::MostWork(Ties::FirstSeen),
    }
}

fn ledger() -> Ledger {
    let mut ledger = Ledger::new(rules(), Box::new(Once::new(Box::new(Anything))));
    ledger.set_clock(UnixTime::from_seconds((START + 1_000).into()));
    ledger
}

fn chain_id() -> BlockHash {
    rules().chain().expect("everybody has the genesis")
}

fn note(nonce: u64) -> Entry {
    let key = SigningKey::from_bytes(&[7; 32]);
    SignedEntry::sign(&key, &chain_id(), "notes", nonce, b"hello").encode()
}

/// Returns a block on the tip, before its work.
fn template(ledger: &Ledger, time: u32, entries: Vec<Entry>) -> althing_ledger::Template {
    let now = UnixTime::from_seconds(time.into());
    ledger.template(Proposal { miner: "us", now, entries }).expect("it fits")
}

fn mine(ledger: &Ledger, time: u32, entries: Vec<Entry>) -> NativeBlock {
    let template = template(ledger, time, entries);
    let nonce = template.search(0..1 << 32).expect("it is easy");
    let Block::Native(block) = template.with_nonce(nonce) else { panic!("a native block") };
    block
}

fn mine_and_add(ledger: &mut Ledger, time: u32, entries: Vec<Entry>) -> NativeBlock {
    let block = mine(ledger, time, entries);
    let outcome = ledger.add(Block::Native(block.clone()));
    assert!(matches!(outcome, Ok(Outcome::Adopted(_))), "{outcome:?}");
    block
}

/// Changes the nonce until the hash meets the target that the block states.
fn work(mut block: NativeBlock) -> NativeBlock {
    let target = Target::AtMost(block.header.bits);
    while !target.is_met_by(&Block::Native(block.clone()).hash_after(None)) {
        block.header.nonce += 1;
    }
    block
}

fn refusal(ledger: &mut Ledger, block: NativeBlock) -> Invalid {
    ledger.add(Block::Native(block)).expect_err("it breaks a rule")
}

#[test]
fn a_miner_of_bitcoin_finds_the_root_from_the_extra_nonce_and_the_branch_of_the_coinbase() {
    let ledger = ledger();
    for count in 0..=3 {
        let proposal = Proposal {
            miner: "ann",
            now: UnixTime::from_seconds((START + 1_000).into()),
            entries: (0..count).map(note).collect(),
        };
        let template = ledger.template(proposal).expect("a block may hold this");
        let block = template.native().expect("it has a header");
        let (before, after) = block.around_extra_nonce();
        for extra_nonce in [0_u64, 1, 0x0123_4567, u32::MAX.into()] {
            let coinbase = [&before[..], &extra_nonce.to_be_bytes(), &after].concat();
            let Block::Native(solved) = template.with_nonce(extra_nonce << 32 | 7) else {
                panic!("it is one of ours")
            };
            let root = block.coinbase_branch().root_over(leaf(&coinbase));
            assert_eq!(solved.header.merkle_root.to_byte_array(), root, "{count} entries");
            let mut other = block.clone();
            other.set_extra_nonce(extra_nonce);
            other.header.nonce = 7;
            assert_eq!(other, solved);
        }
    }
}

#[test]
fn the_header_is_bitcoins() {
    let header = bitcoin::constants::genesis_block(bitcoin::Network::Bitcoin).header;
    let block = Block::Native(NativeBlock { header, ..genesis() });
    let hash = "6fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000";
    assert_eq!(block.hash_after(None).to_string(), hash);
    let reversed = header.block_hash().to_string();
    assert_eq!(reversed, "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f");
}

#[test]
fn a_chain_keeps_to_its_timetable() {
    let mut ledger = ledger();
    let mut bits = Vec::new();
    for number in 1..=60_u32 {
        // Twice as fast as planned: half a half-life early after every ten blocks.
        let block =
            mine_and_add(&mut ledger, START + number * BLOCK_TIME / 2, vec![note(number.into())]);
        bits.push(block.header.bits);
    }
    assert_eq!(ledger.length(), 61);
    assert!(bits.is_sorted_by(|before, after| before >= after), "never easier");
    let work = |bits| Target::AtMost(bits).work().hashes();
    assert_eq!(work(easiest()), 2);
    // Five minutes early after sixty blocks, which is three half-lives.
    assert!((14..=18).contains(&work(bits[59])), "{}", work(bits[59]));
}

#[test]
fn an_entry_is_proven_to_who_has_only_the_header() {
    let mut ledger = ledger();
    let entries: Vec<Entry> = (0..3).map(note).collect();
    let block = mine_and_add(&mut ledger, START + 5, entries.clone());
    for (index, entry) in entries.iter().enumerate() {
        let proof = block.prove(index).expect("it has that many");
        for other in &entries {
            assert_eq!(NativeBlock::is_proven(&block.header, other, &proof), other == entry);
        }
    }
    assert_eq!(block.prove(3), None);
    let other = Header { merkle_root: bitcoin::TxMerkleNode::all_zeros(), ..block.header };
    let proof = block.prove(0).expect("it has an entry");
    assert!(!NativeBlock::is_proven(&other, &entries[0], &proof));
    // Neither a coinbase nor an entry has the length of two hashes.
    assert_ne!(entries[0].as_bytes().len(), 64);
    assert_ne!(leaf(entries[0].as_bytes()), leaf(entries[1].as_bytes()));
}

#[test]
fn each_rule_broken_alone_is_named() {
    let mut ledger = ledger();
    mine_and_add(&mut ledger, START + 5, vec![note(1)]);
    let good = || mine(&ledger, START + 9, vec![note(2)]);
    let mut at = ledger_like(&ledger);

    let mut block = good();
    block.entries = [note(3)].into();
    assert!(matches!(refusal(&mut at, block), Invalid::Semantic(Semantic::RootWrong { .. })));

    let mut block = good();
    block.coinbase.extra_nonce += 1;
    assert!(matches!(refusal(&mut at, block), Invalid::Semantic(Semantic::RootWrong { .. })));

    let mut block = good();
    while Target::AtMost(easiest()).is_met_by(&Block::Native(block.clone()).hash_after(None)) {
        block.header.nonce += 1;
    }
    assert!(matches!(refusal(&mut at, block), Invalid::Semantic(Semantic::WorkTooLow { .. })));

    let other_chain = BlockHash::from_bytes([9; 32]);
    let key = SigningKey::from_bytes(&[7; 32]);
    let foreign = SignedEntry::sign(&key, &other_chain, "notes", 2, b"x").encode();
    let block = mine(&ledger, START + 9, vec![note(2), foreign.clone()]);
    let reason = NotSigned::SignatureWrong;
    let error = Semantic::EntryNotAuthentic { index: 1, reason };
    assert_eq!(refusal(&mut at, block), error.clone().into());
    let error = Semantic::EntryNotAuthentic { index: 0, reason };
    assert_eq!(ledger.check_entry(&foreign), Err(EntryRefused::Semantic(error)));

    let block = mine(&ledger, START + 9, vec![Entry::text("hello")]);
    assert_eq!(refusal(&mut at, block), Structural::EntryNotSigned { index: 0 }.into());

    let NativeBlock { header, coinbase, entries } = good();
    let harder = CompactTarget::from_consensus(0x2040_0000);
    let parent = Some(BlockHash::from_bytes(header.prev_blockhash.to_byte_array()));
    let block = work(NativeBlock::new(parent, header.time, harder, coinbase, entries));
    let stated = Target::AtMost(harder);
    let hash = Block::Native(block.clone()).hash_after(None);
    assert_eq!(refusal(&mut at, block), Contextual::DifficultyWrong { hash, stated }.into());

    let mut block = good();
    block.header.bits = CompactTarget::from_consensus(0);
    let height = Height::new(2);
    assert_eq!(refusal(&mut at, block), Semantic::Unfindable { height }.into());

    let block = mine(&ledger, START + 9, vec![note(1)]);
    let hash = Block::Native(block.clone()).hash_after(None);
    let reason = EntriesRefused::because("an entry that the chain holds already");
    assert_eq!(refusal(&mut at, block), Contextual::EntriesRefused { hash, reason }.into());
    let block = mine(&ledger, START + 9, vec![note(2), note(2)]);
    assert!(matches!(refusal(&mut at, block), Invalid::Semantic(Semantic::RootWrong { .. })));

    assert!(matches!(at.add(Block::Native(good())), Ok(Outcome::Adopted(_))));
}

#[test]
fn a_block_with_its_end_repeated_does_not_spoil_the_one_whose_hash_it_has() {
    let mut ledger = ledger();
    let good = mine(&ledger, START + 5, vec![note(1), note(2)]);
    let repeated = NativeBlock { entries: [note(1), note(2), note(2)].into(), ..good.clone() };
    let hash = Block::Native(good.clone()).hash_after(None);
    assert_eq!(refusal(&mut ledger, repeated), Semantic::RootWrong { hash }.into());
    assert!(matches!(ledger.add(Block::Native(good)), Ok(Outcome::Adopted(_))));
}

/// Returns a ledger with the same blocks.
fn ledger_like(other: &Ledger) -> Ledger {
    let mut same = ledger();
    for block in other.blocks_from(Height::new(1)) {
        assert!(same.add((*block).clone()).is_ok());
    }
    same
}

#[test]
fn a_time_is_after_the_median_and_not_far_ahead() {
    let mut ledger = ledger();
    for number in 1..=20 {
        mine_and_add(&mut ledger, START + number * BLOCK_TIME, vec![]);
    }
    // The median of blocks 10 to 20 is the time of block 15.
    let median = START + 15 * BLOCK_TIME;
    let at = |time: u32| {
        let mut block = mine(&ledger, START + 205, vec![]);
        block.header.time = time;
        work(block)
    };
    let stated = UnixTime::from_seconds(median.into());
    let mut same = ledger_like(&ledger);
    let block = at(median);
    let hash = Block::Native(block.clone()).hash_after(None);
    let error = Contextual::TooOld { hash, stated, median: stated };
    assert_eq!(refusal(&mut same, block), error.into());

    let ahead = at(START + 1_000 + 7_201);
    let error = refusal(&mut same, ahead.clone());
    assert!(matches!(error, Invalid::Contextual(Contextual::TooNew { .. })));
    // Time passes, and then it is valid.
    same.set_clock(UnixTime::from_seconds((START + 1_001).into()));
    assert!(matches!(same.add(Block::Native(ahead)), Ok(Outcome::Adopted(_))));
    let mut same = ledger_like(&ledger);
    assert!(matches!(same.add(Block::Native(at(median + 1))), Ok(Outcome::Adopted(_))));
    // Who proposes a block with a clock that is behind states a time that is allowed.
    let late = mine(&ledger, START, vec![]);
    assert_eq!(late.header.time, median + 1);
}

#[test]
fn nonces_beyond_those_of_the_header_go_on_with_another_extra_nonce() {
    let ledger = ledger();
    let template = template(&ledger, START + 5, vec![note(1)]);
    for (high, low) in [(0, 5), (1, 0), (3, u32::MAX)] {
        let number = u64::from(high) << 32 | u64::from(low);
        let Block::Native(block) = template.with_nonce(number) else { panic!("native") };
        assert_eq!((block.coinbase.extra_nonce, block.header.nonce), (high.into(), low));
        let Preimage::Header(mut bytes) = template.preimage(high) else { panic!("a header") };
        bytes[76..].copy_from_slice(&low.to_le_bytes());
        let digest = leaf(&*bytes);
        assert_eq!(Block::Native(block).hash_after(None), BlockHash::from_bytes(digest));
    }
}
