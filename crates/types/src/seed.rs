//! What a miner puts forward as a solution.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A text that is meant to solve a challenge; the puzzle decides which texts do.
///
/// It has at most [`Seed::LENGTH_MAX`] bytes, which bounds the size of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Seed(Arc<str>);

/// A text that is too long for a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a seed of {length} bytes is longer than {}", Seed::LENGTH_MAX)]
pub struct SeedTooLong {
    /// Bytes in the text.
    pub length: usize,
}

impl Seed {
    /// The maximum length of a seed, in bytes.
    pub const LENGTH_MAX: usize = 128;

    /// Returns `text` as a seed, or an error above [`Self::LENGTH_MAX`] bytes.
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, SeedTooLong> {
        let text = text.into();
        match text.len() {
            length if length <= Self::LENGTH_MAX => Ok(Self(text)),
            length => Err(SeedTooLong { length }),
        }
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<u64> for Seed {
    fn from(number: u64) -> Self {
        Self(number.to_string().into())
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Seed {
    type Error = SeedTooLong;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(text)
    }
}

impl From<Seed> for String {
    fn from(seed: Seed) -> Self {
        seed.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_bounded() {
        assert!(Seed::new("7".repeat(Seed::LENGTH_MAX)).is_ok());
        assert_eq!(Seed::new("7".repeat(129)), Err(SeedTooLong { length: 129 }));
    }
}
