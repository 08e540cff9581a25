//! The networks Althing speaks: their rules, and their messages on the wire.
//!
//! A dialect is data and a codec. The data are the rules that an engine follows; the codec turns
//! the engine's messages into bytes and back, and signs and checks them where the network does
//! that. There is no protocol logic here: a dialect knows what a vote looks like, not what it does.
//!
//! All dialects implement [`Codec`]. A network with rounds also implements [`RoundsDialect`]; its
//! messages go to topics. A network with a chain implements [`ChainDialect`]; its messages go to
//! addresses.
//!
//! Bytes from a stranger become a [`Received`] message or a [`Malformed`], never a panic.
//!
//! | file | question |
//! | --- | --- |
//! | `codec` | what has every dialect? |
//! | `rounds` | what has a network with rounds besides? |
//! | `chain` | what has a network with a chain besides? |
//! | `network` | what must all peers of a network agree on? |
//! | `known` | which dialect has a configured network? |
//! | `aviary` | how does `aviary` work? |
//! | `cs60` | how does `cs60` work? |
//! | `elect_chain` | how does `elect-chain` work? |
//! | `open` | how does our own open network work? |
//! | `assembly` | how do the members of a charter speak? |
//! | `bytes`, `native_block` | how are numbers, lists and our own blocks written as bytes? |
//! | `ppd` | how does `ppd` work? |
//! | `sd` | how does `sd` work? |
//! | `profile` | which networks can be described as data? |
//! | `program` | how does a network that is described as data work? |
//! | `key_text` | how is an RSA key written as PEM? |
//! | `pss` | how do peers sign with a salt? |
//! | `detect` | which profile do the programs of a room follow? |
//! | `ed25519` | how do Althing peers sign? |
//! | `rsa` | how do peers of `ppd` sign? |
//! | `signer` | what do all that sign have in common? |
//! | `json` | what do all dialects with JSON read alike? |
//! | `topics` | what are topics called? |
//! | `arbitrary` | which messages do property tests draw? |
//! | `testing` | how do tests use a codec? |

#[cfg(test)]
mod arbitrary;
pub mod assembly;
pub mod aviary;
mod bytes;
mod chain;
mod codec;
pub mod cs60;
pub mod detect;
mod ed25519;
pub mod elect_chain;
mod json;
mod key_text;
mod known;
mod native_block;
mod network;
pub mod open;
pub mod ppd;
pub mod profile;
pub mod program;
mod pss;
mod rounds;
mod rsa;
pub mod sd;
mod signer;
#[cfg(test)]
mod testing;
mod topics;

use std::fmt;

use althing_engine::Ground;
use serde::{Deserialize, Serialize};

pub use self::chain::ChainDialect;
pub use self::codec::{Codec, Content, Received, Wire};
pub use self::known::{chain_dialect, rounds_dialect};
pub use self::network::{NetworkConfig, UnknownNetwork};
pub use self::rounds::{Bus, RoundsDialect};

/// What a peer of a network signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// 32 random bytes.
    Random,
    /// An RSA key of 2048 bits, as PKCS #8 (RFC 5208).
    Rsa,
    /// An RSA key of 1024 bits, as PKCS #8, where programs take no longer ones.
    Rsa1024,
}

/// Bytes that are not a secret of the kind that a network needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes are no {kind:?} secret")]
pub struct BadSecret {
    /// The kind that is needed.
    pub kind: SecretKind,
    /// How many bytes there are.
    pub bytes: usize,
}

/// Why bytes are not a message of a dialect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The payload is longer than any message.
    #[error("{bytes} bytes are more than the {} that a message may have", PAYLOAD_MAX)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The topic is not one of ours.
    #[error("topic {topic:?} is not one of this network")]
    UnknownTopic {
        /// What it is called.
        topic: String,
    },
    /// The payload is not JSON, or lacks a field, or has one of the wrong type.
    #[error("not a message: {0}")]
    NotAMessage(String),
    /// A field has a value that it cannot have.
    #[error("field {field:?}: {reason}")]
    Field {
        /// Its name.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Rule X1.
    #[error("the signature is not its sender's")]
    SignatureWrong,
    /// It came to no message, since the transport has refused the connection.
    #[error("a connection was refused: {0}")]
    Connection(String),
}

impl Malformed {
    /// Returns what it is, for scripts and pages. No numbered rule has the format of messages, but
    /// the sections on the wire of `docs/protocol.md`.
    pub fn ground(&self) -> Ground {
        let (kind, rule) = match self {
            Self::TooLong { .. } => ("too_long", None),
            Self::UnknownTopic { .. } => ("unknown_topic", None),
            Self::NotAMessage(_) => ("not_a_message", None),
            Self::Field { .. } => ("bad_field", None),
            Self::SignatureWrong => ("signature_wrong", Some("X1")),
            Self::Connection(_) => ("connection_refused", None),
        };
        Ground { kind, rule, is_breach: true }
    }
}

/// The maximum size of a message in bytes: enough for a membership of a thousand peers with keys,
/// or for one of their certificates.
pub const PAYLOAD_MAX: usize = 256 * 1024;

/// The maximum size of a UDP datagram in bytes, and so of a message between two addresses.
pub const DATAGRAM_MAX: usize = 65_507;

/// Whose behaviour a peer follows where the network's page and its program disagree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Variant {
    /// The page's.
    #[default]
    Readme,
    /// The program's.
    Published,
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Readme => "readme",
            Self::Published => "published",
        })
    }
}
