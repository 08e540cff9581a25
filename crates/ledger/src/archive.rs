//! The blocks of the best chain that are no longer in memory.

use std::fmt;
use std::ops::Range;

use althing_types::Height;

use crate::block::Block;

/// A view of the blocks on disk: the best chain as it was last written.
///
/// It may be slightly behind the ledger, since a block is written after it was adopted. A ledger
/// compares hashes, so it never mistakes an outdated block for the one that it wants. It may drop
/// blocks from memory that it has seen here, and read them again at any time.
pub trait Archive: fmt::Debug + Send + Sync {
    /// Returns the heights of the blocks that are on disk, without a gap.
    fn heights(&self) -> Range<u64>;

    /// Returns the block at a height, or `None` if there is none or it cannot be read. The
    /// implementation reports disk errors elsewhere.
    fn block(&self, height: Height) -> Option<Block>;
}

/// Nothing is on disk, and all blocks stay in memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoArchive;

impl Archive for NoArchive {
    fn heights(&self) -> Range<u64> {
        0..0
    }

    fn block(&self, _: Height) -> Option<Block> {
        None
    }
}

/// Blocks of one chain, lowest first, for callers that have the whole chain in memory.
impl Archive for Vec<Block> {
    fn heights(&self) -> Range<u64> {
        let start = self.first().map_or(0, |block| block.height().number());
        start..start + self.len() as u64
    }

    fn block(&self, height: Height) -> Option<Block> {
        let place = height.number().checked_sub(self.heights().start)?;
        self.get(usize::try_from(place).ok()?).cloned()
    }
}
