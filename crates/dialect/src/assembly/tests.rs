//! The messages of an assembly, byte for byte, and bytes that are none.

use std::collections::BTreeMap;
use std::time::Duration;

use althing_engine::simplex::{
    CERTIFICATES_MAX, Challenge, ENTRIES_PER_MESSAGE, MESSAGE_BYTES_MAX, Request, Status,
};
use althing_ledger::assembly::{
    Authenticator, BLOCK_BYTES_MAX, Certificate, CertifiedRun, ENTRIES_MAX, Ed25519, Evidence,
    RUN_HEADERS_MAX, Signature, SignedStatement, Statement,
};
use althing_ledger::charter::{ApplicationSettings, FaultModel, MEMBERS_MAX, Member};
use althing_ledger::{BlockContext, Coinbase};
use althing_types::{Address, BlockHash, Height, UnixTime, View};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::{Malformed, PAYLOAD_MAX};

fn charter(application: &str) -> Charter {
    let member = |index: u8| Member {
        name: format!("member {index}").parse().expect("a name"),
        key: Ed25519::new(&[index + 1; 32]).key(),
    };
    Charter {
        network: "club".parse().expect("a name"),
        founded: UnixTime::from_seconds(1_700_000_000),
        faults: FaultModel::Byzantine,
        block_time: Duration::from_secs(1),
        difficulty: 0..=0,
        applications: vec![ApplicationSettings {
            name: application.into(),
            settings: BTreeMap::new(),
        }],
        members: (0..4).map(member).collect(),
        signatures: BTreeMap::new(),
    }
}

fn assembly() -> Assembly {
    Assembly::new(Arc::new(charter("notes")), "room").expect("it is known")
}

fn sent(message: &Message) -> Vec<u8> {
    let wires = assembly().encode(&Recipient::All, message);
    let [wire] = wires.as_slice() else { panic!("a message is one packet: {wires:?}") };
    assert_eq!(wire.to, Channel::topic(assembly().topics()[0].clone()));
    wire.payload.clone()
}

fn heard(payload: &[u8]) -> Result<Content<Message>, Malformed> {
    let [topic, _] = assembly().topics();
    assembly().decode(&Channel::topic(topic), payload).content
}

fn word(statement: Statement, member: u16) -> SignedStatement {
    SignedStatement {
        statement,
        member: MemberIndex(member),
        signature: Signature::from_bytes([7; 64]),
    }
}

#[test]
fn a_charter_can_name_what_there_is() {
    let error = Assembly::new(Arc::new(charter("lotto")), "").err().expect("there is none");
    let expected = "this version of althing has no application \"lotto\"; it has lease, notes";
    assert_eq!(error.to_string(), expected);
    let assembly = assembly();
    let key = SigningKey::from_bytes(&[1; 32]);
    let note = assembly.note(&key, "hello", 1).expect("it is short");
    let context = BlockContext::default();
    assert_eq!(assembly.application().check(&context, std::slice::from_ref(&note)), Ok(()));
    assert!(assembly.application().check(&context, &[note.clone(), note]).is_err(), "twice");
    assert!(assembly.note(&key, "", 1).is_err());
}

#[test]
fn a_message_is_of_one_assembly_and_goes_to_a_topic_or_an_address() {
    let message = Message::Request(Request::Certificates(View::new(7)));
    let bytes = sent(&message);
    assert_eq!(heard(&bytes), Ok(Content::Message(message.clone())));
    let mut elsewhere = bytes.clone();
    elsewhere[1] ^= 1;
    let error = heard(&elsewhere).expect_err("another charter").to_string();
    assert!(error.contains("of another assembly"), "{error}");
    let address = Address::new("10.0.0.1", 1).expect("a host");
    let wires = assembly().encode(&Recipient::One(address.clone()), &message);
    assert_eq!(wires, [Wire { to: Channel::Address(address), payload: bytes }]);
}

#[test]
fn a_last_will_names_a_member() {
    let assembly = assembly();
    let will = assembly.last_will(MemberIndex(2));
    let expected = assembly.charter().members[2].id();
    assert_eq!(assembly.decode(&will.to, &will.payload).content, Ok(Content::PeerLost(expected)));
    for wrong in [&b""[..], b"\0\x04", b"abc"] {
        assert_eq!(assembly.decode(&will.to, wrong).content, Ok(Content::Nothing));
    }
}

#[test]
fn the_largest_of_each_message_fits() {
    let hash = BlockHash::from_bytes([1; 32]);
    let view = View::new(u64::MAX);
    let coinbase = Coinbase {
        height: Height::new(u64::MAX),
        miner: "x".repeat(100).into(),
        extra_nonce: u64::MAX,
    };
    let entries = vec![Entry::new([0; BLOCK_BYTES_MAX / ENTRIES_MAX - 2]); ENTRIES_MAX];
    let bits = althing_ledger::target_of_bits(1);
    let largest = NativeBlock::new(Some(hash), u32::MAX, bits, coinbase, entries.into());
    let header = largest.header;
    let signatures = (0..MEMBERS_MAX).map(|member| {
        let member = MemberIndex(u16::try_from(member).expect("few"));
        (member, Signature::from_bytes([1; 64]))
    });
    let statement = Statement::Finalize { view, block: hash };
    let certificate = Certificate { statement, signatures: signatures.collect() };
    let run = CertifiedRun {
        blocks: vec![largest.clone()],
        headers: vec![header; RUN_HEADERS_MAX],
        finalization: certificate.clone(),
    };
    let block = Arc::new(largest);
    let entry = Entry::new(vec![0; MESSAGE_BYTES_MAX / ENTRIES_PER_MESSAGE - 2]);
    for message in [
        Message::Solution(Arc::clone(&block)),
        Message::Proposal { word: word(statement, 3), block: Arc::clone(&block) },
        Message::Body(block),
        Message::Run(Box::new(run)),
        Message::Certificates(vec![certificate; CERTIFICATES_MAX]),
        Message::Entries(vec![entry; ENTRIES_PER_MESSAGE]),
    ] {
        let bytes = sent(&message);
        assert!(bytes.len() <= PAYLOAD_MAX);
        assert_eq!(heard(&bytes), Ok(Content::Message(message)));
    }
    assert!(matches!(heard(&vec![0; PAYLOAD_MAX + 1]), Err(Malformed::TooLong { .. })));
}

#[test]
fn counts_are_bounded_before_anything_is_read() {
    for (kind, expected) in [(4, "65535 are more than 16"), (10, "more than 64"), (11, "than 256")]
    {
        let error = fields::decode(&[kind, 255, 255]).expect_err("too many").to_string();
        assert!(error.contains(expected), "{error}");
    }
    for (bytes, expected) in [
        (&[][..], "ends too early"),
        (&[99], "of a kind that this network does not have"),
        (&[8, 0, 0, 0, 0, 0, 0, 0, 1, 0], "something after its end"),
        (&[3, 9, 0, 0, 0, 0, 0, 0, 0, 1], "a statement of a kind that there is not"),
    ] {
        let error = fields::decode(bytes).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

fn hash() -> impl Strategy<Value = BlockHash> {
    any::<[u8; 32]>().prop_map(BlockHash::from_bytes)
}

fn signature() -> impl Strategy<Value = Signature> {
    any::<([u8; 32], [u8; 32])>().prop_map(|(first, second)| {
        Signature::from_bytes([first, second].concat().try_into().expect("64 bytes"))
    })
}

fn statement() -> impl Strategy<Value = Statement> {
    (0..3, any::<u64>(), hash()).prop_map(|(kind, view, block)| {
        let view = View::new(view);
        match kind {
            0 => Statement::Notarize { view, block },
            1 => Statement::Nullify { view },
            _ => Statement::Finalize { view, block },
        }
    })
}

fn signed() -> impl Strategy<Value = SignedStatement> {
    (statement(), any::<u16>(), signature()).prop_map(|(statement, member, signature)| {
        SignedStatement { statement, member: MemberIndex(member), signature }
    })
}

fn certificate() -> impl Strategy<Value = Certificate> {
    let signatures = vec((any::<u16>().prop_map(MemberIndex), signature()), 0..5);
    (statement(), signatures)
        .prop_map(|(statement, signatures)| Certificate { statement, signatures })
}

fn block() -> impl Strategy<Value = NativeBlock> {
    let entries = vec(vec(any::<u8>(), 0..50).prop_map(Entry::new), 0..5);
    (any::<u64>(), hash(), any::<u32>(), ".{0,20}", entries).prop_map(
        |(height, parent, time, miner, entries)| {
            let coinbase =
                Coinbase { height: Height::new(height), miner: miner.into(), extra_nonce: height };
            let bits = althing_ledger::target_of_bits(9);
            NativeBlock::new(Some(parent), time, bits, coinbase, entries.into())
        },
    )
}

fn message() -> impl Strategy<Value = Message> {
    let arc = || block().prop_map(Arc::new);
    let run = (vec(block(), 0..4), certificate()).prop_map(|(blocks, finalization)| {
        let headers = blocks.iter().map(|block| block.header).collect();
        Message::Run(Box::new(CertifiedRun { blocks, headers, finalization }))
    });
    prop_oneof![
        (any::<u64>(), hash(), any::<u64>(), signature()).prop_map(
            |(view, parent, salt, signature)| Message::Challenge(Challenge {
                view: View::new(view),
                parent,
                salt,
                signature
            })
        ),
        arc().prop_map(Message::Solution),
        (signed(), arc()).prop_map(|(word, block)| Message::Proposal { word, block }),
        signed().prop_map(Message::Vote),
        vec(certificate(), 0..4).prop_map(Message::Certificates),
        (any::<u16>(), any::<[u64; 3]>(), signature()).prop_map(|(member, numbers, signature)| {
            let [view, height, beat] = numbers;
            let (view, height) = (View::new(view), Height::new(height));
            Message::Status(Status { member: MemberIndex(member), view, height, beat, signature })
        }),
        (any::<u16>(), any::<u64>()).prop_map(|(of, from)| {
            let (of, from) = (MemberIndex(of), Height::new(from));
            Message::Request(Request::Blocks { of, from })
        }),
        hash().prop_map(|hash| Message::Request(Request::Body(hash))),
        any::<u64>().prop_map(|it| Message::Request(Request::Certificates(View::new(it)))),
        arc().prop_map(Message::Body),
        run,
        vec(vec(any::<u8>(), 0..50).prop_map(Entry::new), 0..5).prop_map(Message::Entries),
        (any::<u16>(), signed(), signed()).prop_map(|(member, first, second)| {
            Message::Evidence(Evidence {
                member: MemberIndex(member),
                first: (first.statement, first.signature),
                second: (second.statement, second.signature),
            })
        }),
    ]
}

proptest! {
    #[test]
    fn a_message_survives_its_encoding(message in message()) {
        let bytes = sent(&message);
        prop_assert_eq!(heard(&bytes), Ok(Content::Message(message)));
    }

    #[test]
    fn there_is_one_encoding(message in message(), at: Index, byte: u8, cut: Index) {
        let mut bytes = fields::encode(&message).expect("it fits");
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let cut = cut.index(bytes.len() + 1);
        for bytes in [&bytes[..], &bytes[..cut]] {
            if let Ok(message) = fields::decode(bytes) {
                prop_assert_eq!(fields::encode(&message), Some(bytes.to_vec()));
            }
        }
    }
}
