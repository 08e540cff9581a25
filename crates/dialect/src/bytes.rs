//! Numbers, and bytes after their length: what all messages are made of. All numbers are
//! big-endian.

use crate::Malformed;

/// Reads what was written, and nothing beyond its end.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Reads so many bytes as it takes.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Malformed> {
        let (array, rest) = self.rest.split_first_chunk().ok_or_else(too_short)?;
        self.rest = rest;
        Ok(array)
    }

    /// Reads so many bytes as `count` says.
    pub(crate) fn slice(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (slice, rest) = self.rest.split_at_checked(count).ok_or_else(too_short)?;
        self.rest = rest;
        Ok(slice)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        self.array().map(|[byte]| *byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(|bytes| u16::from_be_bytes(*bytes))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(|bytes| u64::from_be_bytes(*bytes))
    }

    /// Reads bytes after their length in one byte, and returns them as a text.
    pub(crate) fn short_text(&mut self, field: &'static str) -> Result<&'a str, Malformed> {
        let length = self.byte()?;
        text(field, self.slice(length.into())?)
    }

    /// Reads bytes after their length in two bytes.
    pub(crate) fn long_bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.u16()?;
        self.slice(length.into())
    }

    /// Reads bytes after their length in two bytes, and returns them as a text.
    pub(crate) fn long_text(&mut self, field: &'static str) -> Result<&'a str, Malformed> {
        text(field, self.long_bytes()?)
    }

    /// Returns an error if there is anything left.
    pub(crate) fn end(self) -> Result<(), Malformed> {
        let is_over = self.rest.is_empty();
        is_over.then_some(()).ok_or_else(|| not_a_message("there is something after its end"))
    }
}

fn text<'a>(field: &'static str, bytes: &'a [u8]) -> Result<&'a str, Malformed> {
    str::from_utf8(bytes)
        .map_err(|_| Malformed::Field { field, reason: "it is not UTF-8".to_owned() })
}

fn too_short() -> Malformed {
    not_a_message("it ends too early")
}

pub(crate) fn not_a_message(reason: &str) -> Malformed {
    Malformed::NotAMessage(reason.to_owned())
}

/// Appends bytes after their length in one byte, or returns `None` if there are more than 255.
pub(crate) fn write_short(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.push(u8::try_from(bytes.len()).ok()?);
    out.extend_from_slice(bytes);
    Some(())
}

/// Appends bytes after their length in two bytes, or returns `None` if there are more than 65,535.
pub(crate) fn write_long(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(&u16::try_from(bytes.len()).ok()?.to_be_bytes());
    out.extend_from_slice(bytes);
    Some(())
}
