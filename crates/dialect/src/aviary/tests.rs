//! The messages of `aviary`, byte for byte, and bytes that are none.

use althing_engine::nakamoto::{Claim, Gossip, Label, Message};
use althing_ledger::{AviaryBlock, Block, Entry, HexDigits, Ledger, Outcome, Proposal};
use althing_types::{Address, BlockHash, Height, UnixTime};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Aviary, Config};
use crate::testing::{datagram, heard, read};
use crate::{ChainDialect, PAYLOAD_MAX};

fn aviary() -> Aviary {
    Aviary::new(Config::default())
}

fn decoded(json: &str) -> Message {
    read(&aviary(), json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn label(text: &str) -> Label {
    Label::new(text).expect("it is short")
}

fn address(host: &str, port: u16) -> Address {
    Address::new(host, port).expect("a host")
}

fn block() -> AviaryBlock {
    AviaryBlock {
        height: Height::new(3),
        miner: "GossipZilla!".into(),
        messages: ["fly-stuck", "é"].map(Entry::text).into(),
        time: UnixTime::from_seconds(1_700_656_987),
        nonce: "4583335277304293".into(),
        hash: BlockHash::from_bytes([0xbb; 32]),
    }
}

#[test]
fn each_message_is_written_as_the_assignment_has_it() {
    let hash = "bb".repeat(32);
    let fields = format!(
        concat!(
            r#""height": 3, "minedBy": "GossipZilla!", "nonce": "4583335277304293", "#,
            r#""messages": ["fly-stuck", "\u00e9"], "hash": "{hash}", "#,
            r#""timestamp": 1700656987"#,
        ),
        hash = hash
    );
    let (name, id) = (label("us"), label("0f"));
    let origin = address("130.179.28.110", 8999);
    let claim = Claim { length: 4, hash: block().hash };
    let messages = [
        (
            Message::Gossip(Gossip { origin: origin.clone(), name: name.clone(), id }),
            concat!(
                r#"{"type": "GOSSIP", "host": "130.179.28.110", "port": 8999, "id": "0f", "#,
                r#""name": "us"}"#,
            ),
        ),
        (
            Message::GossipReply { address: origin, name },
            r#"{"type": "GOSSIP_REPLY", "host": "130.179.28.110", "port": 8999, "name": "us"}"#,
        ),
        (Message::TipRequest, r#"{"type": "STATS"}"#),
        (
            Message::Tip(claim),
            &format!(r#"{{"type": "STATS_REPLY", "height": 4, "hash": "{hash}"}}"#),
        ),
        (Message::Consensus, r#"{"type": "CONSENSUS"}"#),
        (Message::BlockRequest { height: Height::new(7) }, r#"{"type": "GET_BLOCK", "height": 7}"#),
        (
            Message::Block(Block::Aviary(block())),
            &format!(r#"{{"type": "GET_BLOCK_REPLY", {fields}}}"#),
        ),
        (
            Message::NoBlock,
            concat!(
                r#"{"type": "GET_BLOCK_REPLY", "height": null, "minedBy": null, "nonce": null, "#,
                r#""messages": null, "hash": null, "timestamp": null}"#,
            ),
        ),
        (
            Message::Announcement(Block::Aviary(block())),
            &format!(r#"{{"type": "ANNOUNCE", {fields}}}"#),
        ),
        (Message::Entry(Entry::text("word")), r#"{"type": "NEW_WORD", "word": "word"}"#),
    ];
    for (message, json) in messages {
        let bytes = datagram(&aviary(), &message).expect("the network has it");
        assert_eq!(String::from_utf8(bytes).as_deref(), Ok(json));
        assert_eq!(decoded(json), message);
    }
    assert_eq!(datagram(&aviary(), &Message::ChainRequest { from: Height::GENESIS }), None);
}

#[test]
fn what_other_programs_write_is_understood() {
    let reply = decoded(r#"{"type": "GOSSIP-REPLY", "host": "::1", "port": 1, "name": "they"}"#);
    let expected = Message::GossipReply { address: address("::1", 1), name: label("they") };
    assert_eq!(reply, expected);
    // One that does not have the block still has messages and a time, another leaves them out.
    for null in [
        concat!(
            r#"{"type": "GET_BLOCK_REPLY", "height": null, "messages": [], "#,
            r#""minedBy": null, "nonce": null, "hash": null, "timestamp": 1700656987}"#,
        ),
        concat!(
            r#"{"hash": null, "height": null, "messages": null, "minedBy": null, "#,
            r#""nonce": null, "type": "GET_BLOCK_REPLY"}"#,
        ),
    ] {
        assert_eq!(decoded(null), Message::NoBlock);
    }
    let fields = r#""minedBy": "None", "nonce": "None", "hash": "None", "timestamp": "None""#;
    for null in [
        &format!(
            r#"{{"type": "GET_BLOCK_REPLY", "height": "None", "messages": "None", {fields}}}"#
        ),
        r#"{"type": "GET_BLOCK_REPLY"}"#,
        r#"{"type": "GET_BLOCK_REPLY", "height": 7}"#,
        r#"{"type": "GET_BLOCK_REPLY", "height": -1, "hash": ""}"#,
        r#"["GET_BLOCK_REPLY", null, null, null, null, null]"#,
        r#"[null, "None", []]"#,
        r#"[{"type": "GET_BLOCK_REPLY", "height": null, "messages": null}]"#,
    ] {
        assert_eq!(decoded(null), Message::NoBlock, "{null}");
    }
    for list in ["[]", "[7]", r#"[{"type": "STATS"}]"#] {
        assert!(read(&aviary(), list.as_bytes()).is_err(), "{list}");
    }
    // Without a chain.
    let none = Message::Tip(Claim { length: 0, hash: BlockHash::from_bytes([0; 32]) });
    for stats in [
        r#"{"type": "STATS_REPLY"}"#,
        r#"{"type": "STATS_REPLY", "message": "no chain yet"}"#,
        r#"{"type": "STATS_REPLY", "height": null, "hash": null}"#,
        r#"{"type": "STATS_REPLY", "height": "None", "hash": "None"}"#,
        r#"{"type": "STATS_REPLY", "height": -1, "hash": ""}"#,
        r#"{"type": "STATS_REPLY", "height": 0, "hash": "none"}"#,
        r#"{"height": null, "hash": null}"#,
    ] {
        assert_eq!(decoded(stats), none, "{stats}");
    }
    // Numbers may be texts, and texts numbers; of equal keys Python takes the last.
    let hash = "ab".repeat(32);
    let stats =
        format!(r#"{{"type": "STATS_REPLY", "height": 1, "height": "6", "hash": "{hash}"}}"#);
    let claim = Claim { length: 6, hash: BlockHash::from_bytes([0xab; 32]) };
    assert_eq!(decoded(&stats), Message::Tip(claim));
    let question = Message::BlockRequest { height: Height::new(7) };
    assert_eq!(decoded(r#"{"type": "GET_BLOCK", "height": "7"}"#), question);
    let announced = format!(
        concat!(
            r#"{{"type": "ANNOUNCE", "height": "3", "minedBy:": "GossipZilla!", "#,
            r#""nonce": 4583335277304293, "messages": ["fly-stuck", "\u00e9"], "#,
            r#""hash": "{}", "timestamp": "1700656987"}}"#,
        ),
        "bb".repeat(32)
    );
    assert_eq!(decoded(&announced), Message::Announcement(Block::Aviary(block())));
    // An older year gossips under another name. A long name is cut, in whole characters.
    let name = "é".repeat(40);
    let flood =
        format!(r#"{{"type": "FLOOD", "host": "h", "port": "8999", "id": 7, "name": "{name}"}}"#);
    let (origin, name) = (address("h", 8999), label(&name[..64]));
    let expected = Gossip { origin: origin.clone(), name: name.clone(), id: label("7") };
    assert_eq!(decoded(&flood), Message::Gossip(expected));
    for kind in ["FLOOD-REPLY", "FLOOD_REPLY"] {
        let reply = format!(
            r#"{{"type": "{kind}", "host": "h", "port": 8999, "name": "{}"}}"#,
            "é".repeat(40)
        );
        let (address, name) = (origin.clone(), name.clone());
        assert_eq!(decoded(&reply), Message::GossipReply { address, name });
    }
    // One answers without a type.
    let hash = "ab".repeat(32);
    let stats = format!(r#"{{"host": "h", "port": 8993, "height": 6, "hash": "{hash}"}}"#);
    let claim = Claim { length: 6, hash: BlockHash::from_bytes([0xab; 32]) };
    assert_eq!(decoded(&stats), Message::Tip(claim));
    let other = format!(r#"{{"type": "WEATHER", "height": 6, "hash": "{hash}"}}"#);
    assert!(read(&aviary(), other.as_bytes()).is_err());
}

#[test]
fn what_is_no_message_says_what_is_wrong_with_it() {
    let long = format!(r#"{{"type": "NEW_WORD", "word": "{}"}}"#, "x".repeat(PAYLOAD_MAX));
    let name = "n".repeat(65);
    let cases = [
        ("", "no JSON at byte 0: not a value"),
        ("hello", "no JSON at byte 0: not a value"),
        ("{}", "missing field `type`"),
        (r#"{"type": "WEATHER"}"#, "unknown variant `WEATHER`"),
        (r#"{"type": "GET_BLOCK", "height": -1}"#, "integer `-1`, expected u64"),
        (r#"{"type": "STATS_REPLY", "height": 1, "hash": "00"}"#, "not 64 lower-case hexadecimal"),
        (r#"{"type": "GOSSIP", "host": "", "port": 1, "id": "x"}"#, "field \"host\""),
        (r#"{"type": "GOSSIP", "host": "h", "port": 65536, "id": "x"}"#, "expected u16"),
        (
            &format!(r#"{{"type": "GOSSIP", "host": "h", "port": 1, "id": "{name}"}}"#),
            "field \"id\": a name of 65 bytes is longer than 64",
        ),
        (
            concat!(
                r#"{"type": "ANNOUNCE", "height": 1, "minedBy": "x", "nonce": "1", "#,
                r#""messages": [], "hash": "00"}"#,
            ),
            "field \"timestamp\": it is missing",
        ),
        (&long, "are more than the 262144"),
    ];
    for (payload, expected) in cases {
        let error = read(&aviary(), payload.as_bytes()).expect_err(payload).to_string();
        assert!(error.contains(expected), "{payload:.60}: {error}");
    }
}

#[test]
fn blocks_of_ours_fit_into_what_the_programs_read_of_a_datagram_and_others_may_be_longer() {
    let aviary =
        Aviary::new(Config { difficulty: HexDigits::new(0).expect("few"), ..Config::default() });
    let mut ledger = Ledger::new(aviary.rules().chain.clone(), aviary.application());
    let words: Vec<Entry> =
        (0..10).map(|n| Entry::text(&format!("{n}{}", "é".repeat(19)))).collect();
    let miner = "ö".repeat(32);
    let entries = ledger.select(&miner, words.iter());
    assert!((1..10).contains(&entries.len()), "{}", entries.len());
    let propose = |entries| Proposal { miner: &miner, now: UnixTime::from_seconds(7), entries };
    let template = ledger.template(propose(entries)).expect("there are entries");
    let ours = template.with_nonce(u64::MAX);
    let bytes = |block: &Block| {
        datagram(&aviary, &Message::Block(block.clone())).expect("the network has it").len()
    };
    assert!((900..=1024).contains(&bytes(&ours)), "{}", bytes(&ours));
    assert_eq!(bytes(&ours), ours.sent_bytes());
    let announced = datagram(&aviary, &Message::Announcement(ours.clone())).expect("it has");
    assert!(announced.len() < bytes(&ours));
    // With the rest in the next block, and a longer one of another peer.
    let template = ledger.template(propose(words)).expect("all of them are a block");
    let theirs = template.with_nonce(7);
    assert!(bytes(&theirs) > 1024);
    assert!(matches!(ledger.add(theirs), Ok(Outcome::Adopted(_))));
}

#[test]
fn real_chains_are_valid_as_they_come_over_the_wire() {
    let vectors = include_str!("../../../ledger/tests/vectors/aviary-chains.json");
    let vectors: Value = serde_json::from_str(vectors).expect("JSON");
    for chain in vectors["chains"].as_object().expect("by name").values() {
        let difficulty = chain["difficulty"].as_u64().and_then(|d| u8::try_from(d).ok());
        let difficulty = difficulty.and_then(HexDigits::new).expect("at most 64");
        let aviary = Aviary::new(Config { difficulty, ..Config::default() });
        let mut ledger = Ledger::new(aviary.rules().chain.clone(), aviary.application());
        for block in chain["blocks"].as_array().expect("a list") {
            let mut reply = block.clone();
            reply["type"] = json!("GET_BLOCK_REPLY");
            let message = read(&aviary, reply.to_string().as_bytes()).expect("a reply");
            let Message::Block(block) = message else { panic!("{message:?}") };
            assert!(matches!(ledger.add(block), Ok(Outcome::Adopted(_))));
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    ".{0,20}"
}

fn hash() -> impl Strategy<Value = BlockHash> {
    any::<[u8; 32]>().prop_map(BlockHash::from_bytes)
}

fn any_block() -> impl Strategy<Value = Block> {
    let messages = vec(text(), 0..11);
    (any::<u64>(), text(), messages, any::<u64>(), text(), hash()).prop_map(
        |(height, miner, messages, time, nonce, hash)| {
            Block::Aviary(AviaryBlock {
                height: Height::new(height),
                miner: miner.into(),
                messages: messages.iter().map(|message| Entry::text(message)).collect(),
                time: UnixTime::from_seconds(time),
                nonce: nonce.into(),
                hash,
            })
        },
    )
}

fn message() -> impl Strategy<Value = Message> {
    let label = || "[ -~é]{0,30}".prop_map(|text| label(&text));
    let address = || ("[!-~]{1,20}", any::<u16>()).prop_map(|(host, port)| address(&host, port));
    prop_oneof![
        (address(), label(), label()).prop_map(|(origin, name, id)| Message::Gossip(Gossip {
            origin,
            name,
            id
        })),
        (address(), label()).prop_map(|(address, name)| Message::GossipReply { address, name }),
        Just(Message::TipRequest),
        (any::<u64>(), hash()).prop_map(|(length, hash)| Message::Tip(Claim { length, hash })),
        Just(Message::Consensus),
        any::<u64>().prop_map(|height| Message::BlockRequest { height: Height::new(height) }),
        any_block().prop_map(Message::Block),
        Just(Message::NoBlock),
        any_block().prop_map(Message::Announcement),
        text().prop_map(|word| Message::Entry(Entry::text(&word))),
    ]
}

proptest! {
    #[test]
    fn every_message_survives_the_wire(message in message()) {
        let bytes = datagram(&aviary(), &message).expect("the network has it");
        prop_assert_eq!(read(&aviary(), &bytes), Ok(message));
    }

    #[test]
    fn every_block_survives_as_one_line(block in any_block()) {
        let bytes = aviary().encode_block(&block);
        prop_assert!(!bytes.contains(&b'\n'));
        prop_assert_eq!(aviary().decode_block(&bytes), Ok(block));
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(payload in vec(any::<u8>(), 0..200)) {
        let _ = heard(&aviary(), &payload);
        let _ = aviary().decode_block(&payload);
    }

    #[test]
    fn a_damaged_message_is_another_one_or_an_error(
        message in message(),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let mut bytes = datagram(&aviary(), &message).expect("the network has it");
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let _ = heard(&aviary(), &bytes);
    }
}
