//! What programs say, byte for byte, and bytes that none of them would say.
//!
//! | file | question |
//! | --- | --- |
//! | `pages` | are the published programs of the pages spoken to as before? |
//! | `properties` | does any message survive any profile? |
//! | `values` | what does each value of a profile change? |

mod pages;
mod properties;
mod values;

use althing_engine::rounds::{Message, Signed};

use super::*;
use crate::testing::decode;

/// Returns the message that bytes on a topic are.
fn message_of(dialect: &Program, topic: &str, payload: &[u8]) -> Signed {
    match decode(dialect, topic, payload) {
        Ok(Content::Message(signed)) => signed,
        other => panic!("{topic} {}: {other:?}", payload.escape_ascii()),
    }
}

/// Returns the dialect of a profile that says this besides.
fn program(text: &str) -> Program {
    let profile = profile::read("test.toml", text, &built_in::base);
    Program::new(Config::new(profile.unwrap_or_else(|error| panic!("{error}"))))
}

fn unsigned(message: Message) -> Signed {
    Signed { message, signature: None }
}
