//! Keeps oversized messages away from the AMQP library, which assembles a message before it hands
//! it out. Otherwise a stranger could make us hold as much memory as a broker accepts.
//!
//! A message arrives as a header with the size of its body, and the body in frames. A header that
//! announces too much is replaced by a stub: the same header without a body, and with one property
//! that contains the size. The frames of the body are dropped.

use bytes::{Buf, BufMut, BytesMut};
use lapin::BasicProperties;

use crate::sieve;

/// The property `type` of a stub begins with this; the size of the body follows in decimal.
const STUB_PREFIX: &str = "althing-oversized/";

const HEADER_FRAME: u8 = 2;
const BODY_FRAME: u8 = 3;
/// Type, channel, size of the payload.
const FRAME_HEAD_BYTES: usize = 1 + 2 + 4;
/// After the payload.
const FRAME_END: u8 = 0xce;
/// Class and weight, before the size of the body in a header's payload.
const CLASS_BYTES: usize = 2 + 2;
/// The minimum length of a header's payload: class, weight, size of the body, flags.
const CONTENT_BYTES_MIN: usize = CLASS_BYTES + 8 + 2;
/// In the flags of a header: its only property is `type`.
const TYPE_FLAG: u16 = 1 << 5;

/// Reads AMQP frames and passes on the messages within the limit.
pub(super) struct Guard {
    body_bytes_max: u64,
    position: Position,
    /// The remaining bytes of an oversized body. A broker does not interleave the frames of two
    /// messages on one channel, and we listen on one channel.
    giant: u64,
}

/// The position of the next byte in the frames.
enum Position {
    /// In the head of a frame, of which these bytes have arrived.
    Head(Vec<u8>),
    /// In the header of a message, up to the size of its body.
    Content(Vec<u8>),
    /// In a frame that is passed on, with this many bytes to come.
    Passing(u64),
    /// In a frame that is dropped, with this many bytes to come.
    Dropping(u64),
}

impl Guard {
    pub(super) fn new(body_bytes_max: usize) -> Self {
        let position = Position::Head(Vec::new());
        Self { body_bytes_max: body_bytes_max as u64, position, giant: 0 }
    }

    /// Returns what follows the head of a frame.
    fn after_head(&mut self, head: &[u8], passed: &mut BytesMut) -> Position {
        let (kind, mut size) = (head[0], &head[FRAME_HEAD_BYTES - 4..]);
        let payload = u64::from(size.get_u32());
        let left = payload + 1;
        if kind == HEADER_FRAME && payload >= CONTENT_BYTES_MIN as u64 {
            return Position::Content(head.to_vec());
        }
        if kind == BODY_FRAME && self.giant > 0 {
            self.giant = self.giant.saturating_sub(payload);
            return Position::Dropping(left);
        }
        passed.extend_from_slice(head);
        Position::Passing(left)
    }

    /// Returns what follows a header up to the size of the body.
    fn after_content(&mut self, seen: &[u8], passed: &mut BytesMut) -> Position {
        let (head, content) = seen.split_at(FRAME_HEAD_BYTES);
        let mut size = &head[FRAME_HEAD_BYTES - 4..];
        let left = u64::from(size.get_u32()) - content.len() as u64 + 1;
        let (class, mut body) = content.split_at(CLASS_BYTES);
        self.giant = 0;
        match body.get_u64() {
            bytes if bytes > self.body_bytes_max => {
                put_stub(passed, &head[1..3], class, bytes);
                self.giant = bytes;
                Position::Dropping(left)
            }
            _ => {
                passed.extend_from_slice(seen);
                Position::Passing(left)
            }
        }
    }
}

impl sieve::Sieve for Guard {
    fn sift(&mut self, mut bytes: &[u8], passed: &mut BytesMut) {
        while !bytes.is_empty() {
            match &mut self.position {
                Position::Head(seen) => {
                    seen.push(bytes.get_u8());
                    if seen.len() == FRAME_HEAD_BYTES {
                        let head = std::mem::take(seen);
                        self.position = self.after_head(&head, passed);
                    }
                }
                Position::Content(seen) => {
                    seen.push(bytes.get_u8());
                    if seen.len() == FRAME_HEAD_BYTES + CLASS_BYTES + 8 {
                        let seen = std::mem::take(seen);
                        self.position = self.after_content(&seen, passed);
                    }
                }
                Position::Passing(left) => passed.extend_from_slice(take(&mut bytes, left)),
                Position::Dropping(left) => drop(take(&mut bytes, left).len()),
            }
            if let Position::Passing(0) | Position::Dropping(0) = self.position {
                self.position = Position::Head(Vec::new());
            }
        }
    }
}

/// Returns the size of a body that was too large, if these are the properties of its stub.
pub(super) fn oversized(properties: &BasicProperties) -> Option<usize> {
    properties.kind().as_ref()?.as_str().strip_prefix(STUB_PREFIX)?.parse().ok()
}

/// Takes no more than `left` from the front of `bytes`.
fn take<'a>(bytes: &mut &'a [u8], left: &mut u64) -> &'a [u8] {
    let most = usize::try_from(*left).unwrap_or(usize::MAX);
    let (now, later) = bytes.split_at(bytes.len().min(most));
    *left -= now.len() as u64;
    *bytes = later;
    now
}

fn put_stub(passed: &mut BytesMut, channel: &[u8], class: &[u8], body_bytes: u64) {
    let kind = format!("{STUB_PREFIX}{body_bytes}");
    let kind_bytes = u8::try_from(kind.len()).expect("a word and a number");
    let payload = CONTENT_BYTES_MIN + 1 + kind.len();
    passed.put_u8(HEADER_FRAME);
    passed.put_slice(channel);
    passed.put_u32(u32::try_from(payload).expect("some dozen bytes"));
    passed.put_slice(class);
    passed.put_u64(0);
    passed.put_u16(TYPE_FLAG);
    passed.put_u8(kind_bytes);
    passed.put_slice(kind.as_bytes());
    passed.put_u8(FRAME_END);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sieve::Sieve;

    const LIMIT: usize = 100;
    const METHOD_FRAME: u8 = 1;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let size = u32::try_from(payload.len()).expect("small").to_be_bytes();
        [&[kind, 0, 1], &size[..], payload, &[FRAME_END]].concat()
    }

    /// A header with a property, as strangers set them.
    fn header(body_bytes: u64) -> Vec<u8> {
        let properties = [&TYPE_FLAG.to_be_bytes()[..], b"\x05plain"].concat();
        let payload = [&[0, 60, 0, 0], &body_bytes.to_be_bytes()[..], &properties].concat();
        frame(HEADER_FRAME, &payload)
    }

    fn message(body_bytes: usize) -> Vec<u8> {
        let mut bytes = frame(METHOD_FRAME, b"deliver");
        bytes.extend(header(body_bytes as u64));
        let body = vec![7; body_bytes];
        bytes.extend(body.chunks(64).flat_map(|part| frame(BODY_FRAME, part)));
        bytes
    }

    fn sifted(bytes: &[u8], piece: usize) -> BytesMut {
        let (mut guard, mut passed) = (Guard::new(LIMIT), BytesMut::new());
        bytes.chunks(piece).for_each(|piece| guard.sift(piece, &mut passed));
        passed
    }

    #[test]
    fn what_is_within_the_limit_passes_unchanged_in_pieces_of_any_size() {
        let bytes = [message(0), message(1), message(LIMIT), frame(8, b"")].concat();
        for piece in 1..=bytes.len() {
            assert_eq!(sifted(&bytes, piece), bytes, "in pieces of {piece}");
        }
    }

    #[test]
    fn a_giant_becomes_a_stub_and_the_next_message_is_whole() {
        let bytes = [message(1), message(1000), frame(8, b""), message(2)].concat();
        let mut stub = BytesMut::new();
        put_stub(&mut stub, &[0, 1], &[0, 60, 0, 0], 1000);
        let deliver = frame(METHOD_FRAME, b"deliver");
        let expected = [message(1), deliver, stub.to_vec(), frame(8, b""), message(2)].concat();
        for piece in [1, 3, 100, bytes.len()] {
            assert_eq!(sifted(&bytes, piece), expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn the_size_is_read_from_a_stub_and_from_nothing_else() {
        let kind = |kind: &str| BasicProperties::default().with_type(kind.into());
        assert_eq!(oversized(&kind("althing-oversized/1000")), Some(1000));
        assert_eq!(oversized(&kind("althing-oversized/many")), None);
        assert_eq!(oversized(&kind("1000")), None);
        assert_eq!(oversized(&BasicProperties::default()), None);
    }

    #[test]
    fn what_is_not_amqp_is_left_to_the_library() {
        for bytes in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"AMQP\x00\x00\x09\x01"] {
            assert_eq!(sifted(bytes, 1), bytes);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_borne_and_never_become_many_more(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            piece in 1_usize..40,
        ) {
            prop_assert!(sifted(&bytes, piece).len() <= 4 * bytes.len());
        }
    }
}
