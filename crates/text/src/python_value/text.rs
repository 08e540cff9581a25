//! A text as Python has it.

use std::borrow::Cow;
use std::fmt;

/// A text as Python has it: characters, and halves of characters that UTF-16 has in two, which may
/// stand alone.
///
/// It is kept in UTF-8, in which a half has three bytes of its own. Python calls that
/// `surrogatepass`.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(Box<[u8]>);

impl Text {
    /// Returns the text with these bytes, if they are one.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        is_text(bytes).then(|| Self(bytes.into()))
    }

    /// Returns the text of these characters and halves, if all are in the range of Unicode.
    pub(super) fn of_points(points: impl Iterator<Item = u32>) -> Option<Self> {
        let mut bytes = Vec::new();
        for point in points {
            push(point, &mut bytes)?;
        }
        Some(Self(bytes.into()))
    }

    /// Returns it in UTF-8, in which halves have three bytes each.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns it, if it has no halves.
    pub fn as_text(&self) -> Option<&str> {
        str::from_utf8(&self.0).ok()
    }

    /// Returns it with a mark in place of each byte of a half.
    pub fn to_text_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// Returns it as it is after it has been written as JSON and read again: two halves beside each
    /// other are one character.
    pub fn joined(&self) -> Self {
        if self.as_text().is_some() {
            return self.clone();
        }
        let units = self.points().flat_map(|point| match (char::from_u32(point), point) {
            (Some(character), _) => character.encode_utf16(&mut [0; 2]).to_vec(),
            (None, half) => vec![u16::try_from(half).expect("a half has 16 bits")],
        });
        let points = char::decode_utf16(units).map(|point| match point {
            Ok(character) => character.into(),
            Err(half) => half.unpaired_surrogate().into(),
        });
        Self::of_points(points).expect("the characters of a text")
    }

    /// Returns its characters and halves, as numbers.
    pub fn points(&self) -> impl Iterator<Item = u32> {
        Points(&self.0)
    }
}

/// Returns whether these bytes are a [`Text`]: `len(text)` of its characters and halves, or `None`.
pub fn length(bytes: &[u8]) -> Option<usize> {
    is_text(bytes).then(|| Points(bytes).count())
}

fn is_text(bytes: &[u8]) -> bool {
    let mut points = Points(bytes);
    points.by_ref().for_each(drop);
    points.0.is_empty()
}

/// Appends a character or a half, if there is such a one.
pub(super) fn push(point: u32, bytes: &mut Vec<u8>) -> Option<()> {
    match char::from_u32(point) {
        Some(character) => {
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        None if point <= 0xffff => {
            let bits = |shift: u32| u8::try_from(point >> shift & 0x3f).expect("six bits");
            bytes.extend([0xe0 | bits(12), 0x80 | bits(6), 0x80 | bits(0)]);
        }
        None => return None,
    }
    Some(())
}

/// What is left of bytes that may be a text, of which the next character is taken off. It stops at
/// the end, or before what is none.
struct Points<'a>(&'a [u8]);

impl Iterator for Points<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let first = *self.0.first()?;
        let (length, least, bits) = match first {
            0x00..=0x7f => (1, 0, 0x7f),
            0xc2..=0xdf => (2, 0x80, 0x1f),
            0xe0..=0xef => (3, 0x800, 0x0f),
            0xf0..=0xf4 => (4, 0x1_0000, 0x07),
            _ => return None,
        };
        let (character, rest) = self.0.split_at_checked(length)?;
        let mut point = u32::from(first & bits);
        for byte in &character[1..] {
            if byte & 0xc0 != 0x80 {
                return None;
            }
            point = point << 6 | u32::from(byte & 0x3f);
        }
        if point < least || point > u32::from(char::MAX) {
            return None;
        }
        self.0 = rest;
        Some(point)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().into())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_text_lossy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_characters_of_their_own() {
        let bytes = b"a\xed\xa0\xbd\xc3\xa9\xf0\x9f\x98\x80\xed\xb8\x80";
        let text = Text::from_bytes(bytes).expect("a text of Python");
        let points: Vec<u32> = text.points().collect();
        assert_eq!(points, [0x61, 0xd83d, 0xe9, 0x1f600, 0xde00]);
        assert_eq!(Text::of_points(points.into_iter()), Some(text.clone()));
        assert_eq!((length(bytes), text.as_text()), (Some(5), None));
        assert_eq!(text.joined(), text);
        let split = Text::from_bytes(b"a\xed\xa0\xbd\xed\xb8\x80").expect("a text of Python");
        assert_eq!(split.joined(), Text::from("a\u{1f600}"));
        assert_eq!(Text::of_points([0x11_0000].into_iter()), None);
    }

    #[test]
    fn other_bytes_are_no_text() {
        for bytes in [
            &b"\x80"[..],
            b"a\xff",
            b"\xc1\xbf",
            b"\xe0\x9f\xbf",
            b"\xf0\x8f\xbf\xbf",
            b"\xf4\x90\x80\x80",
            b"\xed\xa0",
            b"\xc3(",
        ] {
            assert_eq!((Text::from_bytes(bytes), length(bytes)), (None, None), "{bytes:x?}");
        }
    }
}
