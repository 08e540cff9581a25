//! Each rule, broken alone.

use althing_ledger::{
    Anything, AviaryBlock, BAD_BLOCKS_MAX, Block, Choice, Contextual, Cs60Block, EntriesRefused,
    Entry, Genesis, Invalid, Ledger, Outcome, Rules, SIDE_BLOCKS_MAX, Structural, Ties,
};
use althing_types::{BlockHash, Height, UnixTime};

use crate::common::{OnceEach, easy, limits, mine, mine_and_add};

fn aviary_block(miner: &str, messages: &[&str], nonce: &str) -> Block {
    let mut block = AviaryBlock {
        height: Height::GENESIS,
        miner: miner.into(),
        messages: messages.iter().map(|message| Entry::text(message)).collect(),
        time: Some(UnixTime::from_seconds(1)),
        nonce: nonce.into(),
        hash: BlockHash::from_bytes([0; 32]),
    };
    block.hash = Block::Aviary(block.clone()).hash_after(None);
    Block::Aviary(block)
}

fn child_of(parent: &BlockHash, height: u64, datum: &str) -> Block {
    let (height, parent) = (Height::new(height), Some(*parent));
    Block::Cs60(Cs60Block { height, parent, datum: Entry::text(datum), nonce: 0, odd: None })
}

#[test]
fn a_block_that_does_not_look_like_one_is_refused_by_the_rule_it_breaks() {
    let rules = Rules {
        format: althing_ledger::Format::Aviary { timed: true },
        genesis: Genesis::Mined(None),
        choice: Choice::MostWork(Ties::FirstSeen),
        limits: limits(1..=10),
        ..easy()
    };
    let long = "ä".repeat(101);
    let cases = [
        (Block::Cs60(Cs60Block::genesis()), Structural::Format),
        (aviary_block("us", &[], "1"), Structural::EntryCount { found: 0, wanted: 1..=10 }),
        (aviary_block("us", &["x"; 11], "1"), Structural::EntryCount { found: 11, wanted: 1..=10 }),
        (
            aviary_block("us", &["x", &long], "1"),
            Structural::EntryTooLong { index: 1, found: 101, max: 100 },
        ),
        (aviary_block("us", &["x"], &long[..82]), Structural::NonceTooLong { found: 41, max: 40 }),
        (aviary_block(&long[..42], &["x"], "1"), Structural::MinerTooLong { found: 21, max: 20 }),
    ];
    for (block, error) in cases {
        let mut ledger = Ledger::new(rules.clone(), Box::new(Anything));
        assert_eq!(ledger.add(block), Err(error.into()));
        assert_eq!(ledger.tip(), None);
    }
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let mut ledger = Ledger::new(easy(), Box::new(Anything));
    let Block::Cs60(mut block) = mine(&ledger, "x") else { panic!("a block of cs60") };
    block.datum = Entry::new([0xff]);
    let error = Structural::EntryNotText { index: 0 };
    assert_eq!(ledger.add(Block::Cs60(block)), Err(error.into()));
}

#[test]
fn only_the_genesis_of_the_network_is_one() {
    let mut ledger = Ledger::new(easy(), Box::new(Anything));
    let known = Block::Cs60(Cs60Block::genesis());
    assert_eq!(ledger.add(known), Ok(Outcome::Known));
    let other = Block::Cs60(Cs60Block { nonce: 1, ..Cs60Block::genesis() });
    let hash = other.hash_after(None);
    assert_eq!(ledger.add(other), Err(Contextual::OtherGenesis { hash }.into()));
}

#[test]
fn what_the_application_refuses_is_bad_for_ever_and_so_is_all_above_it() {
    let mut ledger = Ledger::new(easy(), Box::new(OnceEach::default()));
    mine_and_add(&mut ledger, "a");
    let before = ledger.tip();
    let again = mine(&ledger, "a");
    let hash = again.hash_after(None);
    let reason = EntriesRefused::because("it is there");
    let refused = Contextual::EntriesRefused { hash, reason };
    assert_eq!(ledger.add(again.clone()), Err(refused.into()));
    assert_eq!(ledger.add(again), Err(Contextual::KnownBad { hash }.into()));
    assert_eq!(ledger.add(child_of(&hash, 3, "b")), Ok(Outcome::ParentMissing));
    assert_eq!(ledger.tip(), before);
}

#[test]
fn a_branch_with_bad_data_is_left_out_although_it_has_more_work() {
    let mut ledger = Ledger::new(easy(), Box::new(OnceEach::default()));
    let genesis = ledger.tip().expect("a genesis").hash;
    mine_and_add(&mut ledger, "a");
    mine_and_add(&mut ledger, "b");
    let tip = ledger.tip();
    // As long as it is on the side nobody asks the application; then its second block is the
    // trouble, and the first one stays.
    let first = child_of(&genesis, 1, "c");
    let second = child_of(&first.hash_after(None), 2, "refused");
    let third = child_of(&second.hash_after(None), 3, "d");
    assert_eq!(ledger.add(first), Ok(Outcome::Side));
    assert_eq!(ledger.add(second.clone()), Ok(Outcome::Side));
    let error = ledger.add(third.clone()).expect_err("its parent holds what is refused");
    assert!(matches!(error, Invalid::Contextual(Contextual::EntriesRefused { .. })));
    assert_eq!(ledger.tip(), tip);
    assert_eq!(ledger.side_blocks(), 1);
    assert_eq!(ledger.add(third), Ok(Outcome::ParentMissing));
    let hash = second.hash_after(None);
    assert_eq!(ledger.add(second), Err(Contextual::KnownBad { hash }.into()));
    assert!(ledger.check_entry(&Entry::text("c")).is_ok());
    assert!(ledger.check_entry(&Entry::text("a")).is_err());
}

#[test]
fn a_bad_block_does_not_spoil_a_good_one_with_its_hash() {
    let rules = Rules {
        format: althing_ledger::Format::Aviary { timed: true },
        genesis: Genesis::Mined(None),
        choice: Choice::MostWork(Ties::FirstSeen),
        limits: limits(1..=10),
        ..easy()
    };
    let mut ledger = Ledger::new(rules, Box::new(OnceEach::default()));
    let bad = aviary_block("us", &["refused"], "1");
    let good = aviary_block("usr", &["efused"], "1");
    assert_eq!(bad.hash_after(None), good.hash_after(None));
    let error = ledger.add(bad.clone()).expect_err("the application says so");
    assert!(matches!(error, Invalid::Contextual(Contextual::EntriesRefused { .. })));
    assert!(matches!(ledger.add(good), Ok(Outcome::Adopted(_))));
    assert_eq!(ledger.add(bad), Ok(Outcome::Known));
}

#[test]
fn bad_blocks_and_side_blocks_are_bounded() {
    let mut ledger = Ledger::new(easy(), Box::new(OnceEach::default()));
    let genesis = ledger.tip().expect("a genesis").hash;
    let first = mine_and_add(&mut ledger, "a").hash_after(None);
    let refused = |nonce: usize| {
        let (height, datum) = (Height::new(2), Entry::text("refused"));
        let nonce = nonce as u64;
        Block::Cs60(Cs60Block { height, parent: Some(first), datum, nonce, odd: None })
    };
    for nonce in 0..=BAD_BLOCKS_MAX {
        assert!(ledger.add(refused(nonce)).is_err());
    }
    let is_remembered = |ledger: &mut Ledger, nonce| {
        let error = ledger.add(refused(nonce));
        matches!(error, Err(Invalid::Contextual(Contextual::KnownBad { .. })))
    };
    assert!(is_remembered(&mut ledger, BAD_BLOCKS_MAX));
    assert!(!is_remembered(&mut ledger, 0), "the first is forgotten");

    for number in 0..SIDE_BLOCKS_MAX + 10 {
        let side = child_of(&genesis, 1, &format!("side {number}"));
        assert_eq!(ledger.add(side), Ok(Outcome::Side));
        assert!(ledger.side_blocks() <= SIDE_BLOCKS_MAX);
    }
    assert_eq!(ledger.side_blocks(), SIDE_BLOCKS_MAX);
    assert_eq!(ledger.length(), 2);
}
