//! Blocks that are on disk are not kept in memory, and nothing else is different; and whatever
//! order blocks come in, the application's state is that of a fold from the genesis.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use althing_ledger::{
    Adoption, Application, Archive, Block, BlockContext, CACHED_BLOCKS, Cs60Block, EntriesRefused,
    Entry, Ledger, Outcome,
};
use althing_types::{BlockHash, Height, UnixTime};
use proptest::prelude::*;

use crate::common::{OnceEach, easy, mine_and_add};

/// A disk without the genesis, which is written when the test says so.
#[derive(Clone, Debug, Default)]
struct Disk(Arc<Mutex<Vec<Block>>>);

impl Disk {
    fn write(&self, adoption: &Adoption) {
        let mut blocks = self.0.lock().expect("no test has failed");
        let from = adoption.connected[0].block.height().number();
        blocks.truncate(usize::try_from(from - 1).expect("short"));
        blocks.extend(adoption.connected.iter().map(|connected| (*connected.block).clone()));
    }

    fn clear(&self) {
        self.0.lock().expect("no test has failed").clear();
    }

    fn ledger(&self) -> Ledger {
        let archive = Box::new(self.clone());
        Ledger::recover(easy(), Box::new(OnceEach::default()), archive, UnixTime::default())
    }
}

impl Archive for Disk {
    fn heights(&self) -> Range<u64> {
        1..1 + self.0.lock().expect("no test has failed").len() as u64
    }

    fn block(&self, height: Height) -> Option<Block> {
        let place = usize::try_from(height.number().checked_sub(1)?).ok()?;
        self.0.lock().expect("no test has failed").get(place).cloned()
    }
}

fn in_memory() -> Ledger {
    Ledger::new(easy(), Box::new(OnceEach::default()))
}

/// Returns the blocks of a chain of its own, after the first `shared` of another.
fn chain(base: &[Block], shared: usize, name: &str, length: usize) -> Vec<Block> {
    let mut ledger = in_memory();
    for block in &base[..shared] {
        ledger.add(block.clone()).expect("it is valid");
    }
    let own = |number| mine_and_add(&mut ledger, &format!("{name} {number}"));
    base[..shared].iter().cloned().chain((shared..length).map(own).collect::<Vec<_>>()).collect()
}

fn assert_same(ledger: &Ledger, other: &Ledger) {
    assert_eq!(ledger.tip(), other.tip());
    assert!(ledger.blocks_from(Height::GENESIS).eq(other.blocks_from(Height::GENESIS)));
    assert_eq!(ledger.blocks_from(Height::GENESIS).count() as u64, ledger.length());
    assert_eq!(format!("{:?}", ledger.application()), format!("{:?}", other.application()));
}

#[test]
fn old_blocks_are_on_disk_and_a_reorganisation_finds_them_there() {
    let disk = Disk::default();
    let (mut ledger, mut reference) = (disk.ledger(), in_memory());
    let ours = chain(&[], 0, "ours", 2 * CACHED_BLOCKS);
    let theirs = chain(&ours, 100, "theirs", 2 * CACHED_BLOCKS + 1);
    let mut unwritten = Vec::new();
    for block in ours.iter().chain(&theirs[100..]) {
        let outcome = ledger.add(block.clone());
        assert_eq!(outcome, reference.add(block.clone()));
        if let Ok(Outcome::Adopted(adoption)) = outcome {
            unwritten.push(adoption);
        }
        // A disk is late: what it does not have yet stays in memory.
        if unwritten.len() == 100 {
            unwritten.drain(..).for_each(|adoption| disk.write(&adoption));
        }
        let on_best = ledger.blocks_in_memory() - ledger.side_blocks();
        assert!(on_best <= CACHED_BLOCKS + 100 || ledger.side_blocks() > CACHED_BLOCKS);
    }
    assert_eq!(ledger.tip().map(|tip| tip.height.number()), Some(theirs.len() as u64));
    assert_same(&ledger, &reference);
    unwritten.iter().for_each(|adoption| disk.write(adoption));
    assert_same(&ledger, &reference);
    let again = disk.ledger();
    assert_same(&again, &reference);
    assert_eq!(again.blocks_in_memory(), CACHED_BLOCKS);
    for block in ours.iter().chain(&theirs) {
        let hash = block.hash_after(None);
        assert_eq!(ledger.block(&hash), reference.block(&hash));
        assert_eq!(ledger.is_on_best(&hash), theirs.contains(block));
    }
}

#[test]
fn a_branch_that_cannot_be_followed_for_want_of_a_block_stays_beside() {
    let disk = Disk::default();
    let mut ledger = disk.ledger();
    let ours = chain(&[], 0, "ours", CACHED_BLOCKS + 50);
    let theirs = chain(&ours, 10, "theirs", ours.len() + 2);
    for block in &ours {
        if let Ok(Outcome::Adopted(adoption)) = ledger.add(block.clone()) {
            disk.write(&adoption);
        }
    }
    let tip = ledger.tip();
    disk.clear();
    for block in &theirs[10..] {
        assert_eq!(ledger.add(block.clone()), Ok(Outcome::Side));
    }
    assert_eq!(ledger.tip(), tip);
    assert_eq!(ledger.block_at(Height::new(20)), None);
    assert!(ledger.block_at(Height::new(tip.map_or(0, |tip| tip.height.number()))).is_some());
}

/// All entries with their places, so that any mistake of a fold is seen.
#[derive(Clone, Debug, Default)]
struct Log(Vec<(BlockContext, Entry)>);

impl Application for Log {
    fn check(&self, _: &BlockContext, entries: &[Entry]) -> Result<(), EntriesRefused> {
        let is_refused = entries.iter().any(|entry| entry.as_text() == Some("0"));
        if is_refused { Err(EntriesRefused::because("it says so")) } else { Ok(()) }
    }

    fn apply(&mut self, context: &BlockContext, entries: &[Entry]) {
        self.0.extend(entries.iter().map(|entry| (*context, entry.clone())));
    }

    fn snapshot(&self) -> Box<dyn Application> {
        Box::new(self.clone())
    }
}

proptest! {
    #[test]
    fn the_state_is_that_of_a_fold_from_the_genesis(
        plan in prop::collection::vec((0..8_usize, 0..12_u8, any::<bool>()), 1..150),
    ) {
        let mut ledger = Ledger::new(easy(), Box::new(Log::default()));
        let genesis = ledger.tip().expect("a genesis").hash;
        let mut known: Vec<(BlockHash, u64)> = vec![(genesis, 0)];
        for (nonce, (back, datum, on_tip)) in (0..).zip(plan) {
            // Mostly near the end of the longest chain, so that there are deep chains with forks.
            let place = known.len().saturating_sub(1 + if on_tip { 0 } else { back });
            let (parent, before) = known[place];
            let height = Height::new(before + 1);
            let datum = Entry::text(&datum.to_string());
            let parent = Some(parent);
            let block = Block::Cs60(Cs60Block { height, parent, datum, nonce, odd: None });
            known.push((block.hash_after(None), before + 1));
            let _ = ledger.add(block);

            let mut folded = Log::default();
            for block in ledger.blocks_from(Height::new(1)) {
                folded.apply(&BlockContext::of(&block), block.entries());
            }
            prop_assert_eq!(format!("{:?}", ledger.application()), format!("{folded:?}"));
        }
    }
}
