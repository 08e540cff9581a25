//! The blocks that an assembly has committed, and the views that have ended without one.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use althing_types::{BlockHash, Height, Moment, PeerId, View};

/// Blocks that are kept, the last ones.
pub const BLOCKS_MAX: usize = 1000;

/// Views that are kept, the last ones.
const VIEWS_MAX: usize = 256;

/// Blocks and views, the last ones.
#[derive(Debug, Default)]
pub struct History {
    blocks: VecDeque<CommittedRow>,
    /// Views that were passed over.
    passed: BTreeMap<View, PassedOver>,
    /// Proposals that were refused: of a view that may go on all the same.
    refused: BTreeMap<View, String>,
    /// When the views began.
    entered: BTreeMap<View, Moment>,
    /// Views that were passed over, in all.
    failures: u64,
}

/// Something that has become of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryRow<'a> {
    /// A block was committed.
    Committed(&'a CommittedRow),
    /// It has ended without one.
    PassedOver(&'a PassedOver),
}

/// A block that is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedRow {
    /// Its height.
    pub height: Height,
    /// Its hash.
    pub hash: BlockHash,
    /// The view in which it was proposed.
    pub view: View,
    /// The member that has made it.
    pub maker: PeerId,
    /// How many entries it has.
    pub entries: usize,
    /// From the first peer that entered its view to the first that has committed it; `None` if the
    /// former was not told.
    pub took: Option<Duration>,
    /// Whether peers have committed different blocks at this height, which must never be.
    pub differs: bool,
}

/// A view that has ended without a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// The view.
    pub view: View,
    /// The member that led it.
    pub leader: PeerId,
    /// The reason, as far as is told.
    pub why: String,
}

impl History {
    /// Notes that a view has begun.
    pub(super) fn enter(&mut self, view: View, at: Moment) {
        insert(&mut self.entered, view, at);
    }

    /// Notes that a proposal was refused.
    pub(super) fn refuse(&mut self, view: View, leader: PeerId, reason: String) {
        if let Some(known) = self.passed.get_mut(&view).filter(|known| known.leader == leader) {
            known.why.clone_from(&reason);
        }
        insert(&mut self.refused, view, reason);
    }

    /// Notes that a view has ended without a block; `why` counts unless its proposal was refused.
    pub(super) fn pass_over(&mut self, view: View, leader: PeerId, why: &str) {
        if self.passed.contains_key(&view) {
            return;
        }
        self.failures += 1;
        let why = self.refused.get(&view).map_or_else(|| why.to_owned(), String::clone);
        insert(&mut self.passed, view, PassedOver { view, leader, why });
    }

    /// Notes that a block is committed, and returns whether that is new.
    pub(super) fn commit(
        &mut self,
        at: Moment,
        height: Height,
        hash: BlockHash,
        view: View,
        maker: PeerId,
        entries: usize,
    ) -> bool {
        if let Some(known) = self.blocks.iter_mut().rev().find(|known| known.height == height) {
            known.differs |= known.hash != hash;
            return false;
        }
        // A peer that is behind tells of blocks that the others have committed long ago.
        if self.height().is_some_and(|last| height < last) {
            return false;
        }
        let took = self.entered.get(&view).map(|entered| at - *entered);
        let differs = false;
        self.blocks.push_back(CommittedRow { height, hash, view, maker, entries, took, differs });
        if self.blocks.len() > BLOCKS_MAX {
            self.blocks.pop_front();
        }
        true
    }

    /// Returns the height of the last block.
    pub fn height(&self) -> Option<Height> {
        self.blocks.back().map(|block| block.height)
    }

    /// Returns the last block.
    pub fn last(&self) -> Option<&CommittedRow> {
        self.blocks.back()
    }

    /// Returns the blocks that are kept, the earliest first.
    pub fn blocks(&self) -> impl ExactSizeIterator<Item = &CommittedRow> {
        self.blocks.iter()
    }

    /// Returns how many views have ended without a block, and the last of them.
    pub fn passed_over(&self) -> (u64, Option<&PassedOver>) {
        (self.failures, self.passed.last_key_value().map(|(_, passed)| passed))
    }

    /// Returns whether peers have committed different blocks at one height.
    pub fn differs(&self) -> bool {
        self.blocks.iter().any(|block| block.differs)
    }

    /// Returns what has become of the last views, at most so many, the earliest first. A view can
    /// be both passed over and committed.
    pub fn rows(&self, most: usize) -> Vec<HistoryRow<'_>> {
        let mut blocks = self.blocks.iter().rev().peekable();
        let mut passed = self.passed.values().rev().peekable();
        let mut rows = Vec::new();
        while rows.len() < most {
            let is_block = match (blocks.peek(), passed.peek()) {
                (None, None) => break,
                (Some(block), Some(passed)) => block.view >= passed.view,
                (block, _) => block.is_some(),
            };
            let row = match is_block {
                true => blocks.next().map(HistoryRow::Committed),
                false => passed.next().map(HistoryRow::PassedOver),
            };
            rows.extend(row);
        }
        rows.reverse();
        rows
    }

    pub(super) fn is_bounded(&self) -> bool {
        let lens = [self.passed.len(), self.refused.len(), self.entered.len()];
        self.blocks.len() <= BLOCKS_MAX && lens.into_iter().all(|len| len <= VIEWS_MAX)
    }
}

/// Adds to a map of bounded size, which drops the earliest view.
fn insert<T>(map: &mut BTreeMap<View, T>, view: View, value: T) {
    map.entry(view).or_insert(value);
    if map.len() > VIEWS_MAX {
        map.pop_first();
    }
}
