//! The messages of `ppd`, byte for byte, and bytes that are none.

use std::collections::BTreeMap;

use althing_engine::rounds::{
    Accepted, Cause, CertifiedRecord, ElectionState, MembershipDigest, Message, Place, Promise,
    PublicKey, Record, Signature,
};
use althing_types::{Seed, Term};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::PAYLOAD_MAX;
use crate::arbitrary::{name, start, starts};
use crate::key_text::KeyText;
use crate::rsa::KEY_BYTES_MAX;
use crate::testing::{assert_largest_fit, decode, encode, rsa_secret};

fn readme() -> Ppd {
    Ppd::new(Config::default())
}

/// A key of 512 bits, as OpenSSL writes it.
const WEAK_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
    MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBANYF9grNeeVjys6Jkgo9HoFMchrqY/uM\n\
    +0AaMexkqNPLl7wvxZCfwLchQzilmvLC7yMLh71CXTNOpQSvYhXQAdUCAwEAAQ==\n\
    -----END PUBLIC KEY-----";

/// Messages of the programs with their signatures, and the keys that check them.
#[derive(serde::Deserialize)]
struct Vectors {
    public_keys_pem: BTreeMap<String, KeyText>,
}

impl Vectors {
    fn read() -> Self {
        serde_json::from_str(include_str!("vectors/ppd-signatures.json"))
            .expect("the vectors have keys and messages")
    }
}

fn message_of(dialect: &Ppd, topic: &str, payload: &[u8]) -> Signed {
    match decode(dialect, topic, payload) {
        Ok(Content::Message(signed)) => signed,
        other => panic!("{topic} {}: {other:?}", payload.escape_ascii()),
    }
}

#[test]
fn a_newcomer_says_its_id_and_its_key_always_in_the_same_words() {
    let dialect = readme();
    let authenticator = dialect.authenticator(&rsa_secret()).expect("it is a secret");
    let key = authenticator.public_key();
    let message = Message::Announcement { peer: PeerId::new(7), key, members: None, start: None };
    let signature = authenticator.signature(&message);
    let signed = Signed { message, signature };
    let [init, pubkey] = encode(&dialect, &signed).try_into().expect("it says two things");
    assert_eq!(
        (init.topic(), init.payload.as_slice()),
        ("ppd/althing/init", &br#"{"NodeId": 7}"#[..])
    );
    assert_eq!(decode(&dialect, init.topic(), &init.payload), Ok(Content::Nothing));
    assert_eq!(pubkey.topic(), "ppd/althing/pubkey");
    let signature = authenticator.signature(&signed.message);
    assert_eq!(signature, signed.signature);
    assert_eq!(message_of(&dialect, pubkey.topic(), &pubkey.payload), signed);
}

#[test]
fn what_is_no_message_says_what_is_wrong_with_it() {
    let long = " ".repeat(PAYLOAD_MAX + 1);
    let pem = |bytes: usize| {
        let key = KeyText(PublicKey(vec![0x30; bytes].into()));
        format!(r#"{{"NodeId": 7, "PubKey": {}}}"#, serde_json::json!(key))
    };
    let weak_key = serde_json::json!({"NodeId": 7, "PubKey": WEAK_KEY}).to_string();
    let (no_key, long_key) = (pem(162), pem(KEY_BYTES_MAX + 1));
    let both: [(&str, &str, &str); 15] = [
        ("ppd/init", "", "no JSON at byte 0: not a value"),
        ("ppd/init", "hello", "no JSON at byte 0: not a value"),
        ("ppd/init", "{}", "missing field `NodeId`"),
        ("ppd/init", r#"{"NodeId": -7}"#, "integer `-7`, expected u64"),
        ("ppd/init", "[7]", "a list instead of an object"),
        ("ppd/election", r#"{"NodeId": 7, "Name": 1}"#, "unknown field `Name`"),
        ("ppd/init", &long, "262145 bytes are more than the 262144"),
        ("ppd/pubkey", r#"{"NodeId": 7, "PubKey": "xyz"}"#, "not a key in PEM"),
        ("ppd/pubkey", &no_key, "not an RSA key of 1024 to 2048 bits"),
        ("ppd/pubkey", &weak_key, "not an RSA key of 1024 to 2048 bits"),
        ("ppd/pubkey", &long_key, "a key that is too long"),
        ("ppd/solution", r#"{"NodeId": 7, "TransactionNumber": 0, "Seed": 6}"#, "a string"),
        ("ppd/solution", r#"{"NodeId": 7, "TransactionNumber": 0.5, "Seed": ""}"#, "float"),
        ("ppd/election", r#"{"NodeId": 7, "ElectionNumber": 1, "Sign": "AB"}"#, "not lower-case"),
        ("weather", "{}", "topic \"weather\" is not one of this network"),
    ];
    for (topic, payload, expected) in both {
        let topic = topic.replace("ppd/", "ppd/althing/");
        let error = decode(&readme(), &topic, payload.as_bytes()).expect_err(payload).to_string();
        assert!(error.contains(expected), "{topic} {payload:.60}: {error}");
    }
    let challenge = r#"{"NodeId": 7, "TransactionNumber": 0, "Challenge": 20}"#;
    let members = r#"{"NodeId": 7, "ElectionNumber": 1, "Term": 0, "Roster": "00"}"#;
    let cases = [
        (readme(), "ppd/althing/challenge", challenge, "missing field `Term`"),
        (readme(), "ppd/althing/election", members, "1 bytes instead of 8"),
        (readme(), "ppd/althing/sync", r#"{"Kind": "Rumour"}"#, "unknown variant `Rumour`"),
    ];
    for (dialect, topic, payload, expected) in cases {
        let error = decode(&dialect, topic, payload.as_bytes()).expect_err(payload).to_string();
        assert!(error.contains(expected), "{topic} {payload}: {error}");
    }
}

#[test]
fn the_largest_messages_of_a_full_network_have_room() {
    let end = u128::from(u64::MAX) - 1;
    let members = end - u128::from(Config::PEERS_MAX) + 1..=end;
    let (key, signature) =
        (PublicKey([0xff; KEY_BYTES_MAX].into()), Signature::new([0xff; 256].into()));
    // Each of these takes six characters.
    let seed = Seed::new("\u{1}".repeat(Seed::LENGTH_MAX)).expect("it is as long as it may be");
    assert_largest_fit(&readme(), members, &key, &signature, seed, u16::MAX);
}

#[test]
fn rooms_and_variants_keep_networks_apart() {
    let class = Ppd::new(Config { room: "class7".into(), ..Config::default() });
    assert_eq!(class.topics()[0], "class7/ppd/althing/init");
    assert!(decode(&class, "class7/ppd/althing/init", br#"{"NodeId": 7}"#).is_ok());
    assert!(decode(&class, "ppd/althing/init", br#"{"NodeId": 7}"#).is_err());
    assert_ne!(class.network(), readme().network());
    assert_eq!(readme().topics().len(), 7);
    assert_eq!(readme().last_will(PeerId::new(7)), None);
    assert!(readme().peer_id(0, u64::MAX).number() < 1 << 31);
}

fn peer() -> impl Strategy<Value = PeerId> {
    any::<u64>().prop_map(|id| PeerId::new(id.into()))
}

fn seed() -> impl Strategy<Value = Seed> {
    vec(any::<char>(), 0..=16)
        .prop_map(|text| Seed::new(String::from_iter(text)).expect("16 characters have room"))
}

fn transaction() -> impl Strategy<Value = Transaction> {
    any::<u64>().prop_map(Transaction::new)
}

fn term() -> impl Strategy<Value = Term> {
    any::<u64>().prop_map(Term::new)
}

fn difficulty() -> impl Strategy<Value = Difficulty> {
    (1..=160u64).prop_map(|bits| Difficulty::from_bits(bits).expect("in range"))
}

fn key() -> impl Strategy<Value = PublicKey> {
    let keys = Vectors::read().public_keys_pem.into_values().map(|key| key.0);
    select(keys.collect::<Vec<_>>())
}

fn signature() -> impl Strategy<Value = Signature> {
    vec(any::<u8>(), 256).prop_map(|bytes| Signature::new(bytes.into()))
}

fn record() -> impl Strategy<Value = Record> {
    (transaction(), difficulty(), seed(), peer()).prop_map(
        |(transaction, difficulty, seed, winner)| Record { transaction, difficulty, seed, winner },
    )
}

fn state() -> impl Strategy<Value = ElectionState> {
    let promise = (peer(), record(), option::of(term())).prop_map(|(leader, record, accepted)| {
        let transaction = record.transaction;
        Promise { leader, transaction, accepted: accepted.map(|term| Accepted { term, record }) }
    });
    (term(), any::<u64>(), option::of(promise), starts()).prop_map(
        |(term, members, promise, starts)| ElectionState {
            term,
            members: MembershipDigest(members),
            promise,
            starts,
        },
    )
}

fn place(term: impl Strategy<Value = Term>) -> impl Strategy<Value = Option<Place>> {
    (transaction(), term).prop_map(|(transaction, term)| Some(Place { transaction, term }))
}

/// What an engine of the page's variant says.
fn readme_message() -> impl Strategy<Value = Message> {
    let cause =
        (term(), difficulty(), peer(), starts()).prop_map(|(term, difficulty, winner, starts)| {
            Some(Cause { term, difficulty, winner, starts })
        });
    let confirmed = vec((peer(), start()), 0..5);
    let accepted = option::of((term(), record()));
    let confirmation =
        (peer(), confirmed, option::of(any::<u64>()), option::of(term()), transaction(), accepted)
            .prop_map(|(peer, of, members, promised, transaction, accepted)| {
                let accepted = accepted.map(|(term, record)| Accepted {
                    term,
                    record: Record { transaction, ..record },
                });
                let members = members.map(MembershipDigest);
                Message::Confirmation { peer, of, members, promised, transaction, accepted }
            });
    let members = vec((peer(), key().prop_map(Some)), 0..5);
    let votes = vec((peer(), signature().prop_map(Some)), 0..5);
    prop_oneof![
        (peer(), key(), option::of(members), option::of(start())).prop_map(
            |(peer, key, members, start)| {
                Message::Announcement { peer, key: Some(key), members, start }
            }
        ),
        confirmation,
        (peer(), name()).prop_map(|(peer, name)| Message::Name { peer, name }),
        (peer(), any::<u64>(), state()).prop_map(|(peer, draw, state)| {
            Message::Election { peer, draw: draw.into(), state: Some(state) }
        }),
        (peer(), difficulty(), place(term()))
            .prop_map(|(peer, difficulty, place)| Message::Challenge { peer, difficulty, place }),
        solution(),
        vote(cause),
        (peer(), peer(), transaction()).prop_map(|(peer, of, from)| Message::Request {
            peer,
            of,
            from
        }),
        (peer(), record(), term(), votes, any::<u16>(), starts()).prop_map(
            |(peer, record, term, votes, noes, starts)| Message::Certificate {
                peer,
                record: CertifiedRecord { record, term, votes, noes, starts },
            }
        ),
    ]
}

fn solution() -> impl Strategy<Value = Message> {
    (peer(), transaction(), seed()).prop_map(|(peer, transaction, seed)| Message::Solution {
        peer,
        transaction,
        seed,
    })
}

fn vote(cause: impl Strategy<Value = Option<Cause>>) -> impl Strategy<Value = Message> {
    (peer(), transaction(), seed(), any::<bool>(), cause).prop_map(
        |(peer, transaction, seed, approve, cause)| Message::Vote {
            peer,
            transaction,
            seed,
            approve,
            cause,
        },
    )
}

/// Returns what a peer understands of the messages that `signed` is on the wire.
fn over_the_wire(dialect: &Ppd, signed: &Signed) -> Vec<Content<Signed>> {
    let wires = encode(dialect, signed).into_iter();
    let received = wires.map(|wire| decode(dialect, wire.topic(), &wire.payload));
    let received = received.map(|received| received.expect("we understand ourselves"));
    received.filter(|received| *received != Content::Nothing).collect()
}

proptest! {
    #[test]
    fn every_message_of_the_page_survives_the_wire(
        message in readme_message(),
        signature in option::of(signature()),
    ) {
        let signed = Signed { message, signature };
        prop_assert_eq!(over_the_wire(&readme(), &signed), [Content::Message(signed)]);
    }

    #[test]
    fn any_two_messages_are_signed_differently(one in readme_message(), other in readme_message()) {
        let signed = |message: &Message| encode::signed_bytes(message);
        prop_assert!(signed(&one).is_some());
        prop_assert_eq!(one == other, signed(&one) == signed(&other));
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(
        name in select(&["init", "pubkey", "election", "challenge", "solution", "voting", "sync"]),
        payload in vec(any::<u8>(), 0..200),
    ) {
        let _ = decode(&readme(), &format!("ppd/althing/{name}"), &payload);
    }

    #[test]
    fn messages_with_something_changed_are_a_message_or_an_error(
        message in readme_message(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        for mut wire in encode(&readme(), &Signed { message, signature: None }) {
            let at = at.index(wire.payload.len());
            wire.payload[at] = byte;
            if let Ok(Content::Message(signed)) = decode(&readme(), wire.topic(), &wire.payload) {
                prop_assert!(!encode(&readme(), &signed).is_empty());
            }
        }
    }
}
