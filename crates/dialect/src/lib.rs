//! The networks Althing speaks: their rules, and their messages on the wire.
//!
//! A dialect is data and a codec. The data are the rules that an engine follows; the codec turns
//! the engine's messages into bytes and back, and signs and checks them where the network does
//! that. There is no protocol logic here: a dialect knows what a vote looks like, and not what it
//! does.
//!
//! A network with rounds is a [`Dialect`], whose messages go to topics; one with a chain is a
//! [`ChainDialect`], whose messages go to addresses.
//!
//! Bytes from a stranger become a [`Received`] or a [`Malformed`], never a panic.

#[cfg(test)]
mod arbitrary;
pub mod aviary;
mod chain;
pub mod cs60;
pub mod elect_chain;
mod hex;
mod json;
pub mod open;
pub mod ppd;
mod rsa;
pub mod sd;
mod seal;
mod topics;

use althing_engine::rounds::{Authenticator, Rules, Sealed};
use althing_ledger::python_json;
use althing_types::PeerId;

pub use self::chain::{ChainDialect, Heard, chain_dialect};

/// Bytes on their way to a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// The full topic, prefix included.
    pub topic: String,
    /// The message.
    pub payload: Vec<u8>,
}

/// What bytes from a topic say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A message for the engine.
    Message(Sealed),
    /// The broker's word, by the last will that a peer left with it, that its connection broke.
    Lost(PeerId),
    /// Nothing that an engine needs: another message says it as well, and more.
    Nothing,
}

/// What a peer of a network signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// 32 random bytes.
    Random,
    /// An RSA key of 2048 bits, as PKCS #8 (RFC 5208).
    Rsa,
}

/// Bytes that are no secret of the kind that a network needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes are no {kind:?} secret")]
pub struct BadSecret {
    /// The kind that is needed.
    pub kind: SecretKind,
    /// How many bytes there are.
    pub bytes: usize,
}

/// Why bytes are no message of a dialect.
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
}

/// Bytes that a message may have: enough for a roster of a thousand members with keys, or a
/// certificate of theirs.
pub const PAYLOAD_MAX: usize = 256 * 1024;

/// Bytes that a UDP datagram can have: all that a message between two addresses may.
pub const DATAGRAM_MAX: usize = 65_507;

/// Whose behaviour a peer follows where the network's page and its program disagree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Variant {
    /// The page's.
    #[default]
    Readme,
    /// The program's.
    Published,
}

/// One of the networks Althing speaks.
pub trait Dialect: Send + Sync {
    /// Returns what tells this network from others: an identity kept for one is of no use in
    /// another.
    fn network(&self) -> String;

    /// Returns the rules its engine follows.
    fn rules(&self) -> &Rules;

    /// Returns the topics to listen to.
    fn topics(&self) -> Vec<String>;

    /// Returns a name for a peer that starts `nanoseconds` after 1970.
    fn peer_id(&self, nanoseconds: u64, entropy: u64) -> PeerId;

    /// Returns what kind of secret a new peer needs.
    fn secret_kind(&self) -> SecretKind;

    /// Returns what signs for the owner of `secret`, and checks what others signed.
    fn authenticator(&self, secret: &[u8]) -> Result<Box<dyn Authenticator>, BadSecret>;

    /// Returns `sealed` as bytes, perhaps of several messages that are sent in this order; none
    /// for a message that this network does not have.
    fn encode(&self, sealed: &Sealed) -> Vec<Wire>;

    /// Returns what `payload` says, or what is wrong with it.
    fn decode(&self, topic: &str, payload: &[u8]) -> Result<Received, Malformed>;

    /// Returns what a broker shall say for `peer` when its connection breaks.
    fn last_will(&self, peer: PeerId) -> Option<Wire>;
}
