use std::fmt;

use serde::{Deserialize, Serialize};

/// How many blocks of a chain come before a block: its first block, the genesis, has none.
///
/// Heights are compared and stepped through, never added. A number of blocks is a length, and one
/// more than the height of the last of them.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Height(u64);

impl Height {
    /// The height of the first block.
    pub const GENESIS: Self = Self(0);

    /// Returns the height with so many blocks before it.
    pub const fn new(blocks_before: u64) -> Self {
        Self(blocks_before)
    }

    /// Returns the number of blocks before it.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Returns the height of the block after. The very last is followed by itself: at a block a
    /// second it is half a trillion years away.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Returns the height of the block before, unless this is the genesis.
    pub const fn previous(self) -> Option<Self> {
        match self.0.checked_sub(1) {
            Some(before) => Some(Self(before)),
            None => None,
        }
    }

    /// Returns how many blocks further this is than `other`; zero if it is not.
    pub const fn above(self, other: Self) -> u64 {
        self.0.saturating_sub(other.0)
    }

    /// Returns the height so many blocks before this, or the genesis if there are fewer.
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
