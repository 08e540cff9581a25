//! Which chain counts (rules F1 to F5), and whether a block fits into it (rules B10 to B14).

mod adoption;
mod bad;
mod contextual;

use std::time::Duration;

use althing_types::{BlockHash, Height, UnixTime, Work};
use bitcoin::CompactTarget;

pub use self::adoption::Adoption;
pub use self::bad::BAD_BLOCKS_MAX;
use self::bad::Bad;
pub use self::contextual::Contextual;
pub(crate) use self::contextual::Placed;
use crate::application::{Application, EntriesRefused};
use crate::block::{Block, Format, Parent};
use crate::entry::Entry;
use crate::rules::{Genesis, Rules, Ties, Times};
use crate::semantic::{self, Proven, Semantic};
use crate::structural::{self, Structural};
use crate::template::{Proposal, Template};
use crate::tree::{SIDE_BLOCKS_MAX, Tree};

const ONE_SECOND: Duration = Duration::from_secs(1);

/// The chain that counts, the branches beside it, and what the chain's entries amount to.
#[derive(Debug)]
pub struct Ledger {
    rules: Rules,
    tree: Tree,
    /// The hashes of the best chain, by height.
    best: Vec<BlockHash>,
    /// The application after the entries of the best chain.
    state: Box<dyn Application>,
    bad: Bad,
    /// What the clock on the wall shows.
    now: UnixTime,
}

/// The last block of the best chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its hash.
    pub hash: BlockHash,
    /// Where it stands.
    pub height: Height,
    /// Of the whole chain.
    pub work: Work,
}

/// What has become of a valid block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was there before.
    Known,
    /// The block before it is not here, so nothing can be said of it.
    ParentMissing,
    /// It lies beside the best chain.
    Side,
    /// It is the tip now.
    Adopted(Adoption),
}

/// Why a block is invalid, by the level at which it was found to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// It does not look like a block.
    #[error(transparent)]
    Structural(#[from] Structural),
    /// Its hash is worth nothing.
    #[error(transparent)]
    Semantic(#[from] Semantic),
    /// It does not fit where it says it belongs.
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
    /// Returns a ledger without blocks, but for a genesis that everybody has. `state` is the
    /// application before any entry.
    pub fn new(rules: Rules, state: Box<dyn Application>) -> Self {
        let genesis = match &rules.genesis {
            Genesis::Given(block) => Some((**block).clone()),
            Genesis::Mined(_) => None,
        };
        let (tree, best) = (Tree::default(), Vec::new());
        let mut ledger =
            Self { rules, tree, best, state, bad: Bad::default(), now: UnixTime::default() };
        if let Some(block) = genesis {
            let hash = block.hash_after(None);
            ledger.tree.insert(hash, None, block, Work::ZERO);
            ledger.best.push(hash);
        }
        ledger
    }

    /// Returns the rules of this network.
    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Returns the time and the target that the timetable of the chain begins with.
    pub(crate) fn anchor(&self) -> Option<(UnixTime, CompactTarget)> {
        self.genesis()?.anchor()
    }

    /// Tells the time. Where times matter, blocks far ahead of it are refused for now.
    pub fn set_clock(&mut self, now: UnixTime) {
        self.now = now;
    }

    /// Takes in a block, if it is valid, and follows it if its chain is the best now.
    pub fn add(&mut self, block: Block) -> Result<Outcome, Invalid> {
        structural::check(&self.rules, &block)?;
        let Some(parent) = self.find_parent(&block) else { return Ok(Outcome::ParentMissing) };
        let proven = match self.known_hash(&block) {
            Some(hash) if self.tree.get(&hash).is_some() => return Ok(Outcome::Known),
            Some(hash) if self.bad.holds(&hash, &block) => {
                return Err(Contextual::KnownBad { hash }.into());
            }
            _ => semantic::check(&self.rules, &block, parent.as_ref())?,
        };
        self.check_place(&block, &proven, parent)?;
        let Proven { hash, target } = proven;
        let work = self.tree.insert(hash, parent, block, target.work());
        let outcome = match self.tip() {
            Some(tip) if work < tip.work => Outcome::Side,
            Some(tip) if work == tip.work && !self.breaks_tie(&hash) => Outcome::Side,
            _ => Outcome::Adopted(self.adopt(hash)?),
        };
        if self.side_blocks() > SIDE_BLOCKS_MAX {
            self.tree.remove_least();
        }
        Ok(outcome)
    }

    /// Returns the last block of the best chain, if there is a block at all.
    pub fn tip(&self) -> Option<Tip> {
        let hash = *self.best.last()?;
        let node = self.tree.get(&hash).expect("the best chain is in the tree");
        Some(Tip { hash, height: node.block.height(), work: node.work })
    }

    /// Returns whether a chain that ends with the block `hash`, and has as much work as the best
    /// chain, counts instead of it (rule F2).
    pub fn breaks_tie(&self, hash: &BlockHash) -> bool {
        match self.rules.ties {
            Ties::FirstSeen => false,
            Ties::LeastHash => self.best.last().is_none_or(|tip| hash < tip),
        }
    }

    /// Returns how many blocks the best chain has.
    pub fn length(&self) -> u64 {
        self.best.len() as u64
    }

    /// Returns how many blocks are known beside the best chain.
    pub fn side_blocks(&self) -> usize {
        self.tree.len() - self.best.len()
    }

    /// Returns the hash of the block of the best chain at a height.
    pub fn hash_at(&self, height: Height) -> Option<BlockHash> {
        self.best.get(usize::try_from(height.number()).ok()?).copied()
    }

    /// Returns the block of the best chain at a height.
    pub fn block_at(&self, height: Height) -> Option<&Block> {
        self.block(&self.hash_at(height)?)
    }

    /// Returns the blocks of the best chain from a height on.
    pub fn blocks_from(&self, height: Height) -> impl Iterator<Item = &Block> {
        let start = usize::try_from(height.number()).unwrap_or(usize::MAX).min(self.best.len());
        self.best[start..].iter().filter_map(|hash| self.block(hash))
    }

    /// Returns the hashes of some blocks of the best chain, the latest first and ever further
    /// apart: who has another chain finds the last common one, or nearly, among them.
    pub fn locator(&self) -> Vec<BlockHash> {
        let mut locator = Vec::new();
        let (mut next, mut step) = (self.best.len().checked_sub(1), 1);
        while let Some(place) = next {
            locator.push(self.best[place]);
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
        self.placed(hash).is_some_and(|placed| self.hash_at(placed.height) == Some(*hash))
    }

    /// Returns a block by its hash, wherever in the tree it is.
    pub fn block(&self, hash: &BlockHash) -> Option<&Block> {
        self.tree.get(hash).map(|node| &node.block)
    }

    /// Returns whether `entry` alone could be in the next block.
    pub fn check_entry(&self, entry: &Entry) -> Result<(), EntryRefused> {
        structural::check_entry(&self.rules, 0, entry)?;
        if self.rules.format == Format::Native {
            semantic::check_author(&self.rules, 0, entry)?;
        }
        Ok(self.accepts(entry)?)
    }

    /// Returns whether the application accepts an entry that has passed
    /// [`check_entry`](Self::check_entry) before, now that the chain may have changed.
    pub fn accepts(&self, entry: &Entry) -> Result<(), EntriesRefused> {
        self.state.check(std::slice::from_ref(entry))
    }

    /// Returns as many of `entries` as the next block can hold together, leaving out those that do
    /// not go with the ones before.
    pub fn select<'a>(&self, entries: impl Iterator<Item = &'a Entry>) -> Vec<Entry> {
        let mut selected = Vec::new();
        for entry in entries {
            if selected.len() == *self.rules.limits.entries.end() {
                break;
            }
            selected.push(entry.clone());
            if self.state.check(&selected).is_err() {
                selected.pop();
            }
        }
        selected
    }

    /// Returns what to search for on the tip, or `None` if the proposal has too few entries for a
    /// block, or no block can follow.
    pub fn template(&self, proposal: Proposal<'_>) -> Option<Template> {
        let tip = self.tip();
        let parent = tip.as_ref().and_then(|tip| self.block(&tip.hash));
        let target = self.rules.difficulty.demanded(self.genesis(), parent)?;
        let mut proposal = proposal;
        if let (Times::MedianPast { .. }, Some(tip)) = (self.rules.times, &tip) {
            let median = self.recent_times(tip.hash).median();
            proposal.now = proposal.now.max(median.after(ONE_SECOND));
        }
        let fits = self.rules.limits.entries.contains(&proposal.entries.len());
        fits.then(|| Template::new(self.rules.format, tip.as_ref(), target, proposal))
    }

    /// Returns the hash of the parent of `block`, if the parent is here.
    fn find_parent(&self, block: &Block) -> Option<Option<BlockHash>> {
        match block.parent() {
            Parent::None => Some(None),
            Parent::Named(parent) => self.tree.get(&parent).map(|_| Some(parent)),
            Parent::Unnamed => {
                let before = self.tree.at(block.height().previous()?);
                let claimed = block.claimed_hash()?;
                let fits = |parent: &&BlockHash| block.hash_after(Some(parent)) == claimed;
                before.iter().find(fits).map(|parent| Some(*parent))
            }
        }
    }

    /// Returns the hash of `block`, if that can be told without believing anything.
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
    /// It does not look like one.
    #[error(transparent)]
    Structural(#[from] Structural),
    /// It is not its author's.
    #[error(transparent)]
    Semantic(#[from] Semantic),
    /// The application refuses it.
    #[error(transparent)]
    Application(#[from] EntriesRefused),
}
