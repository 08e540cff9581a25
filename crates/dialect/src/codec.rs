//! The translation between an engine's messages and bytes on the wire.

use althing_engine::{Engine, Origin, Overheard, Recipient};
use althing_types::{Channel, PeerId, PeerKey};

use crate::{Malformed, NetworkConfig, PAYLOAD_MAX};

/// The wire format of one network: both directions of each message, and no protocol logic.
///
/// Whatever bytes come in, [`decode`](Self::decode) returns; it never panics, and takes time and
/// memory in proportion to them.
pub trait Codec: Send + Sync {
    /// The engine whose messages it translates.
    type Engine: Engine;

    /// Returns what distinguishes this network from others: an identity or a chain of one network
    /// cannot be used in another.
    fn network(&self) -> NetworkConfig;

    /// Returns a message as bytes, perhaps of several packets that are sent in this order; none for
    /// a message that this network does not have.
    fn encode(&self, to: &Recipient, message: &<Self::Engine as Engine>::Message) -> Vec<Wire>;

    /// Returns what bytes from `from` say, or what is wrong with them.
    fn decode(&self, from: &Channel, payload: &[u8])
    -> Received<<Self::Engine as Engine>::Message>;
}

/// Bytes on their way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// The topic, with its prefix, or the address that they are sent to.
    pub to: Channel,
    /// The message.
    pub payload: Vec<u8>,
}

/// Bytes that have come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received<M> {
    /// Where they came from, and whose valid signature they have.
    pub from: Origin,
    /// What they say, or what is wrong with them.
    pub content: Result<Content<M>, Malformed>,
}

/// The content of bytes that are a message of the network, or a notice of its broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content<M> {
    /// A message for the engine.
    Message(M),
    /// A last will: the broker reports that a peer's connection broke.
    PeerLost(PeerId),
    /// A peer of another network that shares the bus.
    Overheard(Overheard),
    /// Nothing that an engine needs: another message contains it, and more; or it is no message
    /// of ours.
    Nothing,
}

impl<M> Received<M> {
    pub(crate) fn from_topic(content: Result<Content<M>, Malformed>) -> Self {
        Self { from: Origin::default(), content }
    }

    pub(crate) fn from_peer(
        from: &Channel,
        key: Option<PeerKey>,
        message: Result<M, Malformed>,
    ) -> Self {
        let from = Origin { address: from.as_address().cloned(), key };
        Self { from, content: message.map(Content::Message) }
    }
}

/// Returns `payload` unless it has more than [`PAYLOAD_MAX`] bytes.
pub(crate) fn short_enough(payload: &[u8]) -> Result<&[u8], Malformed> {
    match payload.len() {
        bytes if bytes > PAYLOAD_MAX => Err(Malformed::TooLong { bytes }),
        _ => Ok(payload),
    }
}

/// Returns a datagram to the peer that a message is for.
pub(crate) fn datagram(to: &Recipient, payload: Option<Vec<u8>>) -> Vec<Wire> {
    let wire = |payload| match to {
        Recipient::One(address) => Some(Wire { to: Channel::Address(address.clone()), payload }),
        // In networks with a chain no message reaches all peers at once.
        Recipient::All => None,
    };
    payload.and_then(wire).into_iter().collect()
}
