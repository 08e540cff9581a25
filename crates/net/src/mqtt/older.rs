//! Translates between MQTT 3.1.1 and MQTT 5, packet by packet, so that each side of the project
//! has to speak only MQTT 5.
//!
//! Where both have the same packet, 5 adds a list of properties, and more reasons for a refusal.
//! Towards 5 the list is empty. Towards 3.1.1 it is left out, a reason becomes the one that comes
//! closest, and packets that only 5 has are not sent.
//!
//! | file | |
//! | --- | --- |
//! | `newer` | [`Newer`], 3.1.1 to 5: reads pieces of any size, and never holds a payload |
//! | `wire` | [`OlderWire`], a connection over which a client of 5 talks to a broker of 3.1.1 |
//! | this one | [`Older`], 5 to 3.1.1: reads pieces of any size, and translates whole packets |

mod newer;
#[cfg(test)]
mod tests;
mod wire;

use std::borrow::Cow;

use bytes::{BufMut, BytesMut};

pub(crate) use self::newer::Newer;
pub(super) use self::newer::newer_code;
pub(super) use self::wire::OlderWire;
use super::lengths::{head_bytes, put_length};

const CONNECT: u8 = 1;
const CONNACK: u8 = 2;
const PUBLISH: u8 = 3;
const PUBACK: u8 = 4;
const PUBCOMP: u8 = 7;
const SUBSCRIBE: u8 = 8;
const SUBACK: u8 = 9;
const UNSUBSCRIBE: u8 = 10;
const UNSUBACK: u8 = 11;
const DISCONNECT: u8 = 14;
const AUTH: u8 = 15;

/// The protocol level of MQTT 3.1.1 in a CONNECT.
pub(crate) const LEVEL_3_1_1: u8 = 4;
/// The protocol level of MQTT 5 in a CONNECT.
pub(crate) const LEVEL_5: u8 = 5;

/// The flag of a CONNECT that says that it has a last will.
const WILL: u8 = 0b100;
/// Returns the return code of 3.1.1 that comes closest to MQTT 5's reason in a CONNACK.
fn older_code(reason: u8) -> u8 {
    match reason {
        0 => 0,
        0x84 => 1,
        0x85 => 2,
        0x86 => 4,
        0x87 => 5,
        _ => 3,
    }
}

/// Which side's packets are translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Those of a client.
    Client,
    /// Those of a broker.
    Broker,
}

/// Translates 5 to 3.1.1.
#[derive(Debug)]
pub(crate) struct Older {
    side: Side,
    /// Bytes of a packet that is not complete.
    waiting: BytesMut,
}

impl Older {
    pub(crate) fn new(side: Side) -> Self {
        Self { side, waiting: BytesMut::new() }
    }

    /// Adds to `passed` what the other side shall see of `bytes` and of the bytes held back before.
    ///
    /// Only for the packets of this program: what is malformed is left out.
    pub(crate) fn translate(&mut self, bytes: &[u8], passed: &mut BytesMut) {
        self.waiting.extend_from_slice(bytes);
        while let Some((header, length)) = fixed_header(&self.waiting) {
            if self.waiting.len() < header + length {
                return;
            }
            let packet = self.waiting.split_to(header + length);
            let first = packet[0];
            if let Some(body) = older_body(self.side, first, &packet[header..]) {
                let body_bytes = body.iter().map(|part| part.len()).sum();
                passed.put_u8(first);
                put_length(passed, body_bytes);
                body.iter().for_each(|part| passed.extend_from_slice(part));
            }
        }
    }
}

/// Returns the lengths of the fixed header and of what follows it, if it is complete.
fn fixed_header(bytes: &[u8]) -> Option<(usize, usize)> {
    let (length, length_bytes) = variable(bytes.get(1..)?)?;
    Some((1 + length_bytes, length))
}

/// Reads MQTT's integers of variable length; returns the number, and how many bytes it has.
fn variable(bytes: &[u8]) -> Option<(usize, usize)> {
    let end = bytes.iter().take(4).position(|byte| byte & 0x80 == 0)?;
    let digits = bytes[..=end].iter().rev();
    Some((digits.fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7f)), end + 1))
}

/// Returns the parts of the body of a packet in 3.1.1; `None` if it has no such packet.
fn older_body(side: Side, first: u8, body: &[u8]) -> Option<Vec<Cow<'_, [u8]>>> {
    let keep = |bytes| Cow::Borrowed(bytes);
    match first >> 4 {
        CONNECT => older_connect(body).map(|body| vec![body.into()]),
        CONNACK => {
            let [flags, reason, ..] = body else { return None };
            Some(vec![vec![*flags, older_code(*reason)].into()])
        }
        PUBLISH => {
            let (head, payload) = without_properties(body, head_bytes(body, first & 0x0f))?;
            Some(vec![keep(head), keep(payload)])
        }
        PUBACK..=PUBCOMP => Some(vec![keep(body.get(..2)?)]),
        SUBSCRIBE => {
            let (identifier, filters) = without_properties(body, 2)?;
            Some(vec![keep(identifier), older_filters(filters)?.into()])
        }
        SUBACK => {
            let (identifier, codes) = without_properties(body, 2)?;
            let codes = codes.iter().map(|code| if *code < 0x80 { *code } else { 0x80 });
            Some(vec![keep(identifier), codes.collect()])
        }
        UNSUBSCRIBE => {
            let (identifier, filters) = without_properties(body, 2)?;
            Some(vec![keep(identifier), keep(filters)])
        }
        UNSUBACK => Some(vec![keep(body.get(..2)?)]),
        DISCONNECT => (side == Side::Client).then(Vec::new),
        AUTH => None,
        _ => Some(vec![keep(body)]),
    }
}

/// Returns the first bytes of a body, and what follows the properties behind them.
fn without_properties(body: &[u8], head: usize) -> Option<(&[u8], &[u8])> {
    let (head, rest) = body.split_at_checked(head)?;
    let (length, length_bytes) = variable(rest)?;
    Some((head, rest.get(length_bytes + length..)?))
}

fn older_connect(body: &[u8]) -> Option<Vec<u8>> {
    let (name, rest) = split_text(body)?;
    let ([LEVEL_5, flags, high, low], rest) = rest.split_first_chunk()? else { return None };
    let (_, rest) = without_properties(rest, 0)?;
    let (client, mut rest) = split_text(rest)?;
    let mut older = name.to_vec();
    older.extend_from_slice(&[LEVEL_3_1_1, *flags, *high, *low]);
    older.extend_from_slice(client);
    if flags & WILL != 0 {
        (_, rest) = without_properties(rest, 0)?;
    }
    older.extend_from_slice(rest);
    Some(older)
}

/// Returns the filters of a SUBSCRIBE with their QoS, and without the options that only 5 has.
fn older_filters(mut filters: &[u8]) -> Option<Vec<u8>> {
    let mut older = Vec::new();
    while !filters.is_empty() {
        let (filter, rest) = split_text(filters)?;
        let (options, rest) = rest.split_first()?;
        older.extend_from_slice(filter);
        older.push(options & 0b11);
        filters = rest;
    }
    Some(older)
}

/// Splits off a text, its length included.
fn split_text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, _) = bytes.split_first_chunk()?;
    bytes.split_at_checked(2 + usize::from(u16::from_be_bytes(*length)))
}
