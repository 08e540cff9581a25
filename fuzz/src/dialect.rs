//! Bytes from a topic: the topic's name, an end of line, and the payload.

use std::sync::LazyLock;

use althing_dialect::elect_chain::{self, ElectChain};
use althing_dialect::ppd::{self, Ppd};
use althing_dialect::sd::{self, Sd};
use althing_dialect::{Dialect, Malformed, Received, Variant};

/// Decodes the input in both variants of each network with rounds.
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
pub(crate) fn check_refusal(reason: &Malformed, input_bytes: usize) {
    let text = reason.to_string();
    // A text that is quoted may have each of its bytes escaped.
    assert!(text.len() <= 512 + 10 * input_bytes, "a refusal of {} bytes", text.len());
}
