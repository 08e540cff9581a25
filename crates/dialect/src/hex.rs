//! Bytes as lower-case hexadecimal text, as keys and signatures are written in JSON.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes that are hexadecimal text on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hex(pub(crate) Arc<[u8]>);

/// Bytes that one text may stand for: no key or signature in use is longer.
const BYTES_MAX: usize = 1024;

fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

fn decode(text: &str) -> Result<Arc<[u8]>, &'static str> {
    let digits: Option<Vec<u8>> = text.bytes().map(digit).collect();
    match digits {
        None => Err("not lower-case hexadecimal"),
        Some(digits) if digits.len() % 2 != 0 => Err("half a byte too many"),
        Some(digits) if digits.len() > 2 * BYTES_MAX => Err("too long"),
        Some(digits) => Ok(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()),
    }
}

/// Only lower case, so that the same bytes have the same text.
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        decode(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_survive_the_text(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let decoded = decode(&encode(&bytes));
            prop_assert_eq!(decoded.as_deref(), Ok(&bytes[..]));
        }
    }

    #[test]
    fn what_is_not_lower_case_hexadecimal_is_refused() {
        assert_eq!(decode("0g"), Err("not lower-case hexadecimal"));
        assert_eq!(decode("AB"), Err("not lower-case hexadecimal"));
        assert_eq!(decode("abc"), Err("half a byte too many"));
        assert_eq!(decode(&"00".repeat(BYTES_MAX + 1)), Err("too long"));
    }
}
