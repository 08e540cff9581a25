//! Translates between MQTT 3.1.1 and MQTT 5, packet by packet, so that each side of the project
//! has to speak only MQTT 5.
//!
//! Where both have the same packet, 5 adds a list of properties, and more reasons for a refusal.
//! Towards 5 the list is empty. Towards 3.1.1 it is left out, a reason becomes the one that comes
//! closest, and packets that only 5 has are not sent.
//!
//! | | |
//! | --- | --- |
//! | [`Newer`] | 3.1.1 to 5: reads pieces of any size, and never holds the payload of a message |
//! | [`Older`] | 5 to 3.1.1: reads pieces of any size, and translates whole packets |
//! | [`OlderWire`] | a connection over which a client that speaks 5 talks to a broker of 3.1.1 |

use std::borrow::Cow;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::lengths::{head_bytes, put_length};
use crate::sieve::{Sieve, Sieved};

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

/// The flag of a CONNECT that says that it has a last will.
const WILL: u8 = 0b100;

/// Returns MQTT 5's reason for the return code of a CONNACK of 3.1.1.
pub(super) fn newer_code(code: u8) -> u8 {
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

/// A connection to a broker of 3.1.1 for a client that speaks 5.
pub(super) struct OlderWire<S> {
    stream: Sieved<S, Newer>,
    older: Older,
    /// Translated, and not yet written.
    unsent: BytesMut,
}

impl<S> OlderWire<S> {
    pub(super) fn new(stream: S) -> Self {
        let (older, unsent) = (Older::new(Side::Client), BytesMut::new());
        Self { stream: Sieved::new(stream, Newer::new()), older, unsent }
    }
}

impl<S: AsyncWrite + Unpin> OlderWire<S> {
    /// Writes all that is translated.
    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, &self.unsent))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unsent.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for OlderWire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for OlderWire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // What was taken before goes out first, so that no more than one piece waits here.
        ready!(self.poll_drain(context))?;
        let this = &mut *self;
        this.older.translate(bytes, &mut this.unsent);
        // An error here is met again by the next flush.
        let _ = this.poll_drain(context)?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rumqttc::{
        ConnAck, Connect, ConnectAuth, ConnectProperties, ConnectReturnCode, Disconnect,
        DisconnectReasonCode, LastWill, Packet, PubAck, PubAckReason, PubRel, Publish,
        PublishProperties, QoS, SubAck, Subscribe, SubscribeFilter, SubscribeProperties,
        SubscribeReasonCode, UnsubAck, UnsubAckReason, Unsubscribe,
    };

    use super::*;

    fn newer(bytes: &[u8], piece: usize) -> Vec<u8> {
        let (mut newer, mut passed) = (Newer::new(), BytesMut::new());
        bytes.chunks(piece).for_each(|piece| newer.sift(piece, &mut passed));
        passed.to_vec()
    }

    fn older(side: Side, packet: &Packet, piece: usize) -> Vec<u8> {
        let (mut older, mut bytes, mut passed) =
            (Older::new(side), BytesMut::new(), BytesMut::new());
        packet.write(&mut bytes, None).expect("a valid packet");
        bytes.chunks(piece).for_each(|piece| older.translate(piece, &mut passed));
        passed.to_vec()
    }

    fn connect() -> Packet {
        let properties = ConnectProperties { receive_maximum: Some(9), ..ConnectProperties::new() };
        let connect = Connect {
            keep_alive: 300,
            client_id: "me".to_owned(),
            clean_start: true,
            properties: Some(properties),
        };
        let will = LastWill::new("w", "gone", QoS::AtLeastOnce, true, None);
        let (username, password) = ("ann".to_owned(), "pw".into());
        Packet::Connect(connect, Some(will), ConnectAuth::UsernamePassword { username, password })
    }

    /// Packets of both sides, and how 3.1.1 writes them.
    fn table() -> Vec<(Side, Packet, Vec<u8>)> {
        let filter =
            SubscribeFilter { nolocal: true, ..SubscribeFilter::new("a", QoS::AtLeastOnce) };
        let identified = SubscribeProperties { id: Some(300), user_properties: Vec::new() };
        let mut subscribe = Subscribe::new(filter, Some(identified));
        subscribe.pkid = 7;
        let mut unsubscribe = Unsubscribe::new("a", None);
        unsubscribe.pkid = 7;
        let properties =
            PublishProperties { response_topic: Some("r".to_owned()), ..Default::default() };
        let mut publish = Publish::new("a", QoS::AtLeastOnce, "hi", Some(properties));
        publish.pkid = 7;
        let mut denied = PubAck::new(7, None);
        denied.reason = PubAckReason::NotAuthorized;
        let suback = SubAck {
            pkid: 7,
            return_codes: vec![
                SubscribeReasonCode::Success(QoS::AtLeastOnce),
                SubscribeReasonCode::NotAuthorized,
            ],
            properties: None,
        };
        let unsuback =
            UnsubAck { pkid: 7, reasons: vec![UnsubAckReason::Success], properties: None };
        let connack =
            |code| Packet::ConnAck(ConnAck { session_present: false, code, properties: None });
        let bye = Packet::Disconnect(Disconnect::new(DisconnectReasonCode::QuotaExceeded));
        let (client, broker) = (Side::Client, Side::Broker);
        vec![
            (
                client,
                connect(),
                b"\x10\x20\0\x04MQTT\x04\xee\x01\x2c\0\x02me\0\x01w\0\x04gone\0\x03ann\0\x02pw"
                    .to_vec(),
            ),
            (client, Packet::Subscribe(subscribe), b"\x82\x06\0\x07\0\x01a\x01".to_vec()),
            (client, Packet::Unsubscribe(unsubscribe), b"\xa2\x05\0\x07\0\x01a".to_vec()),
            (client, Packet::Publish(publish), b"\x32\x07\0\x01a\0\x07hi".to_vec()),
            (client, Packet::PubRel(PubRel::new(7, None)), b"\x62\x02\0\x07".to_vec()),
            (client, Packet::PingReq, b"\xc0\0".to_vec()),
            (client, bye.clone(), b"\xe0\0".to_vec()),
            (broker, connack(ConnectReturnCode::Success), b"\x20\x02\0\0".to_vec()),
            (broker, connack(ConnectReturnCode::NotAuthorized), b"\x20\x02\0\x05".to_vec()),
            (broker, connack(ConnectReturnCode::QuotaExceeded), b"\x20\x02\0\x03".to_vec()),
            (broker, Packet::SubAck(suback), b"\x90\x04\0\x07\x01\x80".to_vec()),
            (broker, Packet::UnsubAck(unsuback), b"\xb0\x02\0\x07".to_vec()),
            (broker, Packet::PubAck(denied), b"\x40\x02\0\x07".to_vec()),
            (broker, Packet::PingResp, b"\xd0\0".to_vec()),
            (broker, bye, Vec::new()),
        ]
    }

    #[test]
    fn packets_of_5_as_3_1_1_has_them() {
        for (side, packet, expected) in table() {
            for piece in [1, 2, 1000] {
                assert_eq!(older(side, &packet, piece), expected, "{packet:?}");
            }
        }
    }

    #[test]
    fn packets_of_3_1_1_are_read_as_those_of_5() {
        let all: Vec<u8> = table().into_iter().flat_map(|(_, _, bytes)| bytes).collect();
        let once = newer(&all, all.len());
        for piece in 1..20 {
            assert_eq!(newer(&all, piece), once, "in pieces of {piece}");
        }
        let mut stream = BytesMut::from(&once[..]);
        let mut read = Vec::new();
        while !stream.is_empty() {
            read.push(Packet::read(&mut stream, None).expect("a packet of MQTT 5"));
        }
        let sent: Vec<_> = table().into_iter().filter(|(_, _, bytes)| !bytes.is_empty()).collect();
        assert_eq!(read.len(), sent.len());
        for (read, (_, packet, _)) in read.iter().zip(&sent) {
            assert_eq!(read.packet_type(), packet.packet_type());
        }
        let Packet::Connect(connect, Some(will), auth) = &read[0] else { panic!("{read:?}") };
        assert_eq!((connect.client_id.as_str(), connect.keep_alive), ("me", 300));
        assert_eq!((&will.topic[..], &will.message[..]), (&b"w"[..], &b"gone"[..]));
        assert!(
            matches!(auth, ConnectAuth::UsernamePassword { username, .. } if username == "ann")
        );
        let Packet::Publish(publish) = &read[3] else { panic!("{read:?}") };
        assert_eq!((&publish.payload[..], publish.pkid), (&b"hi"[..], 7));
        assert!(
            matches!(&read[8], Packet::ConnAck(it) if it.code == ConnectReturnCode::NotAuthorized)
        );
    }

    #[test]
    fn the_payload_of_a_message_is_not_held() {
        let mut newer = Newer::new();
        let mut passed = BytesMut::new();
        let length = 200_000_u32;
        let mut packet = BytesMut::from(&[0x30][..]);
        put_length(&mut packet, length as usize + 3);
        packet.extend_from_slice(b"\0\x01a");
        newer.sift(&packet, &mut passed);
        for _ in 0..length / 1000 {
            newer.sift(&[7; 1000], &mut passed);
            assert!(newer.held_bytes() < 100);
        }
        let packet = Packet::read(&mut passed, None).expect("a packet");
        assert!(matches!(packet, Packet::Publish(it) if it.payload.len() == length as usize));
    }

    proptest! {
        #[test]
        fn a_message_goes_there_and_back(
            topic in "[a-z/]{1,20}",
            payload in proptest::collection::vec(any::<u8>(), 0..300),
            number in 0_u8..3,
            piece in 1_usize..50,
        ) {
            let quality = rumqttc::mqttbytes::qos(number).expect("there are three");
            let mut publish = Publish::new(topic, quality, payload, None);
            publish.pkid = u16::from(number) * 300;
            let packet = Packet::Publish(publish);
            let there = older(Side::Client, &packet, piece);
            let mut back = BytesMut::from(&newer(&there, piece)[..]);
            prop_assert_eq!(Packet::read(&mut back, None).expect("a packet"), packet);
        }

        #[test]
        fn any_bytes_are_translated_or_passed_on(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            piece in 1_usize..50,
        ) {
            newer(&bytes, piece);
            let (mut older, mut passed) = (Older::new(Side::Broker), BytesMut::new());
            bytes.chunks(piece).for_each(|piece| older.translate(piece, &mut passed));
        }
    }
}
