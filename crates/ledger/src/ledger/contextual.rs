//! Whether a block fits where it says it belongs (rules B10 to B13).

use althing_types::{BlockHash, Height, UnixTime};

use super::Ledger;
use crate::application::EntriesRefused;
use crate::block::Block;
use crate::rules::{Genesis, Times};
use crate::semantic::Proven;
use crate::target::Target;

/// Blocks whose times are compared with the next one's (rule B13).
const MEDIAN_OF: usize = 11;

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
    pub(super) fn median_past(&self, hash: BlockHash) -> UnixTime {
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
    pub(super) fn genesis(&self) -> Option<&Block> {
        self.block_at(Height::GENESIS)
    }
}
