//! The messages of `aviary`, byte for byte, and bytes that are none.

use althing_engine::nakamoto::{Claim, Gossip, Message};
use althing_ledger::{AviaryBlock, Block, Entry, Ledger, Outcome, Proposal};
use althing_types::{BlockHash, Height, UnixTime};
use serde_json::{Value, json};

use super::{Aviary, Config};
use crate::profile::{
    AviaryRules, EmptyStats, GossipName, NullReply, NumberForm, ReplyName, StatsHeight,
};
use crate::testing::{address, datagram, label, read};
use crate::{ChainDialect, Codec, Content, PAYLOAD_MAX};

fn aviary() -> Aviary {
    Aviary::new(Config::default())
}

fn decoded(json: &str) -> Message {
    read(&aviary(), json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn block() -> AviaryBlock {
    AviaryBlock {
        height: Height::new(3),
        miner: "GossipZilla!".into(),
        messages: ["fly-stuck", "é"].map(Entry::text).into(),
        time: Some(UnixTime::from_seconds(1_700_656_987)),
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
    let aviary = Aviary::new(Config::with_zeros(0));
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
        let aviary = Aviary::new(Config::with_zeros(difficulty.expect("at most 64")));
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

/// Returns what programs like these write.
fn like(programs: AviaryRules) -> Aviary {
    Aviary::new(Config { programs, ..Config::default() })
}

fn usual() -> AviaryRules {
    AviaryRules::default()
}

#[test]
fn each_value_of_a_profile_is_written_as_its_programs_write_it_and_read_back() {
    let hash = "bb".repeat(32);
    let origin = address("h", 8999);
    let gossip =
        Message::Gossip(Gossip { origin: origin.clone(), name: label("us"), id: label("7") });
    let reply = Message::GossipReply { address: origin, name: label("us") };
    let claim = Message::Tip(Claim { length: 4, hash: block().hash });
    let (none, question) =
        (Message::Tip(Claim::NONE), Message::BlockRequest { height: Height::new(7) });
    let untimed = AviaryBlock { time: None, ..block() };
    let six = |value: &str| [value; 6].join(", ");
    let nulls = |value: &str| {
        let names = ["height", "minedBy", "nonce", "messages", "hash"];
        let fields = names.map(|name| format!(r#""{name}": {value}"#)).join(", ");
        format!(r#"{{"type": "GET_BLOCK_REPLY", {fields}, "timestamp": {value}}}"#)
    };
    let stats = |height: &str, hash: &str| {
        format!(r#"{{"type": "STATS_REPLY", "height": {height}, "hash": {hash}}}"#)
    };
    let quoted = format!("\"{hash}\"");
    for (programs, message, json) in [
        (
            AviaryRules { names: GossipName::Flood, ..usual() },
            gossip.clone(),
            r#"{"type": "FLOOD", "host": "h", "port": 8999, "id": "7", "name": "us"}"#.into(),
        ),
        (
            AviaryRules { numbers: NumberForm::Text, ..usual() },
            gossip,
            r#"{"type": "GOSSIP", "host": "h", "port": "8999", "id": "7", "name": "us"}"#.into(),
        ),
        (
            AviaryRules { reply: ReplyName::GossipDashReply, ..usual() },
            reply.clone(),
            r#"{"type": "GOSSIP-REPLY", "host": "h", "port": 8999, "name": "us"}"#.into(),
        ),
        (
            AviaryRules { reply: ReplyName::FloodReply, ..usual() },
            reply.clone(),
            r#"{"type": "FLOOD-REPLY", "host": "h", "port": 8999, "name": "us"}"#.into(),
        ),
        (
            AviaryRules { reply: ReplyName::FloodUnderscoreReply, ..usual() },
            reply,
            r#"{"type": "FLOOD_REPLY", "host": "h", "port": 8999, "name": "us"}"#.into(),
        ),
        (
            AviaryRules { stats_height: StatsHeight::Tip, ..usual() },
            claim.clone(),
            stats("3", &quoted),
        ),
        (AviaryRules { numbers: NumberForm::Text, ..usual() }, claim, stats("\"4\"", &quoted)),
        (AviaryRules { empty: EmptyStats::Null, ..usual() }, none.clone(), stats("null", "null")),
        (AviaryRules { empty: EmptyStats::Zero, ..usual() }, none.clone(), stats("0", "null")),
        (AviaryRules { empty: EmptyStats::MinusOne, ..usual() }, none, stats("-1", "null")),
        (
            AviaryRules { numbers: NumberForm::Text, ..usual() },
            question,
            r#"{"type": "GET_BLOCK", "height": "7"}"#.into(),
        ),
        (
            AviaryRules { null_reply: NullReply::TextNone, ..usual() },
            Message::NoBlock,
            nulls("\"None\""),
        ),
        (
            AviaryRules { null_reply: NullReply::Short, ..usual() },
            Message::NoBlock,
            r#"{"type": "GET_BLOCK_REPLY"}"#.into(),
        ),
        (
            AviaryRules { null_reply: NullReply::Array, ..usual() },
            Message::NoBlock,
            format!("[{}]", six("null")),
        ),
        (
            AviaryRules { timestamp: false, ..usual() },
            Message::NoBlock,
            nulls("null").replace(r#", "timestamp": null"#, ""),
        ),
        (
            AviaryRules { timestamp: false, ..usual() },
            Message::Announcement(Block::Aviary(untimed)),
            format!(
                concat!(
                    r#"{{"type": "ANNOUNCE", "height": 3, "minedBy": "GossipZilla!", "#,
                    r#""nonce": "4583335277304293", "messages": ["fly-stuck", "\u00e9"], "#,
                    r#""hash": "{}"}}"#,
                ),
                hash
            ),
        ),
    ] {
        let aviary = like(programs);
        let bytes = datagram(&aviary, &message).expect("the network has it");
        assert_eq!(String::from_utf8(bytes.clone()), Ok(json));
        assert_eq!(read(&aviary, &bytes), Ok(message));
    }
}

#[test]
fn fields_have_the_other_names_that_a_profile_knows() {
    let alias = [("miner", "minedBy"), ("n", "nonce")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    let aviary = like(AviaryRules { alias: alias.into(), ..usual() });
    let json = format!(
        concat!(
            r#"{{"type": "ANNOUNCE", "height": 3, "miner": "GossipZilla!", "#,
            r#""n": "4583335277304293", "messages": ["fly-stuck", "\u00e9"], "#,
            r#""hash": "{}", "timestamp": 1700656987}}"#,
        ),
        "bb".repeat(32)
    );
    assert_eq!(read(&aviary, json.as_bytes()), Ok(Message::Announcement(Block::Aviary(block()))));
    assert!(read(&self::aviary(), json.as_bytes()).is_err());
}

#[test]
fn a_block_of_the_other_year_is_no_message_and_its_network_is_named() {
    let untimed = Block::Aviary(AviaryBlock { time: None, ..block() });
    let (with, without) = (aviary(), like(AviaryRules { timestamp: false, ..usual() }));
    let timed = Block::Aviary(block());
    for (from, to, message, advice) in [
        (&without, &with, Message::Block(untimed), "use --profile aviary-2022"),
        (&with, &without, Message::Block(timed.clone()), "use --profile aviary"),
        (&with, &without, Message::Announcement(timed), "use --profile aviary"),
    ] {
        let bytes = datagram(from, &message).expect("the network has it");
        let channel = althing_types::Channel::Address(address("192.0.2.1", 8999));
        let Ok(Content::Overheard(heard)) = to.decode(&channel, &bytes).content else {
            panic!("{message:?}")
        };
        assert_eq!(&*heard.network.advice, advice);
        assert!(heard.speaker.is_some());
    }
}
