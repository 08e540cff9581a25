//! The blocks that a peer knows, which chain of them counts (rules F1 to F5), and whether a block
//! fits into it (rules B10 to B14).
//!
//! | file | question |
//! | --- | --- |
//! | `fork_choice` | which of two chains counts? |
//! | `adoption` | what changes when another chain counts? |
//! | `contextual` | does a block fit at the place that it claims? |
//! | `bad` | which blocks were refused before? |

mod adoption;
mod bad;
mod contextual;
mod fork_choice;

use std::sync::Arc;
use std::time::Duration;

use althing_types::{BlockHash, Height, UnixTime, Work};
use bitcoin::CompactTarget;
use bitcoin::block::Header;

pub use self::adoption::Adoption;
pub use self::bad::BAD_BLOCKS_MAX;
use self::bad::Bad;
pub use self::contextual::Contextual;
use crate::application::{Application, BlockContext, EntriesRefused};
use crate::archive::{Archive, NoArchive};
use crate::block::{Block, Format, HashedBlock, Parent};
use crate::block_cache::BlockCache;
use crate::entry::Entry;
use crate::rules::{Genesis, Rules, Times};
use crate::semantic::{self, Semantic};
use crate::snapshots::Snapshots;
use crate::structural::{self, Structural};
use crate::template::{Proposal, Template};
use crate::tip::Tip;
use crate::tree::{BlockTree, SIDE_BLOCKS_MAX};

const ONE_SECOND: Duration = Duration::from_secs(1);

/// The best chain, the branches beside it, and the application's state after the chain's entries.
#[derive(Debug)]
pub struct Ledger {
    rules: Rules,
    tree: BlockTree,
    /// The blocks of the best chain, in memory or in the archive.
    blocks: BlockCache,
    /// The application after the entries of the best chain.
    state: Box<dyn Application>,
    /// Snapshots of the application at earlier heights.
    snapshots: Snapshots,
    bad: Bad,
    /// The wall-clock time.
    now: UnixTime,
}

/// The result of adding a valid block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was there before.
    Known,
    /// The block before it is not here, so it cannot be checked.
    ParentMissing,
    /// It is on a branch beside the best chain.
    Side,
    /// It is the tip now.
    Adopted(Adoption),
}

/// Why a block is invalid, by the level at which this was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// It is malformed.
    #[error(transparent)]
    Structural(#[from] Structural),
    /// Its hash is wrong, or shows too little work.
    #[error(transparent)]
    Semantic(#[from] Semantic),
    /// It does not fit at the place that it claims.
    #[error(transparent)]
    Contextual(#[from] Contextual),
}

impl Invalid {
    /// Returns the rule of `docs/protocol.md` that is broken.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Structural(invalid) => invalid.rule(),
            Self::Semantic(invalid) => invalid.rule(),
            Self::Contextual(invalid) => invalid.rule(),
        }
    }
}

impl Ledger {
    /// Returns a ledger without blocks, except for a genesis that every peer has. It keeps all its
    /// blocks in memory. `state` is the application before any entry.
    pub fn new(rules: Rules, state: Box<dyn Application>) -> Self {
        Self::with_archive(rules, state, Box::new(NoArchive))
    }

    /// Returns a ledger with the chain on disk, whose older blocks stay there. `state` is the
    /// application before any entry, and `now` the wall-clock time.
    ///
    /// The blocks are read one after the other and checked again: a disk is not trusted either. The
    /// first one that does not fit is left out, with all blocks after it.
    pub fn recover(
        rules: Rules,
        state: Box<dyn Application>,
        archive: Box<dyn Archive>,
        now: UnixTime,
    ) -> Self {
        let mut ledger = Self::with_archive(rules, state, archive);
        ledger.set_clock(now);
        for height in ledger.blocks.archive().heights() {
            let Some(block) = ledger.blocks.archive().block(Height::new(height)) else { break };
            if !matches!(ledger.add(block), Ok(Outcome::Adopted(_) | Outcome::Known)) {
                break;
            }
            ledger.blocks.set_durable(height + 1);
        }
        ledger
    }

    fn with_archive(rules: Rules, state: Box<dyn Application>, archive: Box<dyn Archive>) -> Self {
        let (mut tree, mut blocks) = (BlockTree::default(), BlockCache::new(archive));
        if let Genesis::Given(block) = &rules.genesis {
            let (hash, block) = (block.hash_after(None), Arc::new((**block).clone()));
            blocks.keep_genesis(&block);
            blocks.push(Arc::clone(&block));
            tree.connect(&HashedBlock { hash, block }, Work::ZERO);
        }
        // The application does not see a genesis that no peer has mined.
        let snapshots = Snapshots::new(tree.best().len(), &*state);
        Self {
            rules,
            tree,
            blocks,
            state,
            snapshots,
            bad: Bad::default(),
            now: UnixTime::default(),
        }
    }

    /// Returns the rules of this network.
    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Returns the time and the target with which the schedule of the chain begins.
    pub(crate) fn anchor(&self) -> Option<(UnixTime, CompactTarget)> {
        let header = self.tree.best().header(0)?;
        Some((UnixTime::from_seconds(header.time.into()), header.bits))
    }

    /// Sets the current time. Where times matter, blocks far ahead of it are refused for now.
    pub fn set_clock(&mut self, now: UnixTime) {
        self.now = now;
    }

    /// Adds a block, if it is valid, and follows it if its chain is now the best.
    pub fn add(&mut self, block: Block) -> Result<Outcome, Invalid> {
        structural::check(&self.rules, &block)?;
        let Some(parent) = self.find_parent(&block) else { return Ok(Outcome::ParentMissing) };
        let block = self.at_its_place(block, parent);
        let proven = match self.known_hash(&block) {
            Some(hash) if self.contains(&hash) => return Ok(Outcome::Known),
            Some(hash) if self.bad.holds(&hash, &block) => {
                return Err(Contextual::KnownBad { hash }.into());
            }
            _ => semantic::check(&self.rules, &block, parent.as_ref())?,
        };
        let placed = self.check_place(&block, &proven, parent)?;
        let block = HashedBlock { hash: proven.hash, block: Arc::new(block) };
        let adoption = match self.is_better(&placed, &block.hash) {
            true => self.adopt(&block, placed)?,
            false => None,
        };
        let outcome = match adoption {
            Some(adoption) => Outcome::Adopted(adoption),
            None => {
                self.tree.insert(&block, placed);
                Outcome::Side
            }
        };
        while self.side_blocks() > SIDE_BLOCKS_MAX {
            self.tree.remove_least();
        }
        self.blocks.evict(self.tree.best());
        Ok(outcome)
    }

    /// Returns the last block of the best chain, if there is a block at all.
    pub fn tip(&self) -> Option<Tip> {
        let best = self.tree.best();
        let hash = *best.last()?;
        let placed = best.placed(best.len() - 1)?;
        Some(Tip { hash, height: placed.height, work: placed.work })
    }

    /// Returns the application after the entries of the best chain.
    pub fn application(&self) -> &dyn Application {
        &*self.state
    }

    /// Returns how many blocks the best chain has.
    pub fn length(&self) -> u64 {
        self.tree.best().len()
    }

    /// Returns how many blocks are known beside the best chain.
    pub fn side_blocks(&self) -> usize {
        self.tree.side_blocks()
    }

    /// Returns how many blocks are in memory.
    pub fn blocks_in_memory(&self) -> usize {
        self.side_blocks() + self.blocks.in_memory()
    }

    /// Returns the hash of the block of the best chain at a height.
    pub fn hash_at(&self, height: Height) -> Option<BlockHash> {
        self.tree.best().hash_at(height.number())
    }

    /// Returns the block of the best chain at a height.
    pub fn block_at(&self, height: Height) -> Option<Arc<Block>> {
        self.blocks.get(self.tree.best(), height.number())
    }

    /// Returns the blocks of the best chain from a height on, each read when it is its turn.
    pub fn blocks_from(&self, height: Height) -> impl Iterator<Item = Arc<Block>> {
        let heights = height.number()..self.length();
        heights.map_while(|height| self.block_at(Height::new(height)))
    }

    /// Returns the headers of the best chain from a height on, where blocks have headers. No block
    /// is read for them.
    pub fn headers_from(&self, height: Height) -> impl Iterator<Item = Header> {
        let heights = height.number()..self.length();
        heights.map_while(|height| self.tree.best().header(height))
    }

    /// Returns the locator: the hashes of some blocks of the best chain, latest first and with
    /// growing distance. A peer with another chain finds the last common block, or one near it,
    /// among them.
    pub fn locator(&self) -> Vec<BlockHash> {
        let mut locator = Vec::new();
        let (mut next, mut step) = (self.length().checked_sub(1), 1);
        while let Some(place) = next {
            locator.extend(self.tree.best().hash_at(place));
            // The first ten in a row, and the genesis in any case.
            if locator.len() >= 10 {
                step *= 2;
            }
            next = if place == 0 { None } else { Some(place.saturating_sub(step)) };
        }
        locator
    }

    /// Returns whether a block is part of the best chain.
    pub fn is_on_best(&self, hash: &BlockHash) -> bool {
        self.tree.best().find(hash).is_some()
    }

    /// Returns whether a block is anywhere in the tree.
    pub fn contains(&self, hash: &BlockHash) -> bool {
        self.tree.contains(hash)
    }

    /// Returns the height of a block anywhere in the tree.
    pub fn height_of(&self, hash: &BlockHash) -> Option<Height> {
        self.placed(hash).map(|placed| placed.height)
    }

    /// Returns a block by its hash, from anywhere in the tree.
    pub fn block(&self, hash: &BlockHash) -> Option<Arc<Block>> {
        match self.tree.best().find(hash) {
            Some(height) => self.block_at(Height::new(height)),
            None => self.tree.side_block(hash).cloned(),
        }
    }

    /// Returns whether `entry` alone could be in the next block.
    pub fn check_entry(&self, entry: &Entry) -> Result<(), EntryRefused> {
        structural::check_own_entry(&self.rules, entry)?;
        if self.rules.format == Format::Native {
            semantic::check_author(&self.rules, 0, entry)?;
        }
        Ok(self.accepts(entry)?)
    }

    /// Returns whether the application accepts an entry that has passed
    /// [`check_entry`](Self::check_entry) before, now that the chain may have changed.
    pub fn accepts(&self, entry: &Entry) -> Result<(), EntriesRefused> {
        self.state.check(&self.next_context(), std::slice::from_ref(entry))
    }

    /// Returns as many of `entries` as fit together into the next block of this miner, without
    /// those that conflict with the ones before.
    pub fn select<'a>(&self, miner: &str, entries: impl Iterator<Item = &'a Entry>) -> Vec<Entry> {
        let context = self.next_context();
        let mut selected = Vec::new();
        for entry in entries {
            if selected.len() == *self.rules.limits.entries.end() {
                break;
            }
            selected.push(entry.clone());
            if self.state.check(&context, &selected).is_err() || !self.has_room(miner, &selected) {
                selected.pop();
            }
        }
        selected
    }

    /// Returns whether a block of our own with these entries is short enough to be sent.
    fn has_room(&self, miner: &str, entries: &[Entry]) -> bool {
        let max = self.rules.limits.own.block_bytes_max;
        if max == usize::MAX {
            return true;
        }
        let proposal = Proposal { miner, now: self.now, entries: entries.to_vec() };
        let template = self.template(proposal);
        // The longest nonce that there is.
        template.is_none_or(|template| template.with_nonce(u64::MAX).sent_bytes() <= max)
    }

    /// Returns what to search for on the tip, or `None` if the proposal has too few entries for a
    /// block, or no block can follow.
    pub fn template(&self, proposal: Proposal<'_>) -> Option<Template> {
        let tip = self.tip();
        let parent = tip.and_then(|tip| self.placed(&tip.hash));
        let after = parent.map(|parent| (parent.time, parent.height));
        let target = self.rules.difficulty.demanded(self.anchor(), after)?;
        let mut proposal = proposal;
        proposal.now = proposal.now.max(self.earliest_time());
        let fits = self.rules.limits.entries.contains(&proposal.entries.len());
        fits.then(|| Template::new(self.rules.format, tip.as_ref(), target, proposal))
    }

    /// Returns the first time that the next block may state (rule B13).
    fn earliest_time(&self) -> UnixTime {
        match (self.rules.times, self.tip()) {
            (Times::MedianPast { .. }, Some(tip)) => {
                self.recent_times(tip.hash).median().after(ONE_SECOND)
            }
            (Times::MedianPast { .. } | Times::Any, _) => UnixTime::default(),
        }
    }

    /// Returns the height and time of a block that would be mined now, for the application.
    fn next_context(&self) -> BlockContext {
        let time = match self.rules.format {
            Format::Cs60 | Format::Aviary { timed: false } => None,
            Format::Aviary { timed: true } | Format::Native => {
                Some(self.now.max(self.earliest_time()))
            }
        };
        BlockContext { height: Height::new(self.length()), time }
    }

    /// Returns the hash of the parent of `block`, if the parent is here.
    fn find_parent(&self, block: &Block) -> Option<Option<BlockHash>> {
        match block.parent() {
            Parent::None => Some(None),
            Parent::Named(parent) => self.contains(&parent).then_some(Some(parent)),
            Parent::Unnamed => {
                let mut before = self.tree.at(block.height().previous()?);
                let claimed = block.claimed_hash()?;
                let fits = |parent: &BlockHash| block.hash_after(Some(parent)) == claimed;
                before.find(fits).map(Some)
            }
        }
    }

    /// Returns a block with the height that follows from its parent's, where it need not state it.
    fn at_its_place(&self, mut block: Block, parent: Option<BlockHash>) -> Block {
        if let (Block::Cs60(block), Some(parent)) = (&mut block, parent)
            && let Some(before) = self.placed(&parent)
        {
            block.place(before.height.next());
        }
        block
    }

    /// Returns the hash of `block`, if it can be computed without trusting the block.
    fn known_hash(&self, block: &Block) -> Option<BlockHash> {
        match block.parent() {
            Parent::Unnamed => block.claimed_hash(),
            Parent::None | Parent::Named(_) => Some(block.hash_after(None)),
        }
    }
}

/// Why an entry cannot be in the next block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryRefused {
    /// It is malformed.
    #[error(transparent)]
    Structural(#[from] Structural),
    /// Its author did not sign it.
    #[error(transparent)]
    Semantic(#[from] Semantic),
    /// The application refuses it.
    #[error(transparent)]
    Application(#[from] EntriesRefused),
}

impl EntryRefused {
    /// Returns the rule of `docs/protocol.md` that is broken.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Structural(invalid) => invalid.rule(),
            Self::Semantic(invalid) => invalid.rule(),
            Self::Application(_) => "B14",
        }
    }
}
