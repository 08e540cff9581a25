//! Bytes from a topic: the topic's name, an end of line, and the payload.

use std::sync::LazyLock;

use althing_dialect::elect_chain::{self, ElectChain};
use althing_dialect::ppd::{self, Ppd};
use althing_dialect::profile::{NetworkKind, built_in};
use althing_dialect::program::Program;
use althing_dialect::sd::{self, Sd};
use althing_dialect::{Content, Malformed, RoundsDialect};
use althing_engine::Recipient;
use althing_engine::rounds::Signed;
use althing_types::Channel;

/// Decodes the input in each network with rounds: our own variants, and the built-in profiles.
///
/// # Panics
/// If a message changes when it is encoded and decoded again, or if a refusal is much longer than
/// what it refuses.
pub fn try_input(input: &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (topic, payload) = input.split_at(end);
    let topic = Channel::topic(&*String::from_utf8_lossy(topic));
    let payload = payload.get(1..).unwrap_or_default();
    for dialect in DIALECTS.iter() {
        try_dialect(&**dialect, &topic, payload);
    }
}

static DIALECTS: LazyLock<Vec<Box<dyn RoundsDialect>>> = LazyLock::new(|| {
    let ours: [Box<dyn RoundsDialect>; 3] = [
        Box::new(ElectChain::new(elect_chain::Config::default())),
        Box::new(Ppd::new(ppd::Config::default())),
        Box::new(Sd::new(sd::Config::default())),
    ];
    let rounds = built_in::all().iter().filter(|it| it.network == NetworkKind::Rounds);
    let programs =
        rounds.map(|it| -> Box<dyn RoundsDialect> { Box::new(Program::built_in(&it.name)) });
    ours.into_iter().chain(programs).collect()
});

fn try_dialect(dialect: &dyn RoundsDialect, topic: &Channel, payload: &[u8]) {
    let decode = |channel: &Channel, payload: &[u8]| -> Result<Content<Signed>, Malformed> {
        dialect.decode(channel, payload).content
    };
    match decode(topic, payload) {
        Ok(Content::Message(signed)) => {
            for wire in dialect.encode(&Recipient::All, &signed) {
                match decode(&wire.to, &wire.payload) {
                    // One of several messages; another of them has the whole content.
                    Ok(Content::Nothing) => {}
                    again => assert_eq!(again, Ok(Content::Message(signed.clone()))),
                }
            }
        }
        Ok(Content::PeerLost(peer)) => {
            let wire = dialect.last_will(peer).expect("who was said to be lost has a name");
            assert_eq!(decode(&wire.to, &wire.payload), Ok(Content::PeerLost(peer)));
        }
        Ok(Content::Nothing | Content::Overheard(_)) => {}
        Err(reason) => check_refusal(&reason, topic.to_string().len() + payload.len()),
    }
}

/// A refusal is logged, and must not fill the log.
pub(crate) fn check_refusal(reason: &Malformed, input_bytes: usize) {
    let text = reason.to_string();
    // A text that is quoted may have each of its bytes escaped.
    assert!(text.len() <= 512 + 10 * input_bytes, "a refusal of {} bytes", text.len());
}
