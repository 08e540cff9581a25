//! How many hashes a chain has taken.

use std::fmt;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

/// The average number of hashes that something takes, such as finding the blocks of a chain.
///
/// Sums saturate at 2^128 - 1, which is out of reach: all of Bitcoin's blocks together are below
/// 2^100.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Work(u128);

impl Work {
    /// No work.
    pub const ZERO: Self = Self(0);

    /// Returns the work of this number of hashes.
    pub const fn of_hashes(hashes: u128) -> Self {
        Self(hashes)
    }

    /// Returns the work of finding a digest in which this number of bits is given.
    pub const fn of_bits(bits: u32) -> Self {
        match 1_u128.checked_shl(bits) {
            Some(hashes) => Self(hashes),
            None => Self(u128::MAX),
        }
    }

    /// Returns the number of hashes.
    pub const fn hashes(self) -> u128 {
        self.0
    }
}

impl Add for Work {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self(self.0.saturating_add(more.0))
    }
}

impl AddAssign for Work {
    fn add_assign(&mut self, more: Self) {
        *self = *self + more;
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_adds_up_and_never_runs_over() {
        assert_eq!(Work::of_bits(4) + Work::of_bits(4), Work::of_bits(5));
        assert_eq!(Work::of_bits(0).hashes(), 1);
        assert_eq!(Work::of_bits(256) + Work::of_bits(3), Work::of_bits(128));
    }
}
