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

fn published() -> Sd {
    Sd::new(Config { variant: Variant::Published, ..Config::default() })
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
        Message::Announcement { peer: alice, key: None, members: None },
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

#[test]
fn plain_messages_are_understood_and_written_as_the_program_writes_them() {
    for (topic, payload, message) in samples() {
        let signed = Signed { message, signature: None };
        let received = decode(&published(), topic, payload.as_bytes());
        assert_eq!(received, Ok(Content::Message(signed.clone())));
        let [wire] = one(encode(&published(), &signed));
        assert_eq!(str::from_utf8(&wire.payload), Ok(payload));
        assert_eq!(wire.topic(), topic);
    }
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
        let signature = Some(Signature([0xcd; 64].into()));
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
    let course = |variant| {
        let (election_topic, id_field) = ("election".to_owned(), "NodeId".to_owned());
        Sd::new(Config { variant, election_topic, id_field, ..Config::default() })
    };
    let [_, (_, payload, _), ..] = samples();
    let payload = payload.replace("ClientID", "NodeId");
    let message = Message::Election { peer: PeerId::new(BOB), draw: ALICE, state: None };
    let signed = Signed { message, signature: None };
    for (variant, before) in [(Variant::Readme, "sd/althing/"), (Variant::Published, "sd/")] {
        let dialect = course(variant);
        let [wire] = one(encode(&dialect, &signed));
        assert_eq!(wire.topic(), format!("{before}election"));
        assert_eq!(str::from_utf8(&wire.payload), Ok(payload.as_str()));
        let received = decode(&dialect, wire.topic(), payload.as_bytes());
        assert_eq!(received, Ok(Content::Message(signed.clone())));
        assert!(decode(&dialect, &format!("{before}voting"), payload.as_bytes()).is_err());
    }
    assert!(decode(&readme(), "sd/althing/voting", payload.as_bytes()).is_err());
    assert_ne!(course(Variant::Readme).network(), readme().network());
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
fn what_althing_adds_means_nothing_to_the_published_variant() {
    let signed = r#"{"ClientID": "0b8e7d4e-5f5c-4f0c-9d3e-1c2b3a495867", "key": 7, "sign": "xyz"}"#;
    let message = Message::Announcement { peer: PeerId::new(ALICE), key: None, members: None };
    let plain = Content::Message(Signed { message, signature: None });
    assert_eq!(decode(&published(), "sd/init", signed.as_bytes()), Ok(plain));
    let unknown = |topic: &str| !published().topics().contains(&topic.to_owned());
    assert!(unknown("sd/ack") && unknown("sd/sync"));
    assert!(decode(&published(), "sd/ack", signed.as_bytes()).is_err());
}

#[test]
fn the_largest_messages_of_a_full_network_have_room() {
    let end = u128::MAX - 2;
    let members = end - u128::from(Config::PEERS_MAX) + 1..=end;
    let (key, signature) = (PublicKey([0xff; 32].into()), Signature([0xff; 64].into()));
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
    let message = Message::Announcement { peer: PeerId::new(ALICE), key: None, members: None };
    let signer = |room: &str| {
        let dialect = Sd::new(Config { room: room.into(), ..Config::default() });
        dialect.authenticator(&[7; 32]).expect("32 bytes are a secret")
    };
    let ours = signer("class7");
    let key = ours.public_key().expect("we sign");
    let signature = ours.signature(&message).expect("we sign");
    assert!(ours.is_authentic(&message, &signature, &key));
    assert!(!signer("class8").is_authentic(&message, &signature, &key));
    let unsigned = published().authenticator(&[7; 32]).expect("32 bytes are a secret");
    assert_eq!((unsigned.public_key(), unsigned.signature(&message)), (None, None));
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
    for dialect in [readme(), published()] {
        let will = dialect.last_will(PeerId::new(7)).expect("all ids have a text");
        assert!(dialect.topics().contains(&will.topic().to_owned()));
        let received = decode(&dialect, will.topic(), &will.payload);
        assert_eq!(received, Ok(Content::PeerLost(PeerId::new(7))));
    }
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

/// Returns what is left of a message in the published variant.
fn plain(message: Message) -> Option<Message> {
    let leader = PeerId::UNNAMED;
    match message {
        Message::Announcement { peer, .. } => {
            Some(Message::Announcement { peer, key: None, members: None })
        }
        Message::Election { peer, draw, .. } => Some(Message::Election { peer, draw, state: None }),
        Message::Challenge { peer: _, difficulty, place } => {
            let place = Place { term: Term::FIRST, ..place? };
            Some(Message::Challenge { peer: leader, difficulty, place: Some(place) })
        }
        Message::Solution { .. } => Some(message),
        Message::Verdict { peer: _, transaction, seed, winner, ruling } => {
            Some(Message::Verdict { peer: leader, transaction, seed, winner, ruling })
        }
        Message::Vote { .. } | Message::Request { .. } | Message::Certificate { .. } => None,
    }
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
    fn what_is_plain_of_a_message_survives_the_published_wire(
        message in message(),
        signature in signature(),
    ) {
        let wires = encode(&published(), &Signed { message: message.clone(), signature });
        let received: Vec<_> = wires
            .iter()
            .map(|wire| decode(&published(), wire.topic(), &wire.payload))
            .collect();
        let expected = plain(message).map(|message| Signed { message, signature: None });
        let is_expected = expected.clone().map(|signed| Ok(Content::Message(signed)));
        prop_assert_eq!(received, Vec::from_iter(is_expected));
        if let Some(signed) = expected {
            prop_assert_eq!(encode(&published(), &signed), wires.clone());
        }
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(payload in vec(any::<u8>(), 0..200)) {
        for dialect in [readme(), published()] {
            for topic in dialect.topics() {
                let _ = decode(&dialect, &topic, &payload);
            }
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
                let [wire] = one(encode(&readme(), &signed));
                let again = decode(&readme(), wire.topic(), &wire.payload);
                prop_assert_eq!(again, Ok(Content::Message(signed)));
            }
        }
    }
}
