//! Whether a block fits at the place that it claims (rules B10 to B13).

use althing_types::{BlockHash, Height, UnixTime};

use super::Ledger;
use crate::application::EntriesRefused;
use crate::block::Block;
use crate::recent::RecentTimes;
use crate::rules::{Genesis, Times};
use crate::semantic::Proven;
use crate::target::Target;
use crate::tree::Placed;

/// Why a block does not fit at the place that it claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Contextual {
    /// Rule B10.
    #[error("block {hash} is not the genesis of this network")]
    OtherGenesis {
        /// Its hash.
        hash: BlockHash,
    },
    /// Rule B11. Not of a block of `cs60`, which gets its height from its parent.
    #[error("block {hash} states height {claimed}, but {wanted} is next")]
    HeightWrong {
        /// Its hash.
        hash: BlockHash,
        /// The height that the block states.
        claimed: Height,
        /// One more than its parent's.
        wanted: Height,
    },
    /// Rule B12.
    #[error("block {hash} has the wrong difficulty for its place in the chain ({stated})")]
    DifficultyWrong {
        /// Its hash.
        hash: BlockHash,
        /// The target that the block states.
        stated: Target,
    },
    /// Rule B13.
    #[error("block {hash} states time {stated}, which is not after {median}")]
    TooOld {
        /// Its hash.
        hash: BlockHash,
        /// The time that the block states.
        stated: UnixTime,
        /// The median of the blocks before.
        median: UnixTime,
    },
    /// Rule B13.
    #[error("block {hash} states time {stated}, too far ahead of {now}")]
    TooNew {
        /// Its hash.
        hash: BlockHash,
        /// The time that the block states.
        stated: UnixTime,
        /// The time of our own clock.
        now: UnixTime,
    },
    /// Rule B14.
    #[error("the application refuses block {hash}: {reason}")]
    EntriesRefused {
        /// Its hash.
        hash: BlockHash,
        /// The application's reason.
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
    /// Checks a block against the one before it, and returns its place in the tree.
    pub(super) fn check_place(
        &self,
        block: &Block,
        proven: &Proven,
        parent: Option<BlockHash>,
    ) -> Result<Placed, Contextual> {
        let hash = proven.hash;
        let before = parent.and_then(|parent| self.placed(&parent));
        let wanted = before.map(|before| before.height.next()).unwrap_or_default();
        let claimed = block.height();
        if claimed != wanted {
            return Err(Contextual::HeightWrong { hash, claimed, wanted });
        }
        let after = before.map(|before| (before.time, before.height));
        let demanded = self.rules.difficulty.demanded(self.anchor(), after);
        if parent.is_some() && !self.rules.difficulty.allows(proven.target, demanded) {
            return Err(Contextual::DifficultyWrong { hash, stated: proven.target });
        }
        if let (Some(parent), Some(stated)) = (parent, block.time()) {
            self.check_time(hash, stated, &self.recent_times(parent))?;
        }
        let is_genesis = match &self.rules.genesis {
            _ if parent.is_some() => true,
            Genesis::Mined(expected) => expected.is_none_or(|expected| expected == hash),
            // The genesis is in the tree from the beginning, so this is another block.
            Genesis::Given(_) => false,
        };
        if !is_genesis {
            return Err(Contextual::OtherGenesis { hash });
        }
        // Where a block chooses what it states, it counts as much as any other in its place: there
        // the longest chain is the one that counts.
        let work = demanded.unwrap_or(proven.target).work();
        let work = before.map(|before| before.work).unwrap_or_default() + work;
        let time = block.time().unwrap_or_default();
        Ok(Placed { parent, height: claimed, time, work })
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
        self.tree.placed(hash)
    }
}
