//! The place of an attempt to add a block, in our own assembly.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The number of a view: of one attempt, under one leader, to add one block to the chain of an
/// assembly. Counted from one; the genesis counts as the block of view zero.
///
/// Views are compared and incremented, never added. A view may end without a block, so a block has
/// a lower height than view.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct View(u64);

impl View {
    /// The view of the genesis, in which there were no votes.
    pub const GENESIS: Self = Self(0);

    /// The first view in which members vote.
    pub const FIRST: Self = Self(1);

    /// Returns the view with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns its number.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Returns the view after it. It saturates at the maximum, which at a million a second is half
    /// a million years away.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Returns the view before it, or `None` for the genesis.
    pub const fn previous(self) -> Option<Self> {
        match self.0.checked_sub(1) {
            Some(before) => Some(Self(before)),
            None => None,
        }
    }

    /// Returns how many views this is after `other`; zero if it is not after it.
    pub const fn after(self, other: Self) -> u64 {
        self.0.saturating_sub(other.0)
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
