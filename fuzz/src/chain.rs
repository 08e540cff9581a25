//! Datagrams, and blocks from a disk or a file.

use std::sync::LazyLock;

use althing_dialect::assembly;
use althing_dialect::aviary::{self, Aviary};
use althing_dialect::cs60::{self, Cs60};
use althing_dialect::open::{self, Open, fields};
use althing_dialect::profile::{AviaryRules, NullReply, NumberForm, StatsHeight};
use althing_dialect::{ChainDialect, Content};
use althing_engine::Recipient;
use althing_engine::nakamoto::Label;
use althing_types::{Address, Channel, UnixTime};

use crate::dialect::check_refusal;

/// Tries the input as a datagram and as a block, in each network with a chain. In the open network
/// and in an assembly it also tries it as the kind and the fields of a message: no mutation finds a
/// signature, or the name of a chain.
///
/// # Panics
/// If a message or a block changes when it is encoded and decoded again, or if a refusal is much
/// longer than what it refuses.
pub fn try_input(input: &[u8]) {
    for dialect in DIALECTS.iter() {
        try_datagram(&**dialect, input);
        try_block(&**dialect, input);
    }
    match fields::decode(input) {
        Ok(message) => assert_eq!(fields::encode(&message).as_deref(), Some(input)),
        Err(reason) => check_refusal(&reason, input.len()),
    }
    match assembly::fields::decode(input) {
        Ok(message) => assert_eq!(assembly::fields::encode(&message).as_deref(), Some(input)),
        Err(reason) => check_refusal(&reason, input.len()),
    }
}

static DIALECTS: LazyLock<[Box<dyn ChainDialect>; 4]> = LazyLock::new(|| {
    let (aviary, cs60) = (aviary::Config::default(), cs60::Config::default());
    let name = Label::new("fuzzed").expect("it is short");
    let open = open::Config::new(name, UnixTime::from_seconds(1_700_000_000), [7; 32]);
    let older = AviaryRules {
        timestamp: false,
        numbers: NumberForm::Text,
        null_reply: NullReply::Array,
        stats_height: StatsHeight::Tip,
        ..AviaryRules::default()
    };
    let older = aviary::Config { programs: older, ..aviary::Config::default() };
    [
        Box::new(Aviary::new(aviary)),
        Box::new(Aviary::new(older)),
        Box::new(Cs60::new(cs60)),
        Box::new(Open::new(open)),
    ]
});

fn try_datagram(dialect: &dyn ChainDialect, payload: &[u8]) {
    let peer = Address::new("10.0.0.1", 1).expect("a host");
    let (from, to) = (Channel::Address(peer.clone()), Recipient::One(peer));
    match dialect.decode(&from, payload).content {
        Ok(Content::Message(message)) => {
            let wires = dialect.encode(&to, &message);
            let [wire] = wires.as_slice() else { panic!("a message is one datagram: {wires:?}") };
            let again = dialect.decode(&from, &wire.payload).content;
            assert_eq!(again, Ok(Content::Message(message)));
        }
        Ok(Content::Overheard(_)) => {}
        Ok(content) => panic!("no datagram says this: {content:?}"),
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
