//! Packets of either version in the words of the other.

use proptest::prelude::*;
use rumqttc::{
    ConnAck, Connect, ConnectAuth, ConnectProperties, ConnectReturnCode, Disconnect,
    DisconnectReasonCode, LastWill, Packet, PubAck, PubAckReason, PubRel, Publish,
    PublishProperties, QoS, SubAck, Subscribe, SubscribeFilter, SubscribeProperties,
    SubscribeReasonCode, UnsubAck, UnsubAckReason, Unsubscribe,
};

use super::*;
use crate::sieve::Sieve;

fn newer(bytes: &[u8], piece: usize) -> Vec<u8> {
    let (mut newer, mut passed) = (Newer::new(), BytesMut::new());
    bytes.chunks(piece).for_each(|piece| newer.sift(piece, &mut passed));
    passed.to_vec()
}

fn older(side: Side, packet: &Packet, piece: usize) -> Vec<u8> {
    let (mut older, mut bytes, mut passed) = (Older::new(side), BytesMut::new(), BytesMut::new());
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
    let filter = SubscribeFilter { nolocal: true, ..SubscribeFilter::new("a", QoS::AtLeastOnce) };
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
    let unsuback = UnsubAck { pkid: 7, reasons: vec![UnsubAckReason::Success], properties: None };
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
    assert!(matches!(auth, ConnectAuth::UsernamePassword { username, .. } if username == "ann"));
    let Packet::Publish(publish) = &read[3] else { panic!("{read:?}") };
    assert_eq!((&publish.payload[..], publish.pkid), (&b"hi"[..], 7));
    assert!(matches!(&read[8], Packet::ConnAck(it) if it.code == ConnectReturnCode::NotAuthorized));
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
