//! The messages of `sd`, byte for byte, and bytes that are none.

use althing_engine::rounds::{Place, PublicKey, Ruling, Signature};
use althing_types::{Seed, Term};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::PAYLOAD_MAX;
use crate::arbitrary::{self, seed, signature, transaction};
use crate::testing::{assert_largest_fit, decode, encode};

const ALICE: u128 = 0x0b8e7d4e_5f5c_4f0c_9d3e_1c2b3a495867;
const BOB: u128 = 0xf47ac10b_58cc_4372_a567_0e02b2c3d479;

fn readme() -> Sd {
    Sd::new(Config::default())
}

/// Here a message of the engine is one on the wire.
fn one(wires: Vec<Wire>) -> [Wire; 1] {
    wires.try_into().expect("it is a message of this network")
}

fn bits(bits: u64) -> Difficulty {
    Difficulty::from_bits(bits).expect("between 1 and 160")
}

/// Returns one message of each kind as Python's `json.dumps` writes it, and what it means.
fn samples() -> [(&'static str, &'static str, Message); 6] {
    let (alice, bob) = (PeerId::new(ALICE), PeerId::new(BOB));
    let (leader, transaction) = (PeerId::UNNAMED, Transaction::new(3));
    let place = Some(Place { transaction, term: Term::FIRST });
    let seed = || Seed::from(16_055);
    let verdict = |ruling| {
        let (peer, seed, winner) = (leader, seed(), alice);
        Message::Verdict { peer, transaction, seed, winner, ruling }
    };
    let messages = [
        Message::Announcement { peer: alice, key: None, members: None, start: None },
        Message::Election { peer: bob, draw: ALICE, state: None },
        Message::Challenge { peer: leader, difficulty: bits(16), place },
        Message::Solution { peer: alice, transaction, seed: seed() },
        verdict(Ruling::Accepted),
        verdict(Ruling::Wrong),
    ];
    let mut lines = include_str!("vectors/messages.txt").lines();
    messages.map(|message| {
        let line = lines.next().expect("a line for each message");
        let (topic, payload) = line.split_once(' ').expect("topic, payload");
        (topic, payload, message)
    })
}

/// Returns the topic of the page's variant that has the same name.
fn ours(topic: &str) -> String {
    topic.replace("sd/", "sd/althing/")
}

#[test]
fn a_plain_challenge_has_no_place_in_the_page_s_variant() {
    let [_, _, (topic, payload, _), ..] = samples();
    let received = decode(&readme(), &ours(topic), payload.as_bytes());
    let Ok(Content::Message(Signed { message, .. })) = received else { panic!("{received:?}") };
    assert!(matches!(message, Message::Challenge { place: None, .. }), "{message:?}");
}

#[test]
fn in_the_page_s_variant_plain_fields_come_first_and_the_leader_is_named() {
    for (topic, plain, mut message) in samples() {
        if let Message::Challenge { peer, .. } | Message::Verdict { peer, .. } = &mut message {
            *peer = PeerId::new(BOB);
        }
        let is_bob_s = message.peer() == PeerId::new(BOB);
        let signature = Some(Signature::new([0xcd; 64].into()));
        let [wire] = one(encode(&readme(), &Signed { message, signature }));
        let text = str::from_utf8(&wire.payload).expect("JSON is text");
        assert_eq!(wire.topic(), ours(topic));
        assert!(text.starts_with(plain.trim_end_matches('}')), "{text}");
        let controller = r#""Controller": "f47ac10b-58cc-4372-a567-0e02b2c3d479""#;
        assert_eq!(text.contains(controller), is_bob_s && topic != "sd/voting", "{text}");
        assert!(text.ends_with("cdcd\"}"), "{text}");
    }
}

#[test]
fn courses_that_name_a_field_and_a_topic_otherwise_are_other_networks() {
    let (election_topic, id_field) = ("election".to_owned(), "NodeId".to_owned());
    let course = Sd::new(Config { election_topic, id_field, ..Config::default() });
    let [_, (_, payload, _), ..] = samples();
    let payload = payload.replace("ClientID", "NodeId");
    let message = Message::Election { peer: PeerId::new(BOB), draw: ALICE, state: None };
    let signed = Signed { message, signature: None };
    let [wire] = one(encode(&course, &signed));
    assert_eq!(wire.topic(), "sd/althing/election");
    assert_eq!(str::from_utf8(&wire.payload), Ok(payload.as_str()));
    let received = decode(&course, wire.topic(), payload.as_bytes());
    assert_eq!(received, Ok(Content::Message(signed)));
    assert!(decode(&course, "sd/althing/voting", payload.as_bytes()).is_err());
    assert!(decode(&readme(), "sd/althing/voting", payload.as_bytes()).is_err());
    assert_ne!(course.network(), readme().network());
}

#[test]
fn what_is_no_message_says_what_is_wrong_with_it() {
    let id = r#""ClientID": "0b8e7d4e-5f5c-4f0c-9d3e-1c2b3a495867""#;
    let digits = "1".repeat(129);
    let cases = [
        ("init", "hello".to_owned(), "no JSON at byte 0: not a value"),
        ("init", "[7]".to_owned(), "a list instead of an object"),
        ("init", " ".repeat(PAYLOAD_MAX + 1), "262145 bytes are more than the 262144"),
        ("init", "{}".to_owned(), "missing field `ClientID`"),
        ("init", format!("{{{}}}", id.replace("0b8e", "0B8E")), "not a UUID in lower case"),
        (
            "init",
            r#"{"ClientID": "ffffffff-ffff-ffff-ffff-ffffffffffff"}"#.to_owned(),
            "an id that nobody has",
        ),
        ("init", format!(r#"{{{id}, "key": "xyz"}}"#), "field `key`: not lower-case hexadecimal"),
        ("voting", format!("{{{id}}}"), "missing field `VoteID`"),
        ("challenge", r#"{"Challenge": 12}"#.to_owned(), "missing field `TransactionID`"),
        (
            "challenge",
            r#"{"TransactionID": 0, "Challenge": 0}"#.to_owned(),
            "not between 1 and 160",
        ),
        ("challenge", r#"{"TransactionID": -1, "Challenge": 1}"#.to_owned(), "integer `-1`"),
        (
            "solution",
            format!(r#"{{"TransactionID": 0, {id}, "Solution": 351}}"#),
            "field `Solution`: invalid type: integer `351`, expected a string",
        ),
        (
            "solution",
            format!(r#"{{"TransactionID": 0, {id}, "Solution": "{digits}"}}"#),
            "a seed of 129 bytes",
        ),
        (
            "result",
            format!(r#"{{{id}, "TransactionID": 0, "Solution": "351", "Result": 2}}"#),
            "field \"Result\": 2 is neither 0 nor 1",
        ),
        ("weather", "{}".to_owned(), "topic \"weather\" is not one of this network"),
    ];
    for (name, payload, expected) in cases {
        let topic = format!("sd/althing/{name}");
        let error = decode(&readme(), &topic, payload.as_bytes()).expect_err(&payload).to_string();
        assert!(error.contains(expected), "{name} {payload:.60}: {error}");
    }
}

#[test]
fn the_largest_messages_of_a_full_network_have_room() {
    let end = u128::MAX - 2;
    let members = end - u128::from(Config::PEERS_MAX) + 1..=end;
    let (key, signature) = (PublicKey([0xff; 32].into()), Signature::new([0xff; 64].into()));
    // Each byte of it is six on the wire.
    let seed = Seed::new("\u{1}".repeat(Seed::LENGTH_MAX)).expect("no longer than a seed may be");
    assert_largest_fit(&readme(), members, &key, &signature, seed, u16::MAX);
}

#[test]
fn rooms_keep_networks_apart() {
    let class = Sd::new(Config { room: "class7".into(), ..Config::default() });
    let [(_, payload, _), ..] = samples();
    assert_eq!(class.topics()[0], "class7/sd/althing/init");
    assert!(decode(&class, "class7/sd/althing/init", payload.as_bytes()).is_ok());
    assert!(decode(&class, "sd/althing/init", payload.as_bytes()).is_err());
    assert_ne!(class.network(), readme().network());
}

#[test]
fn a_signature_holds_in_one_room() {
    let message =
        Message::Announcement { peer: PeerId::new(ALICE), key: None, members: None, start: None };
    let signer = |room: &str| {
        let dialect = Sd::new(Config { room: room.into(), ..Config::default() });
        dialect.authenticator(&[7; 32]).expect("32 bytes are a secret")
    };
    let ours = signer("class7");
    let key = ours.public_key().expect("we sign");
    let signature = ours.signature(&message).expect("we sign");
    assert!(ours.is_authentic(&message, &signature, &key));
    assert!(!signer("class8").is_authentic(&message, &signature, &key));
}

#[test]
fn ids_are_random_uuids_also_of_those_that_start_at_once() {
    let id = |nanoseconds, entropy| readme().peer_id(nanoseconds, entropy).number();
    let ids = [id(1, 0), id(2, 0), id(1, 0xf << 12), id(1, 0b11 << 62)];
    for (index, id) in ids.iter().enumerate() {
        assert_eq!(Uuid::random(*id).number(), *id);
        assert!(!ids[..index].contains(id), "{id:x}");
    }
}

#[test]
fn a_last_will_names_the_peer_that_is_lost() {
    let will = readme().last_will(PeerId::new(7)).expect("all ids have a text");
    assert!(readme().topics().contains(&will.topic().to_owned()));
    let received = decode(&readme(), will.topic(), &will.payload);
    assert_eq!(received, Ok(Content::PeerLost(PeerId::new(7))));
}

/// Any id but the one that nobody has.
fn peer() -> BoxedStrategy<PeerId> {
    (0..u128::MAX).prop_map(PeerId::new).boxed()
}

fn message() -> impl Strategy<Value = Message> {
    let verdict = (peer(), transaction(), seed(), peer(), any::<bool>());
    let verdict = verdict.prop_map(|(peer, transaction, seed, winner, accepted)| {
        let ruling = if accepted { Ruling::Accepted } else { Ruling::Wrong };
        Message::Verdict { peer, transaction, seed, winner, ruling }
    });
    prop_oneof![
        7 => arbitrary::message(&peer(), any::<u128>().boxed()),
        1 => verdict,
    ]
}

proptest! {
    #[test]
    fn every_message_survives_the_wire(message in message(), signature in signature()) {
        let has_wire_form = !matches!(message, Message::Challenge { place: None, .. });
        let signed = Signed { message, signature };
        let wires = encode(&readme(), &signed);
        prop_assert_eq!(wires.len(), usize::from(has_wire_form));
        for wire in wires {
            let received = decode(&readme(), wire.topic(), &wire.payload);
            prop_assert_eq!(received, Ok(Content::Message(signed.clone())));
        }
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(payload in vec(any::<u8>(), 0..200)) {
        for topic in readme().topics() {
            let _ = decode(&readme(), &topic, &payload);
        }
    }

    #[test]
    fn any_values_of_the_fields_are_a_message_or_an_error(
        values in vec(prop_oneof!["null", "[01]", "-1", "\"[0-9a-f]{0,16}\"", "[\\[{]{1,3}"], 9),
    ) {
        let names = ["VoteID", "TransactionID", "Challenge", "Solution", "Result", "Controller",
            "term", "roster", "votes"];
        let id = r#"{"ClientID": "0b8e7d4e-5f5c-4f0c-9d3e-1c2b3a495867""#;
        let fields = names.iter().zip(values).map(|(name, value)| format!(", \"{name}\": {value}"));
        let payload = format!("{id}{}}}", fields.collect::<String>());
        for topic in readme().topics() {
            if let Ok(Content::Message(signed)) = decode(&readme(), &topic, payload.as_bytes()) {
                // A plain challenge, which has no term, is one that we would not write.
                for wire in encode(&readme(), &signed) {
                    let again = decode(&readme(), wire.topic(), &wire.payload);
                    prop_assert_eq!(again, Ok(Content::Message(signed.clone())));
                }
            }
        }
    }
}
