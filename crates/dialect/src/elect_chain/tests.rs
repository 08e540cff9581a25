//! The messages of `elect-chain`, byte for byte, and bytes that are none.

use althing_engine::rounds::{PublicKey, Signature};
use althing_types::Seed;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::PAYLOAD_MAX;
use crate::arbitrary::{self, signature};
use crate::testing::{assert_largest_fit, decode, encode};

/// Here a message of the engine is one on the wire.
fn one(wires: Vec<Wire>) -> [Wire; 1] {
    wires.try_into().expect("it is a message of this network")
}

fn readme() -> ElectChain {
    ElectChain::new(Config::default())
}

#[test]
fn what_is_no_message_says_what_is_wrong_with_it() {
    let long = " ".repeat(PAYLOAD_MAX + 1);
    let cases: [(&str, &str, &str); 14] = [
        ("init", "", "no JSON at byte 0: not a value"),
        ("init", "hello", "no JSON at byte 0: not a value"),
        ("init", "{}", "missing field `id`"),
        ("init", r#"{"id": -7}"#, "invalid value: integer `-7`, expected u64"),
        ("init", r#"{"id": 7, "key": "xyz"}"#, "not lower-case hexadecimal"),
        ("init", "[7]", "a list instead of an object"),
        ("init", &long, "262145 bytes are more than the 262144"),
        ("election", r#"{"id": 7}"#, "missing field `election`"),
        ("election", r#"{"id": 7, "election": 1, "term": 0, "roster": "00"}"#, "1 bytes instead"),
        ("challenge", r#"{"id": 7, "challenge": 161}"#, "not between 1 and 160"),
        ("solution", r#"{"id": 7, "transaction": -1, "seed": 6}"#, "integer `-1`, expected u64"),
        ("solution", r#"{"id": 7, "transaction": 0}"#, "missing field `seed` or `solution`"),
        ("voting", r#"{"id": 7, "transaction": 0, "seed": 6, "vote": "1"}"#, "a boolean"),
        ("weather", "{}", "topic \"weather\" is not one of this network"),
    ];
    for (topic, payload, expected) in cases {
        let topic = format!("althing/{topic}");
        let error = decode(&readme(), &topic, payload.as_bytes()).expect_err(payload).to_string();
        assert!(error.contains(expected), "{topic} {payload:.40}: {error}");
    }
}

#[test]
fn the_largest_messages_of_a_full_network_have_room() {
    let end = u128::from(u64::MAX) - 1;
    let members = end - u128::from(Config::PEERS_MAX) + 1..=end;
    let (key, signature) = (PublicKey([0xff; 32].into()), Signature::new([0xff; 64].into()));
    assert_largest_fit(&readme(), members, &key, &signature, Seed::from(u64::MAX), 0);
}

#[test]
fn a_prefix_keeps_networks_apart() {
    let class = ElectChain::new(Config { prefix: "class/7/".into(), ..Config::default() });
    assert_eq!(class.topics()[0], "class/7/althing/init");
    assert!(decode(&class, "class/7/althing/init", br#"{"id": 7}"#).is_ok());
    assert!(decode(&class, "althing/init", br#"{"id": 7}"#).is_err());
    assert_ne!(class.network(), readme().network());
}

#[test]
fn a_last_will_names_the_peer_that_is_lost() {
    let will = readme().last_will(PeerId::new(7)).expect("ids are times");
    let received = decode(&readme(), will.topic(), &will.payload);
    assert_eq!(received, Ok(Content::PeerLost(PeerId::new(7))));
}

fn message() -> impl Strategy<Value = Message> {
    let peer = any::<u64>().prop_map(|id| PeerId::new(id.into()));
    arbitrary::message(&peer.boxed(), (0..=255u128).boxed())
}

proptest! {
    #[test]
    fn every_message_survives_the_wire(message in message(), signature in signature()) {
        let signed = Signed { message, signature };
        let [wire] = one(encode(&readme(), &signed));
        let received = decode(&readme(), wire.topic(), &wire.payload);
        prop_assert_eq!(received, Ok(Content::Message(signed)));
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(
        topic in 0..7usize,
        payload in vec(any::<u8>(), 0..200),
    ) {
        let _ = decode(&readme(), &readme().topics()[topic], &payload);
        let heard = readme().overheard().concat();
        let _ = decode(&readme(), &heard[topic], &payload);
    }
}
