//! The messages of `elect-chain`, byte for byte, and bytes that are none.

use althing_engine::rounds::{
    CertifiedRecord, Event, Identity, Input, Output, PublicKey, Recovered, Rounds, Seat, Signature,
};
use althing_engine::{Engine, Origin};
use althing_types::{Moment, Seed};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::PAYLOAD_MAX;
use crate::arbitrary::{self, signature};
use crate::testing::{assert_largest_fit, decode, encode};

fn published() -> ElectChain {
    ElectChain::new(Config { variant: Variant::Published, ..Config::default() })
}

/// Here a message of the engine is one on the wire.
fn one(wires: Vec<Wire>) -> [Wire; 1] {
    wires.try_into().expect("it is a message of this network")
}

fn readme() -> ElectChain {
    ElectChain::new(Config::default())
}

#[test]
fn an_observer_of_the_published_programs_ends_with_their_table() {
    #[derive(serde::Deserialize)]
    struct Table {
        leader: u64,
        rows: Vec<Row>,
    }
    #[derive(Debug, PartialEq, Eq, serde::Deserialize)]
    struct Row {
        transaction_id: u64,
        challenge: u16,
        seed: String,
        winner: u64,
    }
    let table: Table = serde_json::from_str(include_str!("vectors/elect-chain-run-table.json"))
        .expect("the vector is a table");

    let dialect = published();
    let identity = Identity {
        id: PeerId::new(11),
        seat: Seat::Observer,
        entropy: [0; 32],
        authenticator: dialect.authenticator(&[0; 32]).expect("32 bytes are a secret"),
        solution_cache: None,
    };
    let mut observer = Rounds::new(dialect.rules().clone(), identity, Recovered::default());
    let mut out = Vec::new();
    observer.handle(Moment::START, Input::Start, &mut out);
    for line in include_str!("vectors/elect-chain-run.txt").lines() {
        let (_, message) = line.split_once(' ').expect("time, topic, payload");
        let (topic, payload) = message.split_once(' ').expect("topic, payload");
        let Ok(Content::Message(signed)) = decode(&dialect, topic, payload.as_bytes()) else {
            panic!("the program wrote {line}");
        };
        observer.handle(
            Moment::START,
            Input::Message { from: Origin::default(), message: signed },
            &mut out,
        );
    }

    let mut leaders = Vec::new();
    let mut rows = Vec::new();
    for output in out {
        match output {
            Output::Event(Event::LeaderElected { leader, .. }) => leaders.push(leader),
            Output::Event(Event::RoundDecided(CertifiedRecord { record, .. })) => rows.push(Row {
                transaction_id: record.transaction.number(),
                challenge: record.difficulty.bits(),
                seed: record.seed.to_string(),
                winner: u64::try_from(record.winner.number()).expect("ids are times"),
            }),
            Output::Send { message: signed, .. } => panic!("an observer said {signed:?}"),
            _ => {}
        }
    }
    assert_eq!(leaders, [PeerId::new(table.leader.into())]);
    // The programs wrote their table down with twelve rows; the log goes on for a little longer,
    // and holds all ten votes for each of two more.
    assert_eq!(rows[..table.rows.len()], table.rows);
    assert_eq!((table.rows.len(), rows.len()), (12, 14));
}

#[test]
fn plain_messages_are_written_as_the_program_writes_them() {
    let dialect = published();
    for line in include_str!("vectors/elect-chain-run.txt").lines() {
        let (_, message) = line.split_once(' ').expect("time, topic, payload");
        let (topic, payload) = message.split_once(' ').expect("topic, payload");
        let Ok(Content::Message(signed)) = decode(&dialect, topic, payload.as_bytes()) else {
            panic!("the program wrote {line}");
        };
        let [wire] = one(encode(&dialect, &signed));
        assert_eq!(str::from_utf8(&wire.payload), Ok(payload));
        assert_eq!(wire.topic(), topic);
    }
}

#[test]
fn what_python_takes_for_a_message_is_one() {
    let vote = |id, approve| {
        let (peer, transaction, seed) = (PeerId::new(id), Transaction::new(0), Seed::from(6));
        let message = Message::Vote { peer, transaction, seed, approve, cause: None };
        Ok(Content::Message(Signed { message, signature: None }))
    };
    for (payload, expected) in [
        (r#"{"id": 7, "transaction": 0, "seed": 6, "vote": 1}"#, vote(7, true)),
        (r#"{"id": 7.0, "transaction": -0.0, "seed": 6e0, "vote": 0}"#, vote(7, false)),
        (r#"{"id": 8, "transaction": 0, "seed": 6, "vote": true, "id": 7}"#, vote(7, true)),
        (
            r#"{"id": true, "transaction": 0, "seed": 6, "vote": true, "at": NaN, "x": "\ud83d"}"#,
            vote(1, true),
        ),
        ("\u{feff}{\"id\": 7, \"transaction\": 0, \"seed\": 6, \"vote\": 1e999}", vote(7, true)),
    ] {
        assert_eq!(decode(&published(), "voting", payload.as_bytes()), expected, "{payload}");
    }
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
    let (key, signature) = (PublicKey([0xff; 32].into()), Signature([0xff; 64].into()));
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
        for dialect in [readme(), published()] {
            let _ = decode(&dialect, &dialect.topics()[topic], &payload);
            let heard = dialect.overheard().concat();
            let _ = decode(&dialect, &heard[topic], &payload);
        }
    }
}
