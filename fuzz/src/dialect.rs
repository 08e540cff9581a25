//! Bytes from a topic: the topic's name, an end of line, and the payload.

use std::sync::LazyLock;

use althing_dialect::aviary::{self, Aviary};
use althing_dialect::cs60::{self, Cs60};
use althing_dialect::elect_chain::{self, ElectChain};
use althing_dialect::open::{self, Open};
use althing_dialect::ppd::{self, Ppd};
use althing_dialect::sd::{self, Sd};
use althing_dialect::{ChainDialect, Dialect, Malformed, Received, Variant};
use althing_engine::nakamoto::Label;
use althing_ledger::Block;
use althing_types::UnixTime;
use ed25519_dalek::{Signer, SigningKey};

/// Decodes the input in both variants of each network with rounds, and the payload alone, as a
/// datagram and as a block, in each network with a chain; in the open one, also as the kind and the
/// fields of a message that is signed.
///
/// # Panics
/// If a message does not survive being encoded and decoded again, or if a refusal is longer than
/// what it refuses by much.
pub fn try_input(input: &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (topic, payload) = input.split_at(end);
    let topic = String::from_utf8_lossy(topic);
    let payload = payload.get(1..).unwrap_or_default();
    for dialect in DIALECTS.iter() {
        try_dialect(&**dialect, &topic, payload);
    }
    for dialect in CHAIN_DIALECTS.iter() {
        try_chain_dialect(&**dialect, payload);
        try_block(&**dialect, payload);
    }
    try_chain_dialect(&*OPEN, &signed(payload));
    let is_kept_as_it_is = |block: Block| OPEN.encode_block(&block) == payload;
    assert!(OPEN.decode_block(payload).map_or(true, is_kept_as_it_is));
}

static DIALECTS: LazyLock<Vec<Box<dyn Dialect>>> = LazyLock::new(|| {
    let of = |variant| -> [Box<dyn Dialect>; 3] {
        let elect_chain = elect_chain::Config { variant, ..elect_chain::Config::default() };
        let ppd = ppd::Config { variant, ..ppd::Config::default() };
        let sd = sd::Config { variant, ..sd::Config::default() };
        [Box::new(ElectChain::new(elect_chain)), Box::new(Ppd::new(ppd)), Box::new(Sd::new(sd))]
    };
    [Variant::Readme, Variant::Published].into_iter().flat_map(of).collect()
});

static CHAIN_DIALECTS: LazyLock<[Box<dyn ChainDialect>; 3]> = LazyLock::new(|| {
    let (aviary, cs60) = (aviary::Config::default(), cs60::Config::default());
    [Box::new(Aviary::new(aviary)), Box::new(Cs60::new(cs60)), Box::new(open())]
});

static OPEN: LazyLock<Open> = LazyLock::new(open);

const SECRET: [u8; 32] = [7; 32];

fn open() -> Open {
    let name = Label::new("fuzzed").expect("it is short");
    Open::new(open::Config::new(name, UnixTime::from_seconds(1_700_000_000), SECRET))
}

/// Returns the message of the open network with this kind and these fields: no mutation finds a
/// signature.
fn signed(kind_and_fields: &[u8]) -> Vec<u8> {
    let (key, chain) = (SigningKey::from_bytes(&SECRET), OPEN.chain());
    let mut bytes = [&[1], &chain.as_bytes()[..8], kind_and_fields].concat();
    bytes.extend_from_slice(key.verifying_key().as_bytes());
    let signature = key.sign(&[b"althing open 1\n", &chain.as_bytes()[..], &bytes].concat());
    bytes.extend_from_slice(&signature.to_bytes());
    bytes
}

fn try_block(dialect: &dyn ChainDialect, payload: &[u8]) {
    match dialect.decode_block(payload) {
        Ok(block) => {
            assert_eq!(dialect.decode_block(&dialect.encode_block(&block)), Ok(block));
        }
        Err(reason) => check_refusal(&reason, payload.len()),
    }
}

fn try_chain_dialect(dialect: &dyn ChainDialect, payload: &[u8]) {
    match dialect.decode(payload).said {
        Ok(message) => {
            let wire = dialect.encode(&message).expect("what was said can be said again");
            assert_eq!(dialect.decode(&wire).said, Ok(message));
        }
        Err(reason) => check_refusal(&reason, payload.len()),
    }
}

fn try_dialect(dialect: &dyn Dialect, topic: &str, payload: &[u8]) {
    match dialect.decode(topic, payload) {
        Ok(Received::Message(sealed)) => {
            for wire in dialect.encode(&sealed) {
                match dialect.decode(&wire.topic, &wire.payload) {
                    // One of several, of which another says it all.
                    Ok(Received::Nothing) => {}
                    again => assert_eq!(again, Ok(Received::Message(sealed.clone()))),
                }
            }
        }
        Ok(Received::Lost(peer)) => {
            let wire = dialect.last_will(peer).expect("who was said to be lost has a name");
            assert_eq!(dialect.decode(&wire.topic, &wire.payload), Ok(Received::Lost(peer)));
        }
        Ok(Received::Nothing) => {}
        Err(reason) => check_refusal(&reason, topic.len() + payload.len()),
    }
}

/// A refusal goes to the log, and must not fill it.
fn check_refusal(reason: &Malformed, input_bytes: usize) {
    let text = reason.to_string();
    // A text that is quoted may have each of its bytes escaped.
    assert!(text.len() <= 512 + 10 * input_bytes, "a refusal of {} bytes", text.len());
}
