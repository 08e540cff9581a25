//! The messages of the open network, byte for byte, and bytes that are none.

use althing_engine::nakamoto::{Claim, Cookie, HEADERS_PER_ANSWER, LOCATOR_MAX, Message};
use althing_ledger::{
    Block, BlockContext, Coinbase, CompactTarget, Entry, Header, Ledger, NativeBlock, Outcome,
    Proposal, SignedEntry, target_of_bits,
};
use althing_types::{Height, UnixTime};
use ed25519_dalek::SigningKey;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::{Config, ENTRIES_MAX, ENTRY_BYTES_MAX, MINER_CHARS_MAX, NOTE_CHARS_MAX, Notes, Open};
use crate::arbitrary::{chain_message, hash};
use crate::testing::{datagram, heard, label, read};
use crate::{ChainDialect, DATAGRAM_MAX, Malformed};

const START: UnixTime = UnixTime::from_seconds(1_700_000_000);

fn config(secret: u8) -> Config {
    Config { easiest: target_of_bits(1), ..Config::new(label("test"), START, [secret; 32]) }
}

fn open() -> Open {
    Open::new(config(7))
}

fn said(bytes: &[u8]) -> Result<Message, Malformed> {
    read(&open(), bytes)
}

#[test]
fn the_message_in_the_protocol_is_the_one_that_is_written() {
    let protocol = include_str!("../../../../docs/protocol.md");
    let (_, example) = protocol.split_once("as hexadecimal:\n\n").expect("there is an example");
    let (example, _) = example.split_once("\n\n").expect("it ends somewhere");
    let digits: String = example.split_whitespace().collect();
    let claim = Claim { length: 1, hash: open().chain() };
    let bytes = datagram(&open(), &Message::Tip(claim)).expect("the network has it");
    let written: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digits, written);
    let signer = Some(open().public_key());
    assert_eq!(heard(&open(), &bytes), (signer, Ok(Message::Tip(claim))));
}

#[test]
fn what_is_valid_is_in_the_name_of_the_chain_and_a_secret_is_not() {
    let name = |config: Config| Open::new(config).chain();
    let ours = name(config(1));
    assert_eq!(name(config(2)), ours);
    let others = [
        Config { name: label("other"), ..config(1) },
        Config { start: START.after(std::time::Duration::from_secs(1)), ..config(1) },
        Config { block_time: std::time::Duration::from_secs(61), ..config(1) },
        Config { half_life_blocks: 121, ..config(1) },
        Config { easiest: target_of_bits(2), ..config(1) },
    ];
    for other in others {
        assert_ne!(name(other), ours);
    }
}

#[test]
fn a_message_of_another_chain_or_without_its_signature_is_nobodys() {
    let bytes = datagram(&open(), &Message::TipRequest).expect("the network has it");
    let elsewhere = Open::new(Config { name: label("other"), ..config(7) });
    let of_another = Malformed::NotAMessage(super::wire::OF_ANOTHER.to_owned());
    assert_eq!(heard(&elsewhere, &bytes), (None, Err(of_another)));
    for at in 9..bytes.len() {
        let mut forged = bytes.clone();
        forged[at] ^= 1;
        assert_eq!(heard(&open(), &forged), (None, Err(Malformed::SignatureWrong)), "{at}");
    }
}

#[test]
fn who_signs_what_is_no_message_answers_for_it() {
    let dialect = open();
    let key = SigningKey::from_bytes(&[7; 32]);
    let sign = |kind_and_fields: &[u8]| {
        let chain = dialect.chain();
        let mut bytes = [&[2], &chain.as_bytes()[..8], kind_and_fields].concat();
        bytes.extend_from_slice(key.verifying_key().as_bytes());
        let signed = [b"althing open 1\n", &chain.as_bytes()[..], &bytes].concat();
        bytes.extend_from_slice(&ed25519_dalek::Signer::sign(&key, &signed).to_bytes());
        bytes
    };
    let many = [&[5, 101][..], &[0; 101 * 32]].concat();
    let cases: [(&[u8], &str); 7] = [
        (&[], "ends too early"),
        (&[14], "of a kind that this network does not have"),
        (&[2, 0], "something after its end"),
        (&[3, 0], "ends too early"),
        (&[6, 255, 255], "65535 are more than 500"),
        (&many, "101 are more than 100"),
        (&[1, 2, 0xff, 0xff, 0, 0, 0], "field \"host\": it is not UTF-8"),
    ];
    for (body, expected) in cases {
        let (signer, said) = heard(&dialect, &sign(body));
        assert_eq!(signer, Some(dialect.public_key()));
        let error = said.expect_err("no message").to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_largest_of_each_message_fits_into_a_datagram() {
    let header = match &Open::new(config(7)).rules().chain.genesis {
        althing_ledger::Genesis::Given(block) => match &**block {
            Block::Native(block) => block.header,
            _ => panic!("it is of this network"),
        },
        althing_ledger::Genesis::Mined(_) => panic!("it is given"),
    };
    let largest = Block::Native(NativeBlock {
        header,
        coinbase: Coinbase {
            height: Height::new(1),
            miner: "😀".repeat(MINER_CHARS_MAX).into(),
            extra_nonce: u64::MAX,
        },
        entries: vec![Entry::new([0; ENTRY_BYTES_MAX]); ENTRIES_MAX].into(),
    });
    let messages = [
        Message::Block(largest.clone()),
        Message::Announcement(largest),
        Message::Headers(vec![header; HEADERS_PER_ANSWER]),
        Message::HeadersRequest { locator: vec![open().chain(); LOCATOR_MAX] },
    ];
    for message in messages {
        let bytes = datagram(&open(), &message).expect("it fits");
        assert!(bytes.len() <= DATAGRAM_MAX);
        assert_eq!(said(&bytes), Ok(message));
    }
}

#[test]
fn a_mined_note_is_in_the_chain_once_and_can_be_read() {
    let dialect = open();
    let mut ledger = Ledger::new(dialect.rules().chain.clone(), dialect.application());
    ledger.set_clock(START);
    let note = dialect.entry("Hello 🜁", 1).expect("it is short");
    assert_eq!(ledger.check_entry(&note), Ok(()));
    let entries = vec![note.clone()];
    let template = ledger.template(Proposal { miner: "us", now: START, entries });
    let template = template.expect("a note is an entry");
    let block = template.with_nonce(template.search(0..u64::MAX).expect("it is easy"));
    let kept = dialect.encode_block(&block);
    assert_eq!(dialect.decode_block(&kept), Ok(block.clone()));
    assert!(matches!(ledger.add(block), Ok(Outcome::Adopted(_))));
    let again = ledger.check_entry(&note).expect_err("it is there").to_string();
    assert_eq!(again, "an entry that the chain holds already");
    let texts: Vec<Box<str>> = ledger
        .blocks_from(Height::GENESIS)
        .flat_map(|block| block.entries().to_vec())
        .map(|entry| Notes::text_of(&entry).expect("only notes are kept"))
        .collect();
    assert_eq!(texts, ["Hello 🜁".into()]);
    let longest = dialect.entry(&"🜁".repeat(NOTE_CHARS_MAX), 2).expect("it is short enough");
    assert_eq!(ledger.check_entry(&longest), Ok(()));
}

#[test]
fn what_is_no_note_is_refused_in_plain_words() {
    let dialect = open();
    let long = "x".repeat(NOTE_CHARS_MAX + 1);
    let cases = [
        ("", "a note has 1 to 100 characters, and not 0"),
        (&long, "a note has 1 to 100 characters, and not 101"),
        ("two\nlines", "a note has no control characters"),
    ];
    for (text, expected) in cases {
        let refused = dialect.entry(text, 1).expect_err(text);
        assert_eq!(refused.to_string(), expected);
    }
    let key = SigningKey::from_bytes(&[7; 32]);
    let sign = |application, payload| {
        SignedEntry::sign(&key, &dialect.chain(), application, 1, payload).encode()
    };
    let cases = [
        (Entry::text("hello"), "an entry must be signed"),
        (sign("ballot", b"yes"), "only notes are kept here, and nothing for \"ballot\""),
        (sign("notes", b"\xff"), "a note must be text in UTF-8"),
    ];
    for (entry, expected) in cases {
        let refused =
            dialect.application().check(&BlockContext::default(), &[entry]).expect_err(expected);
        assert_eq!(refused.to_string(), expected);
    }
}

fn header() -> impl Strategy<Value = Header> {
    let bytes = (any::<[u8; 32]>(), any::<[u8; 32]>(), any::<[u8; 16]>());
    bytes.prop_map(|(first, second, third)| {
        let bytes = [&first[..], &second, &third].concat();
        Block::header_from_bytes(bytes[..].try_into().expect("80 bytes"))
    })
}

fn any_block() -> impl Strategy<Value = Block> {
    let entries = vec(vec(any::<u8>(), 0..50).prop_map(Entry::new), 0..9);
    (header(), any::<u64>(), any::<u64>(), ".{0,20}", entries).prop_map(
        |(header, height, extra_nonce, miner, entries)| {
            let coinbase =
                Coinbase { height: Height::new(height), miner: miner.into(), extra_nonce };
            Block::Native(NativeBlock { header, coinbase, entries: entries.into() })
        },
    )
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        7 => chain_message(&any_block().boxed()),
        1 => (any::<u64>(), hash()).prop_map(|(length, hash)| Message::Tip(Claim { length, hash })),
        1 => vec(hash(), 0..9).prop_map(|locator| Message::HeadersRequest { locator }),
        1 => vec(header(), 0..9).prop_map(Message::Headers),
        1 => hash().prop_map(|hash| Message::BodyRequest { hash }),
        1 => vec(any::<u8>(), 0..99).prop_map(|bytes| Message::Entry(Entry::new(bytes))),
        1 => any::<[u8; 16]>().prop_map(|bytes| Message::Challenge(Cookie(bytes))),
        1 => any::<[u8; 16]>().prop_map(|bytes| Message::Proof(Cookie(bytes))),
    ]
}

proptest! {
    #[test]
    fn every_message_survives_the_wire(message in message()) {
        let bytes = datagram(&open(), &message).expect("the network has it");
        prop_assert_eq!(said(&bytes), Ok(message));
    }

    #[test]
    fn there_is_one_encoding_of_each_message(
        message in message(),
        at: Index,
        byte: u8,
        cut: Index,
    ) {
        let bytes = datagram(&open(), &message).expect("the network has it");
        // What another signs is read as well; so the fields, and not the signature, are changed.
        let mut fields = bytes[9..bytes.len() - 96].to_vec();
        let at = at.index(fields.len());
        fields[at] = byte;
        fields.truncate(1 + cut.index(2 * fields.len()));
        if let Ok(other) = super::fields::decode(&fields) {
            let again = datagram(&open(), &other).expect("the network has it");
            prop_assert_eq!(&again[9..again.len() - 96], &fields[..]);
        }
    }

    #[test]
    fn every_block_survives_and_has_one_encoding(block in any_block(), at: Index, byte: u8) {
        let mut bytes = open().encode_block(&block);
        prop_assert_eq!(open().decode_block(&bytes), Ok(block));
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(other) = open().decode_block(&bytes) {
            prop_assert_eq!(open().encode_block(&other), bytes);
        }
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(payload in vec(any::<u8>(), 0..300)) {
        let _ = heard(&open(), &payload);
        let _ = super::fields::decode(&payload);
        let _ = open().decode_block(&payload);
    }
}

#[test]
fn so_many_bits_are_so_much_work() {
    for bits in 1..=255_u8 {
        let target: CompactTarget = target_of_bits(bits);
        let work = althing_ledger::Target::AtMost(target).work();
        let wanted = althing_types::Work::of_bits(bits.into()).hashes();
        assert!(wanted.abs_diff(work.hashes()) <= 1 + (wanted >> 14), "{bits}: {work:?}");
    }
}
