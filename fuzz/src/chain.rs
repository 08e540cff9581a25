//! Bytes that come to an address, and blocks from a disk or a file.

use std::sync::LazyLock;

use althing_dialect::ChainDialect;
use althing_dialect::aviary::{self, Aviary};
use althing_dialect::cs60::{self, Cs60};
use althing_dialect::open::{self, Open, fields};
use althing_engine::nakamoto::Label;
use althing_types::UnixTime;

use crate::dialect::check_refusal;

/// Tries the input as a datagram and as a block, in each network with a chain; in the open one,
/// also as the kind and the fields of a message, since no mutation finds a signature.
///
/// # Panics
/// If a message or a block does not survive being encoded and decoded again, or if a refusal is
/// longer than what it refuses by much.
pub fn try_input(input: &[u8]) {
    for dialect in DIALECTS.iter() {
        try_datagram(&**dialect, input);
        try_block(&**dialect, input);
    }
    match fields::decode(input) {
        Ok(message) => assert_eq!(fields::encode(&message).as_deref(), Some(input)),
        Err(reason) => check_refusal(&reason, input.len()),
    }
}

static DIALECTS: LazyLock<[Box<dyn ChainDialect>; 3]> = LazyLock::new(|| {
    let (aviary, cs60) = (aviary::Config::default(), cs60::Config::default());
    let name = Label::new("fuzzed").expect("it is short");
    let open = open::Config::new(name, UnixTime::from_seconds(1_700_000_000), [7; 32]);
    [Box::new(Aviary::new(aviary)), Box::new(Cs60::new(cs60)), Box::new(Open::new(open))]
});

fn try_datagram(dialect: &dyn ChainDialect, payload: &[u8]) {
    match dialect.decode(payload).said {
        Ok(message) => {
            let wire = dialect.encode(&message).expect("what was said can be said again");
            assert_eq!(dialect.decode(&wire).said, Ok(message));
        }
        Err(reason) => check_refusal(&reason, payload.len()),
    }
}

fn try_block(dialect: &dyn ChainDialect, payload: &[u8]) {
    match dialect.decode_block(payload) {
        Ok(block) => {
            assert_eq!(dialect.decode_block(&dialect.encode_block(&block)), Ok(block));
        }
        Err(reason) => check_refusal(&reason, payload.len()),
    }
}
