//! From MQTT 3.1.1 to 5: bytes in pieces of any size, of which the payload of a message is never
//! held.

use bytes::{Buf, BufMut, BytesMut};

use super::{
    CONNACK, CONNECT, LEVEL_3_1_1, LEVEL_5, PUBLISH, SUBACK, SUBSCRIBE, UNSUBACK, UNSUBSCRIBE,
    WILL, split_text,
};
use crate::mqtt::lengths::{head_bytes, put_length};
use crate::sieve::Sieve;

/// The maximum size in bytes of a packet that is not a message. Those of 3.1.1 are small, but for a
/// CONNECT, whose last will has up to 64 KiB.
const PACKET_BYTES_MAX: usize = 256 * 1024;

/// Translates 3.1.1 to 5.
#[derive(Debug)]
pub(crate) struct Newer(Position);

/// The position of the next byte in the packets.
#[derive(Debug)]
enum Position {
    /// In a fixed header, of which these bytes have arrived.
    Header(Vec<u8>),
    /// Before the end of the topic and the packet identifier of a PUBLISH; `left` bytes of the
    /// packet are to come, those of its head included.
    Head { flags: u8, left: usize, head: Vec<u8> },
    /// In the payload of a PUBLISH, with this many bytes to come.
    Payload(usize),
    /// In another packet, of which `body` has arrived and `left` bytes are to come.
    Packet { first: u8, left: usize, body: Vec<u8> },
    /// After something that is not MQTT; the reader will notice.
    Unknown,
}

impl Newer {
    pub(crate) fn new() -> Self {
        Self(Position::Header(Vec::new()))
    }

    /// Returns how many bytes are held back until more arrive.
    pub(crate) fn held_bytes(&self) -> usize {
        match &self.0 {
            Position::Header(bytes)
            | Position::Head { head: bytes, .. }
            | Position::Packet { body: bytes, .. } => bytes.capacity(),
            Position::Payload(_) | Position::Unknown => 0,
        }
    }
}

impl Sieve for Newer {
    fn sift(&mut self, mut bytes: &[u8], passed: &mut BytesMut) {
        while !bytes.is_empty() {
            match &mut self.0 {
                Position::Header(header) => {
                    header.push(bytes.get_u8());
                    if let Some(next) = after_header(header) {
                        if matches!(next, Position::Unknown) {
                            passed.extend_from_slice(header);
                        }
                        self.0 = next;
                    }
                }
                Position::Head { flags, left, head } => {
                    head.push(bytes.get_u8());
                    *left -= 1;
                    if head.len() == head_bytes(head, *flags) {
                        passed.put_u8(PUBLISH << 4 | *flags);
                        // One byte more: the empty list of properties.
                        put_length(passed, head.len() + 1 + *left);
                        passed.extend_from_slice(head);
                        passed.put_u8(0);
                        self.0 = Position::Payload(*left);
                    } else if *left == 0 {
                        // Its topic is longer than the packet, which cannot be read.
                        passed.extend_from_slice(&[PUBLISH << 4 | *flags, 0]);
                        self.0 = Position::Header(Vec::new());
                    }
                }
                Position::Payload(left) => {
                    let (now, later) = bytes.split_at(bytes.len().min(*left));
                    passed.extend_from_slice(now);
                    *left -= now.len();
                    bytes = later;
                }
                Position::Packet { left, body, .. } => {
                    let (now, later) = bytes.split_at(bytes.len().min(*left));
                    body.extend_from_slice(now);
                    *left -= now.len();
                    bytes = later;
                }
                Position::Unknown => {
                    passed.extend_from_slice(bytes);
                    return;
                }
            }
            match &self.0 {
                Position::Payload(0) => self.0 = Position::Header(Vec::new()),
                Position::Packet { first, left: 0, body } => {
                    let body = newer_body(first >> 4, body);
                    passed.put_u8(*first);
                    put_length(passed, body.len());
                    passed.extend_from_slice(&body);
                    self.0 = Position::Header(Vec::new());
                }
                _ => {}
            }
        }
    }
}

/// Returns what follows a fixed header, or `None` if it is not complete.
fn after_header(header: &[u8]) -> Option<Position> {
    let (first, length) = header.split_first()?;
    let last = length.last()?;
    if last & 0x80 != 0 {
        return (length.len() == 4).then_some(Position::Unknown);
    }
    let left = length.iter().rev().fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7f));
    Some(match first >> 4 {
        PUBLISH if left > 0 => Position::Head { flags: first & 0x0f, left, head: Vec::new() },
        _ if left > PACKET_BYTES_MAX => Position::Unknown,
        _ => Position::Packet { first: *first, left, body: Vec::new() },
    })
}

/// Returns the body of a packet in MQTT 5. What is not a packet of 3.1.1 stays as it is.
fn newer_body(kind: u8, body: &[u8]) -> Vec<u8> {
    match (kind, body) {
        (CONNECT, _) => newer_connect(body).unwrap_or_else(|| body.to_vec()),
        (CONNACK, [flags, code]) => vec![*flags, newer_code(*code), 0],
        (SUBSCRIBE | UNSUBSCRIBE | SUBACK, [high, low, rest @ ..]) => {
            [&[*high, *low, 0], rest].concat()
        }
        // 3.1.1 does not say how each topic fared; our clients ask for one at a time.
        (UNSUBACK, [high, low]) => vec![*high, *low, 0, 0],
        _ => body.to_vec(),
    }
}

/// Returns the body of a CONNECT of 3.1.1 in MQTT 5; `None` if it is malformed.
fn newer_connect(body: &[u8]) -> Option<Vec<u8>> {
    let (name, rest) = split_text(body)?;
    let ([LEVEL_3_1_1, flags, high, low], rest) = rest.split_first_chunk()? else { return None };
    let (client, rest) = split_text(rest)?;
    let mut newer = name.to_vec();
    newer.extend_from_slice(&[LEVEL_5, *flags, *high, *low, 0]);
    newer.extend_from_slice(client);
    if flags & WILL != 0 {
        newer.push(0);
    }
    newer.extend_from_slice(rest);
    Some(newer)
}

/// Returns MQTT 5's reason for the return code of a CONNACK of 3.1.1.
pub(in crate::mqtt) fn newer_code(code: u8) -> u8 {
    match code {
        0 => 0,
        1 => 0x84,
        2 => 0x85,
        3 => 0x88,
        4 => 0x86,
        5 => 0x87,
        _ => 0x80,
    }
}
