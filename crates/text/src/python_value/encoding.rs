//! Which text Python takes bytes for that are given to `json.loads`.

use super::{NotJson, Text, Value, loads_text};

/// How characters are bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    /// Two bytes each, or four.
    Utf16(Order),
    /// Four bytes each.
    Utf32(Order),
}

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Big,
    Little,
}

/// The marks at the beginning that say how the rest is to be read, in the order in which they are
/// looked for.
const MARKS: [(&[u8], Encoding); 5] = [
    (b"\0\0\xfe\xff", Encoding::Utf32(Order::Big)),
    (b"\xff\xfe\0\0", Encoding::Utf32(Order::Little)),
    (b"\xfe\xff", Encoding::Utf16(Order::Big)),
    (b"\xff\xfe", Encoding::Utf16(Order::Little)),
    (b"\xef\xbb\xbf", Encoding::Utf8),
];

/// Returns what Python reads in bytes. They may be UTF-8, UTF-16 or UTF-32, with a mark at their
/// beginning or without.
pub fn loads_bytes(bytes: &[u8]) -> Result<Value, NotJson> {
    let (encoding, rest) = detect(bytes);
    let not_text = NotJson { at: 0, reason: "not text in UTF-8, UTF-16 or UTF-32" };
    loads_text(&decode(encoding, rest).ok_or(not_text)?)
}

/// Returns the encoding that the first bytes suggest, and what comes after a mark. The first
/// character of JSON is ASCII, so where its zeros are shows the rest.
fn detect(bytes: &[u8]) -> (Encoding, &[u8]) {
    for (mark, encoding) in MARKS {
        if let Some(rest) = bytes.strip_prefix(mark) {
            return (encoding, rest);
        }
    }
    let encoding = match bytes {
        [0, 0, _, _, ..] => Encoding::Utf32(Order::Big),
        [0, _, _, _, ..] => Encoding::Utf16(Order::Big),
        [_, 0, 0, 0, ..] => Encoding::Utf32(Order::Little),
        [_, 0, _, _, ..] => Encoding::Utf16(Order::Little),
        [0, _] => Encoding::Utf16(Order::Big),
        [_, 0] => Encoding::Utf16(Order::Little),
        _ => Encoding::Utf8,
    };
    (encoding, bytes)
}

fn decode(encoding: Encoding, bytes: &[u8]) -> Option<Text> {
    match encoding {
        Encoding::Utf8 => Text::from_bytes(bytes),
        Encoding::Utf16(order) => {
            let (pairs, []) = bytes.as_chunks::<2>() else { return None };
            let unit = |pair: &[u8; 2]| match order {
                Order::Big => u16::from_be_bytes(*pair),
                Order::Little => u16::from_le_bytes(*pair),
            };
            let points = char::decode_utf16(pairs.iter().map(unit)).map(|point| match point {
                Ok(character) => character.into(),
                Err(half) => half.unpaired_surrogate().into(),
            });
            Text::of_points(points)
        }
        Encoding::Utf32(order) => {
            let (fours, []) = bytes.as_chunks::<4>() else { return None };
            let point = |four: &[u8; 4]| match order {
                Order::Big => u32::from_be_bytes(*four),
                Order::Little => u32::from_le_bytes(*four),
            };
            Text::of_points(fours.iter().map(point))
        }
    }
}
