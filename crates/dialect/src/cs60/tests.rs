//! The messages of `cs60`, byte for byte, and bytes that are none.

use althing_engine::nakamoto::Message;
use althing_ledger::{Block, Cs60Block, Entry, Ledger, Outcome, Proposal};
use althing_types::{BlockHash, Height, UnixTime};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Config, Cs60, Data};
use crate::testing::{datagram, heard, read};
use crate::{ChainDialect, PAYLOAD_MAX};

fn cs60() -> Cs60 {
    Cs60::new(Config::default())
}

fn ballot(voter: &str, choice: &str) -> Entry {
    Entry::text(&json!({"voter": voter, "choice": choice}).to_string())
}

/// Returns blocks that are one chain; only their lengths matter.
fn blocks(count: u64) -> Vec<Block> {
    let parent = Some(BlockHash::from_bytes([0; 32]));
    let datum = |n: u64| ballot(&format!("voter number {n}"), "Obama");
    (0..count)
        .map(|n| Cs60Block {
            height: Height::new(n),
            parent,
            datum: datum(n),
            nonce: 123_456,
            odd: None,
        })
        .map(Block::Cs60)
        .collect()
}

#[test]
fn each_message_is_written_as_the_program_has_it() {
    let block = Block::Cs60(Cs60Block::genesis());
    let messages = [
        (Message::ChainRequest { from: Height::GENESIS }, r#"{"type": "REQ"}"#),
        (Message::ChainRequest { from: Height::new(7) }, r#"{"type": "REQ", "from": 7}"#),
        (
            Message::Announcement(block.clone()),
            concat!(
                r#"{"type": "BLOCK", "data": "{\"_data\": \"\", \"_index\": 0, \"_nonce\": 0, "#,
                r#"\"_prev_hash\": \"0\"}"}"#,
            ),
        ),
        (
            Message::Chain(vec![block]),
            concat!(
                r#"{"type": "CHAIN", "data": "{\"_chain\": [\"{\\\"_data\\\": \\\"\\\", "#,
                r#"\\\"_index\\\": 0, \\\"_nonce\\\": 0, \\\"_prev_hash\\\": \\\"0\\\"}\"], "#,
                r#"\"_length\": 1}"}"#,
            ),
        ),
        (
            Message::Chain(vec![]),
            r#"{"type": "CHAIN", "data": "{\"_chain\": [], \"_length\": 0}"}"#,
        ),
    ];
    for (message, json) in messages {
        let bytes = datagram(&cs60(), &message).expect("the network has it");
        assert_eq!(String::from_utf8(bytes).as_deref(), Ok(json));
        assert_eq!(read(&cs60(), json.as_bytes()), Ok(message));
    }
    assert_eq!(datagram(&cs60(), &Message::TipRequest), None);
}

#[test]
fn a_chain_that_does_not_fit_into_a_datagram_is_sent_as_far_as_it_does() {
    let all = blocks(1000);
    let bytes = datagram(&cs60(), &Message::Chain(all.clone())).expect("the network has it");
    assert!((60_000..=65_507).contains(&bytes.len()), "{}", bytes.len());
    let Ok(Message::Chain(some)) = read(&cs60(), &bytes) else { panic!("it is a chain") };
    assert!(some.len() > 150, "{}", some.len());
    assert_eq!(some, all[..some.len()]);
}

#[test]
fn the_longest_datum_fits_into_a_datagram() {
    let cs60 = Cs60::new(Config { data: Data::Texts, zeros: 0, ..Config::default() });
    for character in ["\u{1}", "\"", "\\", "é", "😀"] {
        let mut ledger = Ledger::new(cs60.rules().chain.clone(), cs60.application());
        let entries = vec![Entry::text(&character.repeat(3000))];
        let proposal = Proposal { miner: "", now: UnixTime::default(), entries };
        let template = ledger.template(proposal).expect("it is as long as may be");
        let block = template.with_nonce(template.search(0..10_000).expect("it is easy"));
        assert!(matches!(ledger.add(block.clone()), Ok(Outcome::Adopted(_))));
        let bytes = datagram(&cs60, &Message::Chain(vec![block.clone()])).expect("a chain");
        assert_eq!(read(&cs60, &bytes), Ok(Message::Chain(vec![block])), "{character}");
    }
}

#[test]
fn the_blocks_of_the_program_are_valid_as_they_come_over_the_wire() {
    let vectors = include_str!("../../../ledger/tests/vectors/cs60-blocks.json");
    let vectors: Value = serde_json::from_str(vectors).expect("JSON");
    // Not all of them are ballots.
    let cs60 = Cs60::new(Config { data: Data::Texts, ..Config::default() });
    let mut ledger = Ledger::new(cs60.rules().chain.clone(), cs60.application());
    for vector in vectors["vectors"].as_array().expect("a list") {
        let wire = json!({"type": "BLOCK", "data": vector["preimage"]}).to_string();
        let message = read(&cs60, wire.as_bytes()).expect("a block");
        let Message::Announcement(block) = message else { panic!("{message:?}") };
        assert_eq!(ledger.add(block).is_ok(), vector["accept"] == true);
    }
    assert_eq!(ledger.length(), 8);
}

#[test]
fn what_a_block_adds_to_a_chain_is_known_to_the_byte() {
    let length = |blocks: &[Block]| {
        datagram(&cs60(), &Message::Chain(blocks.to_vec())).expect("the network has it").len()
    };
    let datum =
        |text: &str| Block::Cs60(Cs60Block { datum: Entry::text(text), ..Cs60Block::genesis() });
    let first = datum("");
    for text in ["", "\"\\\u{7f}é😀\n", r#"{"voter": "x", "choice": "\ud83d"}"#] {
        let second = datum(text);
        let more = length(&[first.clone(), second.clone()]) - length(std::slice::from_ref(&first));
        assert_eq!(more, second.sent_bytes(), "{text}");
    }
}

#[test]
fn what_the_program_accepts_is_accepted() {
    let cs60 = Cs60::new(Config { zeros: 0, ..Config::default() });
    let mut ledger = Ledger::new(cs60.rules().chain.clone(), cs60.application());
    let long = format!(r#"{{"voter": "{}", "choice": "yes"}}"#, "x".repeat(4000));
    for datum in [
        r#"{"voter": "ann", "choice": 1}"#,
        r#"{"voter": "ann\ud83d", "choice": "yes"}"#,
        r#"{"voter": "bob", "choice": "yes", "weight": NaN}"#,
        r#"{"voter": "ann", "voter": "cid", "choice": "yes"}"#,
        &long,
    ] {
        let entries = vec![Entry::text(datum)];
        let proposal = Proposal { miner: "", now: UnixTime::default(), entries };
        let template = ledger.template(proposal).expect("it is an entry");
        let block = template.with_nonce(template.search(0..100_000).expect("it is easy"));
        let bytes = datagram(&cs60, &Message::Announcement(block)).expect("the network has it");
        let Ok(Message::Announcement(block)) = read(&cs60, &bytes) else { panic!("{datum}") };
        assert!(matches!(ledger.add(block), Ok(Outcome::Adopted(_))), "{datum}");
    }
    // But we put nothing into a block that leaves others no room in a datagram.
    assert!(ledger.check_entry(&Entry::text(&long.replace("xx", "yy"))).is_err());
}

#[test]
fn del_is_hashed_as_python_writes_it() {
    // >>> json.dumps(block, sort_keys=True)
    let json = concat!(
        r#"{"_data": "a\u007fb", "_index": 1, "_nonce": 19, "_prev_hash": "#,
        r#""12a78be88353a89623c46d6ef09017f15a21bc1d9e869ee69fc4a657d6e06896"}"#,
    );
    let block = cs60().decode_block(json.as_bytes()).expect("a block");
    assert_eq!(String::from_utf8(cs60().encode_block(&block)).as_deref(), Ok(json));
    assert!(block.hash_after(None).to_string().starts_with("007bd2"));
}

/// Returns a block as the program mines it, with a number of its own choice in it.
fn mined(json: impl Fn(u64) -> String) -> (String, Block) {
    let cs60 = Cs60::new(Config { data: Data::Texts, zeros: 1, ..Config::default() });
    let (json, block) = (0..)
        .map(json)
        .map(|json| (cs60.decode_block(json.as_bytes()).expect("a block"), json))
        .map(|(block, json)| (json, block))
        .find(|(_, block)| block.hash_after(None).as_bytes()[0] == 0)
        .expect("one in 256 is");
    (json, block)
}

#[test]
fn an_index_and_a_nonce_may_be_what_the_program_takes() {
    let cs60 = Cs60::new(Config { data: Data::Texts, zeros: 1, ..Config::default() });
    let mut ledger = Ledger::new(cs60.rules().chain.clone(), cs60.application());
    for (index, nonce) in [
        ("0", "{}"),
        ("0", "-{}"),
        ("1.0", "{}.5"),
        ("true", "18446744073709551616{}"),
        ("-0.0", "\"\\ud83d{}\""),
        ("7", "[{}, NaN, {\"a\": 1, \"b\": null}]"),
        ("2.5", "1{}.0"),
    ] {
        let parent = ledger.tip().expect("a genesis").hash;
        let (json, block) = mined(|number| {
            let nonce = nonce.replace("{}", &number.to_string());
            format!(
                r#"{{"_data": "", "_index": {index}, "_nonce": {nonce}, "_prev_hash": "{parent}"}}"#
            )
        });
        assert_eq!(String::from_utf8(cs60.encode_block(&block)), Ok(json));
        let height = Height::new(ledger.length());
        assert!(matches!(ledger.add(block.clone()), Ok(Outcome::Adopted(_))), "{index} {nonce}");
        // It stands where its parent says, whatever it states.
        let kept = ledger.block_at(height).expect("the tip");
        assert_eq!(kept.height(), height);
        assert_eq!(cs60.encode_block(&kept), cs60.encode_block(&block));
        let wire = datagram(&cs60, &Message::Chain(vec![(*kept).clone()])).expect("a chain");
        assert_eq!(read(&cs60, &wire), Ok(Message::Chain(vec![block])));
    }
    // So is the longest chain, although its blocks show less work than others could.
    assert_eq!(ledger.length(), 8);
}

#[test]
fn of_equal_keys_the_last_one_counts() {
    let json = concat!(
        r#"{"type": "REQ", "type": "BLOCK", "data": "", "data": "{\"_data\": \"x\", "#,
        r#"\"_data\": \"\", \"_index\": 0, \"_nonce\": 0, \"_prev_hash\": \"0\"}"}"#,
    );
    let genesis = Message::Announcement(Block::Cs60(Cs60Block::genesis()));
    assert_eq!(read(&cs60(), json.as_bytes()), Ok(genesis));
}

#[test]
fn a_length_that_is_not_the_chains_misleads_nobody() {
    let json = r#"{"type": "CHAIN", "data": "{\"_chain\": [], \"_length\": 20000}"}"#;
    assert_eq!(read(&cs60(), json.as_bytes()), Ok(Message::Chain(vec![])));
}

#[test]
fn what_is_no_message_says_what_is_wrong_with_it() {
    let long = " ".repeat(PAYLOAD_MAX + 1);
    let cases = [
        ("", "no JSON at byte 0: not a value"),
        ("\u{1}", "no JSON at byte 0: not a value"),
        ("[]", "not an object"),
        ("{}", "missing field `type`"),
        (r#"{"type": 7}"#, "field `type` is not a text"),
        (r#"{"type": "VOTE"}"#, "neither \"REQ\" nor \"BLOCK\" nor \"CHAIN\""),
        (r#"{"type": "REQ", "from": -1}"#, "integer `-1`, expected u64"),
        (r#"{"type": "BLOCK", "data": {}}"#, "field `data` is not a text"),
        (r#"{"type": "BLOCK", "data": "{}"}"#, "missing field `_data`"),
        (
            concat!(
                r#"{"type": "BLOCK", "data": "{\"_data\": \"\", \"_index\": 1, \"_nonce\": 0, "#,
                r#"\"_prev_hash\": \"1\"}"}"#,
            ),
            "field \"_prev_hash\": neither a hash nor \"0\"",
        ),
        (r#"{"type": "CHAIN", "data": "{\"_chain\": 7}"}"#, "field `_chain` is not a list"),
        (r#"{"type": "CHAIN", "data": "{\"_chain\": [7]}"}"#, "a block is not a text"),
        (&long, "are more than the 262144"),
    ];
    for (payload, expected) in cases {
        let error = read(&cs60(), payload.as_bytes()).expect_err(payload).to_string();
        assert!(error.contains(expected), "{payload:.60}: {error}");
    }
}

fn block() -> impl Strategy<Value = Block> {
    let hash = any::<[u8; 32]>().prop_map(BlockHash::from_bytes);
    (any::<u64>(), option::of(hash), ".{0,40}", any::<u64>()).prop_map(
        |(height, parent, datum, nonce)| {
            let (height, datum) = (Height::new(height), Entry::text(&datum));
            Block::Cs60(Cs60Block { height, parent, datum, nonce, odd: None })
        },
    )
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        any::<u64>().prop_map(|from| Message::ChainRequest { from: Height::new(from) }),
        block().prop_map(Message::Announcement),
        vec(block(), 0..5).prop_map(Message::Chain),
    ]
}

proptest! {
    #[test]
    fn every_message_survives_the_wire(message in message()) {
        let bytes = datagram(&cs60(), &message).expect("the network has it");
        prop_assert_eq!(read(&cs60(), &bytes), Ok(message));
    }

    #[test]
    fn every_block_survives_as_one_line(block in block()) {
        let bytes = cs60().encode_block(&block);
        prop_assert!(!bytes.contains(&b'\n'));
        prop_assert_eq!(cs60().decode_block(&bytes), Ok(block));
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(payload in vec(any::<u8>(), 0..200)) {
        let _ = heard(&cs60(), &payload);
        let _ = cs60().decode_block(&payload);
    }
}
