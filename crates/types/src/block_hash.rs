//! The name of a block.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The digest that identifies a block, with its bytes in the order in which SHA-256 returns them.
///
/// As text it is 64 lower-case hexadecimal digits in that order; Bitcoin's programs show theirs in
/// reverse.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlockHash([u8; 32]);

/// A text that is not a block hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not 64 lower-case hexadecimal digits")]
pub struct NotABlockHash;

impl BlockHash {
    /// Returns the hash with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns its text as ASCII bytes, which is what some networks hash into the next block.
    pub fn to_hex(self) -> [u8; 64] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        text
    }
}

impl fmt::Display for BlockHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = self.to_hex();
        f.pad(str::from_utf8(&hex).expect("hexadecimal digits are ASCII"))
    }
}

impl fmt::Debug for BlockHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlockHash({self})")
    }
}

impl FromStr for BlockHash {
    type Err = NotABlockHash;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: &[u8; 64] = text.as_bytes().try_into().map_err(|_| NotABlockHash)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

/// Parses lower case only, so that each hash has one text.
fn digit(byte: u8) -> Result<u8, NotABlockHash> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        _ => Err(NotABlockHash),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_survives_its_text_and_nothing_else_is_one() {
        let mut bytes = [0xa5; 32];
        bytes[0] = 0x01;
        let hash = BlockHash::from_bytes(bytes);
        let text = hash.to_string();
        assert!(text.starts_with("01a5a5"));
        assert_eq!(text.parse(), Ok(hash));
        let short = &text[1..];
        for other in [short, &text.to_uppercase(), &format!("{text}0"), &"é".repeat(32)] {
            assert_eq!(other.parse::<BlockHash>(), Err(NotABlockHash), "{other}");
        }
    }
}
