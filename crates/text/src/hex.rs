//! Bytes as hexadecimal digits.
//!
//! What is hashed or signed has one text for the same bytes, so [`decode`] takes lower case only.
//! What a person types may be in either case: that is [`decode_any_case`].

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes that are lower-case hexadecimal text when serialised, as keys and signatures are in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hex(pub Arc<[u8]>);

/// Bytes that one [`Hex`] may have when it is deserialised: no key or signature in use is longer,
/// and the text comes from strangers.
pub const BYTES_MAX: usize = 1024;

/// Why a text is not the lower-case hexadecimal digits of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotHex {
    /// It has another character than `0` to `9` and `a` to `f`.
    Character,
    /// It has an odd number of digits.
    HalfByte,
    /// It has more than [`BYTES_MAX`] bytes, where that is the limit.
    TooLong,
}

impl std::fmt::Display for NotHex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Character => "not lower-case hexadecimal",
            Self::HalfByte => "half a byte too many",
            Self::TooLong => "too long",
        })
    }
}

impl std::error::Error for NotHex {}

/// Returns bytes as lower-case digits, two each.
pub fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// Returns the bytes that these lower-case digits stand for.
pub fn decode(text: &str) -> Result<Vec<u8>, NotHex> {
    // Upper case is refused, so that the same bytes have one text.
    if text.bytes().any(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(NotHex::Character);
    }
    decode_any_case(text.as_bytes()).ok_or(NotHex::HalfByte)
}

/// Returns the bytes that these digits stand for, in whichever case they are, or `None` if they are
/// not digits of whole bytes.
pub fn decode_any_case(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16)?).ok();
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    digits.chunks(2).map(byte).collect()
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        bounded(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

fn bounded(text: &str) -> Result<Arc<[u8]>, NotHex> {
    let bytes = decode(text)?;
    if bytes.len() > BYTES_MAX { Err(NotHex::TooLong) } else { Ok(bytes.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_survive_the_text(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let text = encode(&bytes);
            prop_assert_eq!(decode_any_case(text.to_uppercase().as_bytes()), Some(bytes.clone()));
            prop_assert_eq!(decode(&text), Ok(bytes));
        }
    }

    #[test]
    fn what_is_not_lower_case_hexadecimal_is_refused() {
        assert_eq!(decode("0g"), Err(NotHex::Character));
        assert_eq!(decode("AB"), Err(NotHex::Character));
        assert_eq!(decode("abc"), Err(NotHex::HalfByte));
        assert_eq!(bounded(&"00".repeat(BYTES_MAX + 1)), Err(NotHex::TooLong));
    }

    #[test]
    fn two_digits_are_a_byte() {
        assert_eq!(decode_any_case(b""), Some(vec![]));
        assert_eq!(decode_any_case(b"00ffA5"), Some(vec![0, 255, 0xa5]));
        for wrong in [&b"0"[..], b"0x", b"+1", b"\xc3\xa9", b"1 "] {
            assert_eq!(decode_any_case(wrong), None);
        }
    }
}
