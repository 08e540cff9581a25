//! Keeps packets away from the MQTT library that it does not handle well.
//!
//! **Oversized packets**, on which it would close the connection. We tell the broker how large a
//! packet we accept, and a broker that follows MQTT 5 drops larger ones for us. A broker that does
//! not must be able neither to disconnect us nor to make us hold the packet in memory. So a PUBLISH
//! above the limit is replaced by a stub: the same topic, QoS and packet identifier, no payload,
//! and one user property with its size.
//!
//! **A DISCONNECT with a reason and no properties**, three bytes that MQTT 5 allows (section 3.14)
//! and the library discards, so that we would never know the reason. We add an empty list of
//! properties.
//!
//! **A CONNACK of MQTT 3.1.1**, two bytes with which a broker answers that does not know MQTT 5. It
//! becomes the CONNACK of MQTT 5 that says so.

use bytes::{Buf, BufMut, BytesMut};

use super::lengths::{head_bytes, put_length};
use super::older::newer_code;
use crate::sieve::Sieve;

/// The user property of a stub; its value is the size of the packet in decimal.
pub(super) const STUB_PROPERTY: &str = "althing-oversized";

const CONNACK: u8 = 2;
const PUBLISH: u8 = 3;
const DISCONNECT: u8 = 14;
const USER_PROPERTY: u8 = 0x26;

/// MQTT 5's reason for a refusal: it does not speak this version.
const UNSUPPORTED_VERSION: u8 = 0x84;

/// Reads packets in pieces of any size and passes on those within the limit.
pub(crate) struct Guard {
    packet_bytes_max: usize,
    position: Position,
}

/// The position of the next byte in the packets.
enum Position {
    /// In a fixed header, of which these bytes have arrived.
    Header(Vec<u8>),
    /// In a packet that is passed on, with this many bytes to come.
    Packet(usize),
    /// In an oversized packet.
    Giant(Giant),
    /// Before the reason, and only byte, of a DISCONNECT.
    BareReason,
    /// In a CONNACK of MQTT 3.1.1, of which these bytes have arrived.
    OlderAnswer(Vec<u8>),
    /// After something that is not MQTT; the library handles it.
    Unknown,
}

struct Giant {
    flags: u8,
    packet_bytes: usize,
    /// Bytes to come.
    left: usize,
    /// Topic and packet identifier, until they are complete and the stub is passed on.
    head: Option<Vec<u8>>,
}

impl Guard {
    pub(crate) fn new(packet_bytes_max: usize) -> Self {
        Self { packet_bytes_max, position: Position::Header(Vec::new()) }
    }
}

impl Sieve for Guard {
    fn sift(&mut self, mut bytes: &[u8], passed: &mut BytesMut) {
        while !bytes.is_empty() {
            match &mut self.position {
                Position::Header(header) => {
                    header.push(bytes.get_u8());
                    if let Some(next) = after_header(header, self.packet_bytes_max) {
                        let is_changed = matches!(
                            next,
                            Position::Giant(_) | Position::BareReason | Position::OlderAnswer(_)
                        );
                        if !is_changed {
                            passed.extend_from_slice(header);
                        }
                        self.position = next;
                    }
                }
                Position::Packet(left) => {
                    let (now, later) = bytes.split_at(bytes.len().min(*left));
                    passed.extend_from_slice(now);
                    *left -= now.len();
                    bytes = later;
                }
                Position::Giant(giant) => {
                    let (now, later) = bytes.split_at(bytes.len().min(giant.left));
                    giant.left -= now.len();
                    giant.swallow(now, self.packet_bytes_max, passed);
                    bytes = later;
                }
                Position::BareReason => {
                    passed.extend_from_slice(&[DISCONNECT << 4, 2, bytes.get_u8(), 0]);
                    self.position = Position::Header(Vec::new());
                }
                Position::OlderAnswer(answer) => {
                    answer.push(bytes.get_u8());
                    if let [flags, code] = answer[..] {
                        let reason = match code {
                            // One that lets us in does not understand what we go on with either.
                            0 => UNSUPPORTED_VERSION,
                            code => newer_code(code),
                        };
                        passed.extend_from_slice(&[CONNACK << 4, 3, flags & 1, reason, 0]);
                        self.position = Position::Header(Vec::new());
                    }
                }
                Position::Unknown => {
                    passed.extend_from_slice(bytes);
                    return;
                }
            }
            if let Position::Packet(0) | Position::Giant(Giant { left: 0, .. }) = self.position {
                self.position = Position::Header(Vec::new());
            }
        }
    }
}

/// Returns what follows a fixed header, or `None` if it is not complete.
fn after_header(header: &[u8], packet_bytes_max: usize) -> Option<Position> {
    let (kind, length) = header.split_first()?;
    let last = length.last()?;
    if last & 0x80 != 0 {
        return (length.len() == 4).then_some(Position::Unknown);
    }
    let left = length.iter().rev().fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7f));
    let packet_bytes = header.len() + left;
    if kind >> 4 == PUBLISH && packet_bytes > packet_bytes_max {
        let head = Some(Vec::new());
        return Some(Position::Giant(Giant { flags: kind & 0x0f, packet_bytes, left, head }));
    }
    if kind >> 4 == DISCONNECT && left == 1 {
        return Some(Position::BareReason);
    }
    if *kind == CONNACK << 4 && left == 2 {
        return Some(Position::OlderAnswer(Vec::new()));
    }
    Some(Position::Packet(left))
}

impl Giant {
    /// Collects the head from `bytes`, and passes on a stub once it is complete.
    fn swallow(&mut self, bytes: &[u8], packet_bytes_max: usize, passed: &mut BytesMut) {
        let Some(head) = &mut self.head else { return };
        for byte in bytes {
            head.push(*byte);
            if head.len() == head_bytes(head, self.flags) {
                let stub = stub(self.flags, head, self.packet_bytes);
                if stub.len() <= packet_bytes_max {
                    passed.extend_from_slice(&stub);
                }
                self.head = None;
                return;
            }
        }
    }
}

fn stub(flags: u8, head: &[u8], packet_bytes: usize) -> BytesMut {
    let size = packet_bytes.to_string();
    let mut properties = BytesMut::new();
    properties.put_u8(USER_PROPERTY);
    for text in [STUB_PROPERTY, &size] {
        properties.put_u16(u16::try_from(text.len()).expect("a dozen bytes"));
        properties.put_slice(text.as_bytes());
    }
    let mut stub = BytesMut::new();
    stub.put_u8(PUBLISH << 4 | flags);
    put_length(&mut stub, head.len() + 1 + properties.len());
    stub.put_slice(head);
    put_length(&mut stub, properties.len());
    stub.put_slice(&properties);
    stub
}

#[cfg(test)]
mod tests {
    use rumqttc::{Disconnect, DisconnectReasonCode, Packet, Publish, QoS};

    use super::*;

    const LIMIT: usize = 200;

    fn packet(qos: QoS, payload_bytes: usize) -> Vec<u8> {
        let mut publish = Publish::new("a/topic", qos, vec![7; payload_bytes], None);
        publish.pkid = u16::from(qos != QoS::AtMostOnce) * 300;
        let mut bytes = BytesMut::new();
        publish.write(&mut bytes).expect("a valid packet");
        bytes.to_vec()
    }

    fn passed(bytes: &[u8], piece: usize) -> BytesMut {
        let (mut guard, mut passed) = (Guard::new(LIMIT), BytesMut::new());
        bytes.chunks(piece).for_each(|piece| guard.sift(piece, &mut passed));
        passed
    }

    fn sifted(bytes: &[u8], piece: usize) -> Vec<Publish> {
        let mut passed = passed(bytes, piece);
        let mut packets = Vec::new();
        while !passed.is_empty() {
            match Packet::read(&mut passed, Some(u32::try_from(LIMIT).expect("a small limit"))) {
                Ok(Packet::Publish(publish)) => packets.push(publish),
                other => panic!("{other:?}"),
            }
        }
        packets
    }

    #[test]
    fn what_is_within_the_limit_passes_unchanged_in_pieces_of_any_size() {
        let mut bytes = packet(QoS::AtMostOnce, 0);
        bytes.extend(packet(QoS::ExactlyOnce, 150));
        for piece in 1..bytes.len() {
            assert_eq!(passed(&bytes, piece), bytes, "in pieces of {piece}");
        }
    }

    #[test]
    fn a_giant_becomes_a_stub_and_the_next_packet_is_whole() {
        for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
            let giant = packet(qos, 100_000);
            let mut bytes = packet(qos, 1);
            bytes.extend(&giant);
            bytes.extend(packet(qos, 2));
            for piece in [1, 3, 1000, bytes.len()] {
                let packets = sifted(&bytes, piece);
                let sizes: Vec<_> = packets.iter().map(|packet| packet.payload.len()).collect();
                assert_eq!(sizes, [1, 0, 2]);
                let stub = &packets[1];
                assert_eq!((&stub.topic[..], stub.qos), (&b"a/topic"[..], qos));
                assert_eq!(stub.pkid, packets[0].pkid);
                let properties = stub.properties.as_ref().expect("a stub has properties");
                let mark = (STUB_PROPERTY.to_owned(), giant.len().to_string());
                assert_eq!(properties.user_properties, [mark]);
            }
        }
    }

    #[test]
    fn a_giant_whose_head_makes_no_sense_is_dropped() {
        // Remaining length 300, of which the topic claims 65535.
        let mut bytes = vec![0x30, 0xac, 0x02, 0xff, 0xff];
        bytes.extend([0; 298]);
        bytes.extend(packet(QoS::AtMostOnce, 3));
        let packets = sifted(&bytes, 7);
        assert_eq!(packets.len(), 1);
        assert_eq!(packets[0].payload.len(), 3);
    }

    #[test]
    fn a_reason_to_disconnect_is_understood_with_and_without_properties() {
        for bytes in [&[0xe0, 1, 0x8e][..], &[0xe0, 2, 0x8e, 0]] {
            let mut passed = passed(bytes, 1);
            let packet = Packet::read(&mut passed, None).expect("a valid packet");
            let expected = Disconnect::new(DisconnectReasonCode::SessionTakenOver);
            assert_eq!(packet, Packet::Disconnect(expected));
            assert!(passed.is_empty());
        }
    }

    #[test]
    fn a_broker_that_answers_in_3_1_1_is_understood_as_one_that_does_not_know_5() {
        use rumqttc::ConnectReturnCode as Code;
        for (code, expected) in [
            (0, Code::UnsupportedProtocolVersion),
            (1, Code::UnsupportedProtocolVersion),
            (5, Code::NotAuthorized),
        ] {
            let mut passed = passed(&[0x20, 2, 0, code], 1);
            let packet = Packet::read(&mut passed, None).expect("a valid packet");
            assert!(matches!(packet, Packet::ConnAck(it) if it.code == expected));
            assert!(passed.is_empty());
        }
    }

    #[test]
    fn what_is_not_mqtt_is_left_to_the_library() {
        let answer = b"HTTP/1.1 400 Bad Request\r\n\xff\xff\xff\xff\xff\xff";
        assert!(passed(answer, answer.len()).starts_with(b"HTTP/1.1"));
    }
}
