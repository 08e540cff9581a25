//! The published programs of the five pages, as they were recorded.

use std::collections::BTreeMap;

use althing_engine::rounds::Place;
use althing_engine::rounds::{
    CertifiedRecord, Event, Identity, Input, Output, Past, PublicKey, Record, Recovered, Rounds,
    Ruling, Seat, Signed,
};
use althing_engine::{Engine, Origin};
use althing_types::{Difficulty, Moment, Seed, Term};

use super::*;
use crate::key_text::KeyText;
use crate::testing::{encode, rsa_secret};

/// Returns the lines of a broker's log, as topics and payloads.
fn lines(log: &str) -> impl Iterator<Item = (&str, &str)> {
    log.lines().map(|line| {
        let (_, message) = line.split_once(' ').expect("time, topic, payload");
        message.split_once(' ').expect("topic, payload")
    })
}

const ELECT_CHAIN_RUN: &str = include_str!("../vectors/elect-chain-run.txt");
const PPD_RUN: &str = include_str!("../vectors/ppd-run.txt");

/// Returns who led and which rows were decided, as an observer of a log sees it.
fn observed(dialect: &Program, secret: &[u8], log: &str) -> (Vec<u128>, Vec<Record>) {
    let identity = Identity {
        id: PeerId::new(11),
        seat: Seat::Observer,
        past: Past::New,
        entropy: [0; 32],
        authenticator: dialect.authenticator(secret).expect("it is a secret"),
        solution_cache: None,
    };
    let mut observer = Rounds::new(dialect.rules().clone(), identity, Recovered::default());
    let mut out = Vec::new();
    observer.handle(Moment::START, Input::Start, &mut out);
    for (topic, payload) in lines(log) {
        let message = message_of(dialect, topic, payload.as_bytes());
        let input = Input::Message { from: Origin::default(), message };
        observer.handle(Moment::START, input, &mut out);
    }
    let (mut leaders, mut rows) = (Vec::new(), Vec::new());
    for output in out {
        match output {
            Output::Event(Event::LeaderElected { leader, .. }) => leaders.push(leader.number()),
            Output::Event(Event::RoundDecided(CertifiedRecord { record, .. })) => rows.push(record),
            Output::Send { message: signed, .. } => panic!("an observer said {signed:?}"),
            _ => {}
        }
    }
    (leaders, rows)
}

#[test]
fn an_observer_of_elect_chain_ends_with_the_table_of_its_programs() {
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
    let table = include_str!("../vectors/elect-chain-run-table.json");
    let table: Table = serde_json::from_str(table).expect("the vector is a table");
    let (leaders, rows) = observed(&Program::built_in("elect-chain"), &[0; 32], ELECT_CHAIN_RUN);
    assert_eq!(leaders, [u128::from(table.leader)]);
    let row = |Record { transaction, difficulty, seed, winner }: &Record| Row {
        transaction_id: transaction.number(),
        challenge: difficulty.bits(),
        seed: seed.to_string(),
        winner: u64::try_from(winner.number()).expect("ids are times"),
    };
    let rows: Vec<Row> = rows.iter().map(row).collect();
    // The programs wrote their table down with twelve rows; the log goes on for a little longer,
    // and holds all ten votes for each of two more.
    assert_eq!(rows[..table.rows.len()], table.rows);
    assert_eq!((table.rows.len(), rows.len()), (12, 14));
}

#[test]
fn an_observer_of_ppd_ends_with_the_table_of_its_programs() {
    let dialect = program("base = \"ppd\"\nname = \"three\"\njoin.n = 3");
    let (leaders, rows) = observed(&dialect, &rsa_secret(), PPD_RUN);
    // Who led can be read from the challenges; who won is the first whose solution came.
    let seed = Seed::new("bg*0").expect("it is short");
    let difficulty = Difficulty::from_bits(20).expect("in range");
    let expected = (0..).zip([2, 1, 3, 2]).map(|(row, winner)| Record {
        transaction: Transaction::new(row),
        difficulty,
        seed: seed.clone(),
        winner: PeerId::new(winner),
    });
    assert_eq!(rows, expected.collect::<Vec<_>>());
    // The log ends with the election after the fourth row.
    assert_eq!(leaders, [1, 3, 3, 2, 3]);
}

#[test]
fn plain_messages_are_written_as_the_programs_write_them() {
    for (dialect, log) in
        [(Program::built_in("elect-chain"), ELECT_CHAIN_RUN), (Program::built_in("ppd"), PPD_RUN)]
    {
        for (topic, payload) in lines(log) {
            let signed = message_of(&dialect, topic, payload.as_bytes());
            let expected = Wire { to: Channel::topic(topic), payload: payload.into() };
            assert_eq!(encode(&dialect, &signed), [expected]);
        }
    }
}

#[test]
fn each_message_of_sd_is_written_as_its_program_has_it() {
    let alice = PeerId::new(0x0b8e7d4e_5f5c_4f0c_9d3e_1c2b3a495867);
    let bob = PeerId::new(0xf47ac10b_58cc_4372_a567_0e02b2c3d479);
    let (peer, transaction) = (PeerId::UNNAMED, Transaction::new(3));
    let place = Some(Place { transaction, term: Term::FIRST });
    let seed = || Seed::from(16_055);
    let verdict =
        |ruling| Message::Verdict { peer, transaction, seed: seed(), winner: alice, ruling };
    let difficulty = Difficulty::from_bits(16).expect("in range");
    let messages = [
        Message::Announcement { peer: alice, key: None, members: None, start: None },
        Message::Election { peer: bob, draw: alice.number(), state: None },
        Message::Challenge { peer, difficulty, place },
        Message::Solution { peer: alice, transaction, seed: seed() },
        verdict(Ruling::Accepted),
        verdict(Ruling::Wrong),
    ];
    let dialect = Program::built_in("sd");
    let lines = include_str!("../../sd/vectors/messages.txt").lines();
    for (line, message) in lines.zip(messages) {
        let (topic, payload) = line.split_once(' ').expect("topic, payload");
        let expected = Wire { to: Channel::topic(topic), payload: payload.into() };
        assert_eq!(encode(&dialect, &unsigned(message.clone())), [expected]);
        let received = message_of(&dialect, topic, payload.as_bytes());
        assert_eq!(received.message, message);
    }
    let other = r#"{"ClientID": "0b8e7d4e-5f5c-4f0c-9d3e-1c2b3a495867", "key": 7}"#;
    let received = message_of(&dialect, "sd/init", other.as_bytes());
    let plain = Message::Announcement { peer: alice, key: None, members: None, start: None };
    assert_eq!(received, unsigned(plain), "what is added means nothing");
}

#[test]
fn what_python_takes_for_a_message_is_one() {
    let dialect = Program::built_in("elect-chain");
    let vote = |id, approve| {
        let (peer, transaction, seed) = (PeerId::new(id), Transaction::new(0), Seed::from(6));
        unsigned(Message::Vote { peer, transaction, seed, approve, cause: None })
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
        assert_eq!(message_of(&dialect, "voting", payload.as_bytes()), expected, "{payload}");
    }
}

/// Messages of `ppd` with their signatures, and the keys that check them.
#[derive(serde::Deserialize)]
struct Vectors {
    public_keys_pem: BTreeMap<String, KeyText>,
    vectors: Vec<Vector>,
}

#[derive(serde::Deserialize)]
struct Vector {
    exchange: String,
    body: String,
    signed_bytes_utf8: String,
    signer: u64,
    verifies: bool,
}

impl Vectors {
    fn read() -> Self {
        serde_json::from_str(include_str!("../../ppd/vectors/ppd-signatures.json"))
            .expect("the vectors have keys and messages")
    }

    fn key_of(&self, peer: PeerId) -> &PublicKey {
        &self.public_keys_pem[&peer.to_string()].0
    }
}

#[test]
fn what_the_programs_signed_is_authentic_and_nothing_else() {
    let dialect = Program::built_in("ppd");
    let authenticator = dialect.authenticator(&rsa_secret()).expect("it is a secret");
    let vectors = Vectors::read();
    let is_authentic = |signed: &Signed, key: &PublicKey| {
        let signature = signed.signature.as_ref().expect("they sign");
        authenticator.is_authentic(&signed.message, signature, key)
    };
    let signed: Vec<_> = vectors
        .vectors
        .iter()
        .map(|vector| message_of(&dialect, &vector.exchange, vector.body.as_bytes()))
        .collect();
    assert_eq!(signed.len(), 12);
    for (one, vector) in signed.iter().zip(&vectors.vectors) {
        let signer = PeerId::new(vector.signer.into());
        assert_eq!(one.message.peer(), signer);
        assert_eq!(is_authentic(one, vectors.key_of(signer)), vector.verifies);
        let bytes = encode::signed_bytes(&dialect.profile, &one.message);
        assert_eq!(bytes.as_deref(), Some(vector.signed_bytes_utf8.as_bytes()));
        // No other key, and under no other message.
        for other in [1, 2, 3].map(PeerId::new).iter().filter(|other| **other != signer) {
            assert!(!is_authentic(one, vectors.key_of(*other)));
        }
        for other in signed.iter().filter(|other| other.message != one.message) {
            let swapped =
                Signed { message: other.message.clone(), signature: one.signature.clone() };
            assert!(!is_authentic(&swapped, vectors.key_of(signer)));
        }
    }
    let vote = &vectors.vectors[5];
    assert_eq!(vote.exchange, "ppd/voting");
    for (from, to) in [
        ("true", "false"),
        ("\"SolutionID\": 2", "\"SolutionID\": 3"),
        ("\"TransactionNumber\": 0", "\"TransactionNumber\": 1"),
        ("bg*0", "BJ{9"),
    ] {
        let body = vote.body.replace(from, to);
        assert_ne!(body, vote.body);
        let altered = message_of(&dialect, &vote.exchange, body.as_bytes());
        assert!(!is_authentic(&altered, vectors.key_of(PeerId::new(2))), "{body}");
    }
}

/// As the program does, which writes again what it has read: whitespace and escapes do not matter,
/// the order of fields and what is there besides do.
#[test]
fn a_signature_of_ppd_is_over_what_was_read() {
    let dialect = Program::built_in("ppd");
    let over = |body: &str| {
        let open = body.strip_suffix('}').expect("it is an object");
        let body = format!(r#"{open}, "Sign": "00"}}"#);
        let signed = message_of(&dialect, "ppd/solution", body.as_bytes());
        let over = signed.signature.expect("there is one").over;
        over.map(|over| String::from_utf8(over.to_vec()).expect("JSON is text"))
    };
    for usual in [
        r#"{"NodeId": 1, "TransactionNumber": 0, "Seed": " \\\" "}"#,
        r#" { "NodeId":1,"TransactionNumber" :0, "Seed": " \\\u0022 " }"#,
        // Of a key that is there twice the last value counts, in the place of the first.
        r#"{"NodeId": 7, "TransactionNumber": 0, "Seed": " \\\" ", "NodeId": 1}"#,
    ] {
        assert_eq!(over(usual), None, "{usual}");
    }
    for (other, expected) in [
        (
            r#"{"Seed":"","NodeId":1, "TransactionNumber":0}"#,
            r#"{"Seed": "", "NodeId": 1, "TransactionNumber": 0}"#,
        ),
        (
            r#"{"NodeId": 1, "TransactionNumber": 0, "Seed": "", "Term": [0,{}]}"#,
            r#"{"NodeId": 1, "TransactionNumber": 0, "Seed": "", "Term": [0, {}]}"#,
        ),
        (
            r#"{"NodeId": 1.0, "TransactionNumber": 0, "Seed": "é"}"#,
            r#"{"NodeId": 1.0, "TransactionNumber": 0, "Seed": "\u00e9"}"#,
        ),
    ] {
        assert_eq!(over(other).as_deref(), Some(expected), "{other}");
    }
}

#[test]
fn weak_keys_are_no_keys() {
    let dialect = Program::built_in("ppd");
    let weak = "-----BEGIN PUBLIC KEY-----\n\
        MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBANYF9grNeeVjys6Jkgo9HoFMchrqY/uM\n\
        +0AaMexkqNPLl7wvxZCfwLchQzilmvLC7yMLh71CXTNOpQSvYhXQAdUCAwEAAQ==\n\
        -----END PUBLIC KEY-----";
    let weak = serde_json::json!({"NodeId": 7, "PubKey": weak}).to_string();
    let error = decode(&dialect, "ppd/pubkey", weak.as_bytes()).expect_err("512 bits");
    assert!(error.to_string().contains("not an RSA key of 1024 to 2048 bits"), "{error}");
}
