//! Which chain counts (rules F1 to F5), and whether a block fits into it (rules B10 to B14).

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use althing_types::{BlockHash, Height, UnixTime, Work};

use crate::application::{Application, EntriesRefused};
use crate::block::{Block, Format, Parent};
use crate::entry::Entry;
use crate::rules::{Genesis, Rules, Times};
use crate::semantic::{self, Proven, Semantic};
use crate::structural::{self, Structural};
use crate::target::Target;
use crate::template::{Proposal, Template};
use crate::tree::{SIDE_BLOCKS_MAX, Tree};

/// Blocks that are remembered as bad (rule F4); the oldest is forgotten first.
pub const BAD_BLOCKS_MAX: usize = 4096;

/// Blocks whose times are compared with the next one's (rule B13).
const MEDIAN_OF: usize = 11;

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

/// How the best chain has changed (rule F3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// The blocks that no longer count, the highest first.
    pub left: Vec<BlockHash>,
    /// The blocks that count now, the lowest first.
    pub joined: Vec<BlockHash>,
    /// The entries of those that left and are in none that joined, in their order.
    pub returned: Vec<Entry>,
}

/// Why a block does not fit where it says it belongs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Contextual {
    /// Rule B10.
    #[error("block {hash} is not the genesis of this network")]
    OtherGenesis {
        /// Its hash.
        hash: BlockHash,
    },
    /// Rule B11.
    #[error("block {hash} says its height is {claimed}, where {wanted} is next")]
    HeightWrong {
        /// Its hash.
        hash: BlockHash,
        /// What it says.
        claimed: Height,
        /// One more than its parent's.
        wanted: Height,
    },
    /// Rule B12.
    #[error("block {hash} states that it has {stated}, where its chain demands another target")]
    DifficultyWrong {
        /// Its hash.
        hash: BlockHash,
        /// What it states.
        stated: Target,
    },
    /// Rule B13.
    #[error("block {hash} states time {stated}, which is not after {median}")]
    TooOld {
        /// Its hash.
        hash: BlockHash,
        /// What it states.
        stated: UnixTime,
        /// The median of the blocks before.
        median: UnixTime,
    },
    /// Rule B13.
    #[error("block {hash} states time {stated}, too far ahead of {now}")]
    TooNew {
        /// Its hash.
        hash: BlockHash,
        /// What it states.
        stated: UnixTime,
        /// What our clock shows.
        now: UnixTime,
    },
    /// Rule B14.
    #[error("the application refuses block {hash}: {reason}")]
    EntriesRefused {
        /// Its hash.
        hash: BlockHash,
        /// In the application's words.
        reason: EntriesRefused,
    },
    /// Rule F4.
    #[error("block {hash} was found bad before")]
    KnownBad {
        /// Its hash.
        hash: BlockHash,
    },
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

/// Bad blocks, in the order in which they were found to be.
///
/// What is remembered is a digest of the whole block: where the hash says less, another block with
/// the same one may well be good.
#[derive(Clone, Debug, Default)]
struct Bad {
    digests: BTreeSet<[u8; 32]>,
    order: VecDeque<[u8; 32]>,
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
            Some(tip) if work <= tip.work => Outcome::Side,
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

    /// Returns a block by its hash, wherever in the tree it is.
    pub fn block(&self, hash: &BlockHash) -> Option<&Block> {
        self.tree.get(hash).map(|node| &node.block)
    }

    /// Returns what the entries of the best chain amount to.
    pub fn state(&self) -> &dyn Application {
        &*self.state
    }

    /// Returns whether `entry` alone could be in the next block.
    pub fn check_entry(&self, entry: &Entry) -> Result<(), EntryRefused> {
        structural::check_entry(&self.rules, 0, entry)?;
        if self.rules.format == Format::Native {
            semantic::check_author(&self.rules, 0, entry)?;
        }
        Ok(self.state.check(std::slice::from_ref(entry))?)
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
            proposal.now = proposal.now.max(self.median_past(tip.hash).after(ONE_SECOND));
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

    /// Checks a block against the one before it.
    fn check_place(
        &self,
        block: &Block,
        proven: &Proven,
        parent: Option<BlockHash>,
    ) -> Result<(), Contextual> {
        let hash = proven.hash;
        let before = parent.and_then(|parent| self.tree.get(&parent));
        let wanted = before.map(|before| before.block.height().next()).unwrap_or_default();
        let claimed = block.height();
        if claimed != wanted {
            return Err(Contextual::HeightWrong { hash, claimed, wanted });
        }
        let demanded = self.rules.difficulty.demanded(self.genesis(), before.map(|n| &n.block));
        if parent.is_some() && demanded != Some(proven.target) {
            return Err(Contextual::DifficultyWrong { hash, stated: proven.target });
        }
        self.check_time(block, hash, parent)?;
        let is_genesis = match &self.rules.genesis {
            _ if parent.is_some() => true,
            Genesis::Mined(expected) => expected.is_none_or(|expected| expected == hash),
            // It is in the tree from the beginning, so this is another one.
            Genesis::Given(_) => false,
        };
        if is_genesis { Ok(()) } else { Err(Contextual::OtherGenesis { hash }) }
    }

    /// Checks the time that a block states.
    fn check_time(
        &self,
        block: &Block,
        hash: BlockHash,
        parent: Option<BlockHash>,
    ) -> Result<(), Contextual> {
        let (Times::MedianPast { ahead_max }, Some(stated), Some(parent)) =
            (self.rules.times, block.time(), parent)
        else {
            return Ok(());
        };
        let (median, now) = (self.median_past(parent), self.now);
        if stated <= median {
            return Err(Contextual::TooOld { hash, stated, median });
        }
        if stated > now.after(ahead_max) {
            return Err(Contextual::TooNew { hash, stated, now });
        }
        Ok(())
    }

    /// Returns the median of the times of a block and the ten before it, or of as many as there
    /// are.
    fn median_past(&self, hash: BlockHash) -> UnixTime {
        let mut times = Vec::with_capacity(MEDIAN_OF);
        let mut next = self.tree.get(&hash);
        while let Some(node) = next
            && times.len() < MEDIAN_OF
        {
            times.extend(node.block.time());
            next = node.parent.and_then(|parent| self.tree.get(&parent));
        }
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default()
    }

    /// Returns the first block of the best chain.
    fn genesis(&self) -> Option<&Block> {
        self.block_at(Height::GENESIS)
    }

    /// Makes `tip` the end of the best chain, unless the application refuses a block on the way;
    /// then that one is bad, with all that come after it, and the best chain stays what it was.
    fn adopt(&mut self, tip: BlockHash) -> Result<Adoption, Contextual> {
        let joined = self.branch_to(tip);
        let fork = self.best.len().min(self.start_of(joined.first()));
        let left: Vec<BlockHash> = self.best[fork..].iter().rev().copied().collect();
        // Only a reorganisation needs the state of the past; it is folded anew from the beginning.
        let mut folded = None;
        if !left.is_empty() {
            let mut state = self.state.fresh();
            self.best[..fork].iter().for_each(|hash| state.apply(self.entries(hash)));
            folded = Some(state);
        }
        for hash in &joined {
            let block = &self.tree.get(hash).expect("the branch is in the tree").block;
            let state = folded.as_mut().unwrap_or(&mut self.state);
            if let Err(reason) = state.check(block.entries()) {
                self.bad.remember(hash, block);
                self.tree.remove_branch(*hash);
                return Err(Contextual::EntriesRefused { hash: *hash, reason });
            }
            state.apply(block.entries());
        }
        let returned = self.returned(&left, &joined);
        if let Some(state) = folded {
            self.state = state;
        }
        self.best.truncate(fork);
        self.best.extend(&joined);
        Ok(Adoption { left, joined, returned })
    }

    /// Returns the blocks from the best chain, exclusive, up to `tip`; the lowest first.
    fn branch_to(&self, tip: BlockHash) -> Vec<BlockHash> {
        let mut branch = Vec::new();
        let mut next = Some(tip);
        while let Some(hash) = next {
            let node = self.tree.get(&hash).expect("a branch is in the tree down to its root");
            if self.hash_at(node.block.height()) == Some(hash) {
                break;
            }
            branch.push(hash);
            next = node.parent;
        }
        branch.reverse();
        branch
    }

    fn start_of(&self, lowest: Option<&BlockHash>) -> usize {
        let height = lowest.and_then(|hash| self.block(hash)).map(Block::height);
        height.and_then(|height| usize::try_from(height.number()).ok()).unwrap_or(usize::MAX)
    }

    fn entries(&self, hash: &BlockHash) -> &[Entry] {
        self.block(hash).map_or(&[], Block::entries)
    }

    fn returned(&self, left: &[BlockHash], joined: &[BlockHash]) -> Vec<Entry> {
        if left.is_empty() {
            return Vec::new();
        }
        let kept: BTreeSet<&Entry> = joined.iter().flat_map(|hash| self.entries(hash)).collect();
        let lost = left.iter().rev().flat_map(|hash| self.entries(hash));
        lost.filter(|entry| !kept.contains(entry)).cloned().collect()
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

impl Bad {
    fn holds(&self, hash: &BlockHash, block: &Block) -> bool {
        self.digests.contains(&Self::digest(hash, block))
    }

    fn remember(&mut self, hash: &BlockHash, block: &Block) {
        let digest = Self::digest(hash, block);
        if self.digests.insert(digest) {
            self.order.push_back(digest);
        }
        if self.order.len() > BAD_BLOCKS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.digests.remove(&oldest);
        }
    }

    fn digest(hash: &BlockHash, block: &Block) -> [u8; 32] {
        block.content().unwrap_or(*hash.as_bytes())
    }
}
