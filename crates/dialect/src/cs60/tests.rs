use althing_engine::nakamoto::Message;
use althing_ledger::{Application, Block, Cs60Block, Entry, Ledger, Outcome, Proposal};
use althing_types::{Address, BlockHash, Height, UnixTime};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::tracker::{Presence, Reader, encode_list};
use super::{Ballots, Config, Cs60, Data};
use crate::{ChainDialect, PAYLOAD_MAX};

fn cs60() -> Cs60 {
    Cs60::new(Config::default())
}

fn address(port: u16) -> Address {
    Address::new("127.0.0.1", port).expect("a host")
}

fn ballot(voter: &str, choice: &str) -> Entry {
    Entry::text(&json!({"voter": voter, "choice": choice}).to_string())
}

/// Returns blocks that are one chain; only their lengths matter.
fn blocks(count: u64) -> Vec<Block> {
    let parent = Some(BlockHash::from_bytes([0; 32]));
    let datum = |n: u64| ballot(&format!("voter number {n}"), "Obama");
    (0..count)
        .map(|n| Cs60Block { height: Height::new(n), parent, datum: datum(n), nonce: 123_456 })
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
        let bytes = cs60().encode(&message).expect("the network has it");
        assert_eq!(String::from_utf8(bytes).as_deref(), Ok(json));
        assert_eq!(cs60().decode(json.as_bytes()).said, Ok(message));
    }
    assert_eq!(cs60().encode(&Message::TipRequest), None);
}

#[test]
fn a_chain_that_does_not_fit_into_a_datagram_is_sent_as_far_as_it_does() {
    let all = blocks(1000);
    let bytes = cs60().encode(&Message::Chain(all.clone())).expect("the network has it");
    assert!((60_000..=65_507).contains(&bytes.len()), "{}", bytes.len());
    let Ok(Message::Chain(some)) = cs60().decode(&bytes).said else { panic!("it is a chain") };
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
        let bytes = cs60.encode(&Message::Chain(vec![block.clone()])).expect("a chain");
        assert_eq!(cs60.decode(&bytes).said, Ok(Message::Chain(vec![block])), "{character}");
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
        let message = cs60.decode(wire.as_bytes()).said.expect("a block");
        let Message::Announcement(block) = message else { panic!("{message:?}") };
        assert_eq!(ledger.add(block).is_ok(), vector["accept"] == true);
    }
    assert_eq!(ledger.length(), 8);
}

#[test]
fn a_length_that_is_not_the_chains_misleads_nobody() {
    let json = r#"{"type": "CHAIN", "data": "{\"_chain\": [], \"_length\": 20000}"}"#;
    assert_eq!(cs60().decode(json.as_bytes()).said, Ok(Message::Chain(vec![])));
}

#[test]
fn what_is_no_message_says_what_is_wrong_with_it() {
    let long = " ".repeat(PAYLOAD_MAX + 1);
    let cases = [
        ("", "EOF while parsing"),
        ("\u{1}", "expected value"),
        ("{}", "missing field `type`"),
        (r#"{"type": "VOTE"}"#, "unknown variant `VOTE`"),
        (r#"{"type": "REQ", "from": -1}"#, "integer `-1`, expected u64"),
        (r#"{"type": "BLOCK", "data": {}}"#, "expected a string"),
        (r#"{"type": "BLOCK", "data": "{}"}"#, "missing field `_data`"),
        (
            concat!(
                r#"{"type": "BLOCK", "data": "{\"_data\": \"\", \"_index\": 1, \"_nonce\": 0, "#,
                r#"\"_prev_hash\": \"1\"}"}"#,
            ),
            "field \"_prev_hash\": neither a hash nor \"0\"",
        ),
        (r#"{"type": "CHAIN", "data": "{\"_chain\": [7]}"}"#, "expected a string"),
        (&long, "are more than the 262144"),
    ];
    for (payload, expected) in cases {
        let error = cs60().decode(payload.as_bytes()).said.expect_err(payload).to_string();
        assert!(error.contains(expected), "{payload:.60}: {error}");
    }
}

#[test]
fn a_ballot_is_written_as_the_program_writes_it() {
    let ballot = Ballots::ballot("Zoë", "yes");
    assert_eq!(ballot, Entry::text(r#"{"voter": "Zo\u00eb", "choice": "yes"}"#));
    assert_eq!(Ballots::default().check(&[ballot]), Ok(()));
}

#[test]
fn nobody_casts_two_ballots() {
    let mut ballots = Ballots::default();
    let alice = [ballot("alice", "Obama")];
    assert_eq!(ballots.check(&alice), Ok(()));
    ballots.apply(&alice);
    let twice = ballots.check(&[ballot("alice", "McCain")]).expect_err("she has voted");
    assert_eq!(twice.to_string(), "\"alice\" has voted before");
    let bob = ballot("bob", "McCain");
    assert!(ballots.check(&[bob.clone(), bob.clone()]).is_err());
    assert_eq!(ballots.check(&[bob]), Ok(()));
    for text in ["", "Hi", "{}", r#"{"voter": "x"}"#, r#"{"voter": 7, "choice": "y"}"#] {
        let error = ballots.check(&[Entry::text(text)]).expect_err(text).to_string();
        assert!(error.starts_with("not a ballot: "), "{error}");
    }
    assert_eq!(ballots.choices().collect::<Vec<_>>(), [("alice", "Obama")]);
}

#[test]
fn the_tracker_is_spoken_to_as_the_program_does() {
    let syn = Presence::Syn(address(7)).encode();
    assert_eq!(syn, br#"{"type": "SYN", "addr": ["127.0.0.1", 7]}"#);
    let fin = Presence::Fin(address(7)).encode();
    assert_eq!(fin, br#"{"type": "FIN", "addr": ["127.0.0.1", 7]}"#);
    let list = encode_list(&[address(7), address(8)]);
    assert_eq!(list, br#"[["127.0.0.1", 7], ["127.0.0.1", 8]]"#);
}

#[test]
fn what_is_no_list_ends_a_stream() {
    for bytes in [&b"hello"[..], b"\"", b"]", br#"{"type": "SYN"}"#, br#"[["", 7]]"#, b"[[]]"] {
        assert!(Reader::new(PAYLOAD_MAX).read::<Vec<Address>>(bytes).is_err());
    }
    let endless = vec![b'['; PAYLOAD_MAX + 1];
    assert!(Reader::new(PAYLOAD_MAX).read::<Vec<Address>>(&endless).is_err());
}

#[test]
fn brackets_and_quotes_in_a_host_end_nothing() {
    let host = |text| Address::new(text, 7).expect("a host");
    let list = [r#"]""#, r"\", r#"\""#, "[{", "}"].map(host);
    let mut bytes = encode_list(&list);
    bytes.extend(b" \n");
    bytes.extend(encode_list(&[]));
    let mut reader = Reader::new(PAYLOAD_MAX);
    let read: Vec<Vec<Address>> = bytes
        .iter()
        .flat_map(|byte| reader.read(std::slice::from_ref(byte)).expect("a list"))
        .collect();
    assert_eq!(read, [list.to_vec(), vec![]]);
}

fn block() -> impl Strategy<Value = Block> {
    let hash = any::<[u8; 32]>().prop_map(BlockHash::from_bytes);
    (any::<u64>(), option::of(hash), ".{0,40}", any::<u64>()).prop_map(
        |(height, parent, datum, nonce)| {
            let (height, datum) = (Height::new(height), Entry::text(&datum));
            Block::Cs60(Cs60Block { height, parent, datum, nonce })
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
        let bytes = cs60().encode(&message).expect("the network has it");
        prop_assert_eq!(cs60().decode(&bytes).said, Ok(message));
    }

    #[test]
    fn every_block_survives_as_one_line(block in block()) {
        let bytes = cs60().encode_block(&block);
        prop_assert!(!bytes.contains(&b'\n'));
        prop_assert_eq!(cs60().decode_block(&bytes), Ok(block));
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(payload in vec(any::<u8>(), 0..200)) {
        let _ = cs60().decode(&payload);
        let _ = cs60().decode_block(&payload);
        let _ = Reader::new(PAYLOAD_MAX).read::<Vec<Address>>(&payload);
        let _ = Reader::new(PAYLOAD_MAX).read::<Presence>(&payload);
    }

    #[test]
    fn lists_are_read_from_a_stream_however_it_is_cut(
        lists in vec(vec((1..60_000_u16).prop_map(address), 0..9), 1..9),
        cuts in vec(any::<prop::sample::Index>(), 0..9),
    ) {
        let stream: Vec<u8> = lists.iter().flat_map(|list| encode_list(list)).collect();
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        ends.extend([0, stream.len()]);
        ends.sort_unstable();
        let mut reader = Reader::new(PAYLOAD_MAX);
        let mut read: Vec<Vec<Address>> = Vec::new();
        for piece in ends.windows(2) {
            read.extend(reader.read(&stream[piece[0]..piece[1]]).expect("lists"));
        }
        prop_assert_eq!(read, lists);
    }
}
