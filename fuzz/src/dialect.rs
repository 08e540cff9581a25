//! Bytes from a topic: the topic's name, an end of line, and the payload.

use althing_dialect::elect_chain::{self, ElectChain};
use althing_dialect::sd::{self, Sd};
use althing_dialect::{Dialect, Malformed, Received, Variant};

/// Decodes the input in both variants of each network.
///
/// # Panics
/// If a message does not survive being encoded and decoded again, or if a refusal is longer than
/// what it refuses by much.
pub fn try_input(input: &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (topic, payload) = input.split_at(end);
    let topic = String::from_utf8_lossy(topic);
    let payload = payload.get(1..).unwrap_or_default();
    for variant in [Variant::Readme, Variant::Published] {
        let elect_chain = elect_chain::Config { variant, ..elect_chain::Config::default() };
        let sd = sd::Config { variant, ..sd::Config::default() };
        try_dialect(&ElectChain::new(elect_chain), &topic, payload);
        try_dialect(&Sd::new(sd), &topic, payload);
    }
}

fn try_dialect(dialect: &dyn Dialect, topic: &str, payload: &[u8]) {
    match dialect.decode(topic, payload) {
        Ok(Received::Message(sealed)) => {
            for wire in dialect.encode(&sealed) {
                let again = dialect.decode(&wire.topic, &wire.payload);
                assert_eq!(again.as_ref(), Ok(&Received::Message(sealed.clone())));
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
