//! Whether a block fits where it says it belongs (rules B10 to B13).

use althing_types::{BlockHash, Height, UnixTime, Work};

use super::Ledger;
use crate::application::EntriesRefused;
use crate::block::Block;
use crate::recent::RecentTimes;
use crate::rules::{Genesis, Times};
use crate::semantic::Proven;
use crate::target::Target;

/// Where a block, or a header without one, stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    pub(crate) parent: Option<BlockHash>,
    pub(crate) height: Height,
    /// What it states.
    pub(crate) time: UnixTime,
    /// Of the whole chain up to here.
    pub(crate) work: Work,
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

impl Contextual {
    /// Returns the rule that is broken.
    pub(crate) fn rule(&self) -> &'static str {
        match self {
            Self::OtherGenesis { .. } => "B10",
            Self::HeightWrong { .. } => "B11",
            Self::DifficultyWrong { .. } => "B12",
            Self::TooOld { .. } | Self::TooNew { .. } => "B13",
            Self::EntriesRefused { .. } => "B14",
            Self::KnownBad { .. } => "F4",
        }
    }
}

impl Ledger {
    /// Checks a block against the one before it.
    pub(super) fn check_place(
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
        if let (Some(parent), Some(stated)) = (parent, block.time()) {
            self.check_time(hash, stated, &self.recent_times(parent))?;
        }
        let is_genesis = match &self.rules.genesis {
            _ if parent.is_some() => true,
            Genesis::Mined(expected) => expected.is_none_or(|expected| expected == hash),
            // It is in the tree from the beginning, so this is another one.
            Genesis::Given(_) => false,
        };
        if is_genesis { Ok(()) } else { Err(Contextual::OtherGenesis { hash }) }
    }

    /// Checks the time that a block states, after those with the times before.
    pub(crate) fn check_time(
        &self,
        hash: BlockHash,
        stated: UnixTime,
        before: &RecentTimes,
    ) -> Result<(), Contextual> {
        let Times::MedianPast { ahead_max } = self.rules.times else { return Ok(()) };
        let (median, now) = (before.median(), self.now);
        if stated <= median {
            return Err(Contextual::TooOld { hash, stated, median });
        }
        if stated > now.after(ahead_max) {
            return Err(Contextual::TooNew { hash, stated, now });
        }
        Ok(())
    }

    /// Returns the times of a block and those before it.
    pub(super) fn recent_times(&self, last: BlockHash) -> RecentTimes {
        let next = |placed: &Placed| self.placed(&placed.parent?);
        let blocks = std::iter::successors(self.placed(&last), next);
        RecentTimes::new(blocks.map(|placed| placed.time))
    }

    /// Returns where a block stands.
    pub(crate) fn placed(&self, hash: &BlockHash) -> Option<Placed> {
        let node = self.tree.get(hash)?;
        let time = node.block.time().unwrap_or_default();
        Some(Placed { parent: node.parent, height: node.block.height(), time, work: node.work })
    }

    /// Returns the first block of the best chain.
    pub(super) fn genesis(&self) -> Option<&Block> {
        self.block_at(Height::GENESIS)
    }
}
