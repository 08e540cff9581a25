//! What a change of the best chain changes in what a restart finds.

use althing_engine::nakamoto::Durable;
use althing_engine::{Change, Gap, Recovered};
use althing_ledger::Block;
use althing_types::Height;

use crate::common::{by_height, new_chain};

/// Returns a change to these blocks, from the first of them on.
fn change(blocks: &[Block]) -> Durable {
    let from = blocks.first().map_or(Height::GENESIS, Block::height);
    Durable { from, blocks: blocks.to_vec(), own: None }
}

fn blocks(miner: &str) -> Vec<Block> {
    let chain = new_chain(&by_height(), miner, 6);
    let block = |height| chain.block_at(Height::new(height)).expect("below its length");
    (0..6).map(|height| (*block(height)).clone()).collect()
}

fn after(durables: &[Durable]) -> Recovered<Durable> {
    let mut recovered = Recovered::default();
    for durable in durables {
        assert!(recovered.apply(durable).is_ok(), "{durable:?}");
    }
    recovered
}

#[test]
fn blocks_are_appended() {
    let ours = blocks("we");
    let mut recovered = after(&[change(&ours[..2])]);
    let durable = change(&ours[2..5]);
    let applied = recovered.apply(&durable);
    assert_eq!(applied, Ok(Some(Change { from: 2, entries: &ours[2..5] })));
    assert_eq!(recovered.log, 0..5);
}

#[test]
fn a_reorganisation_truncates_the_log() {
    let (ours, theirs) = (blocks("we"), blocks("they"));
    let mut recovered = after(&[change(&ours)]);
    let durable = change(&theirs[1..3]);
    let applied = recovered.apply(&durable);
    assert_eq!(applied, Ok(Some(Change { from: 1, entries: &theirs[1..3] })));
    assert_eq!(recovered.log, 0..3);
    // Also without any block in their place.
    assert!(recovered.apply(&Durable { from: Height::new(2), ..Durable::default() }).is_ok());
    assert_eq!(recovered.log, 0..2);
}

#[test]
fn a_gap_is_refused_and_changes_nothing() {
    let ours = blocks("we");
    let before = after(&[change(&ours[..2])]);
    let mut recovered = before.clone();
    let gap = Gap { found: 3, log: (0, 2) };
    assert_eq!(recovered.apply(&change(&ours[3..])), Err(gap));
    assert_eq!(recovered, before);
}

#[test]
fn a_genesis_that_everybody_has_need_not_be_in_the_log() {
    let ours = blocks("we");
    let mut recovered = after(&[change(&ours[1..4])]);
    assert_eq!((recovered.log.clone(), recovered.next()), (1..4, 4));
    let gap = Gap { found: 0, log: (1, 4) };
    assert_eq!(recovered.apply(&change(&ours)), Err(gap), "it begins where it began");
    assert!(recovered.apply(&change(&ours[1..2])).is_ok());
    assert_eq!(recovered.log, 1..2);
}
