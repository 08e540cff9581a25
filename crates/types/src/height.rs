//! The place of a block in its chain.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The number of blocks before a block in its chain. The genesis has height zero.
///
/// Heights are compared and incremented, never added. The number of blocks in a chain is its
/// length, one more than the height of its last block.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Height(u64);

impl Height {
    /// The height of the first block.
    pub const GENESIS: Self = Self(0);

    /// Returns the height with this number of blocks before it.
    pub const fn new(blocks_before: u64) -> Self {
        Self(blocks_before)
    }

    /// Returns the number of blocks before it.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Returns the height of the next block. It saturates at the maximum, which at a block a
    /// second is half a trillion years away.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Returns the height of the block before, or `None` for the genesis.
    pub const fn previous(self) -> Option<Self> {
        match self.0.checked_sub(1) {
            Some(before) => Some(Self(before)),
            None => None,
        }
    }

    /// Returns how many blocks this is above `other`; zero if it is not above.
    pub const fn above(self, other: Self) -> u64 {
        self.0.saturating_sub(other.0)
    }

    /// Returns the height this number of blocks lower, or the genesis if there are fewer.
    #[must_use]
    pub const fn back(self, blocks: u64) -> Self {
        Self(self.0.saturating_sub(blocks))
    }
}

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
