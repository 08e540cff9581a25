//! How many zero bits a solution's digest begins with.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The number of zero bits with which a SHA-1 digest must begin. Between 1 and 160, the length of
/// a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Difficulty(u16);

/// A number of bits that is not a difficulty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a difficulty of {bits} bits is not between {} and {}", Difficulty::MIN, Difficulty::MAX)]
pub struct DifficultyOutOfRange {
    /// What was asked for.
    pub bits: u64,
}

impl Difficulty {
    /// The easiest challenge: every second candidate solves it.
    pub const MIN: Self = Self(1);
    /// All bits of a SHA-1 digest.
    pub const MAX: Self = Self(160);

    /// Returns the difficulty of `bits`, or an error outside [`Self::MIN`] to [`Self::MAX`].
    pub fn from_bits(bits: u64) -> Result<Self, DifficultyOutOfRange> {
        match u16::try_from(bits) {
            Ok(small) if (Self::MIN.0..=Self::MAX.0).contains(&small) => Ok(Self(small)),
            _ => Err(DifficultyOutOfRange { bits }),
        }
    }

    /// Returns the number of bits.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Returns half as many bits, but at least one: the difficulty that a leader asks for when no
    /// peer solved a challenge in time. Two such steps bring any challenge within reach.
    #[must_use]
    pub fn eased(self) -> Self {
        Self((self.0 / 2).max(Self::MIN.0))
    }
}

impl fmt::Display for Difficulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<u16> for Difficulty {
    type Error = DifficultyOutOfRange;

    fn try_from(bits: u16) -> Result<Self, Self::Error> {
        Self::from_bits(bits.into())
    }
}

impl From<Difficulty> for u16 {
    fn from(difficulty: Difficulty) -> Self {
        difficulty.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difficulty_is_within_what_a_digest_can_hold() {
        assert_eq!(Difficulty::from_bits(0), Err(DifficultyOutOfRange { bits: 0 }));
        assert_eq!(Difficulty::from_bits(161), Err(DifficultyOutOfRange { bits: 161 }));
        assert_eq!(Difficulty::from_bits(1), Ok(Difficulty::MIN));
        assert_eq!(Difficulty::from_bits(160), Ok(Difficulty::MAX));
        let error = DifficultyOutOfRange { bits: 161 };
        assert_eq!(error.to_string(), "a difficulty of 161 bits is not between 1 and 160");
    }

    #[test]
    fn two_easings_bring_sixty_bits_within_reach_and_one_bit_stays() {
        let hard = Difficulty::from_bits(60).expect("60 is in range");
        assert_eq!(hard.eased().eased().bits(), 15);
        assert_eq!(Difficulty::MIN.eased(), Difficulty::MIN);
    }
}
