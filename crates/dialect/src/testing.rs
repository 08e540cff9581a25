//! A codec as its tests use it: from a message to bytes on the wire and back.

use althing_engine::nakamoto::{self, Nakamoto};
use althing_engine::rounds::{Rounds, Signed};
use althing_engine::{Origin, Recipient};
use althing_types::{Address, Channel, PeerKey};

use crate::{Codec, Content, Malformed, Received, Wire};

/// Returns the packets that a message to all peers of a bus becomes.
pub(crate) fn encode(dialect: &impl Codec<Engine = Rounds>, signed: &Signed) -> Vec<Wire> {
    dialect.encode(&Recipient::All, signed)
}

/// Returns what bytes on a topic say. Nothing is known of their sender.
pub(crate) fn decode(
    dialect: &impl Codec<Engine = Rounds>,
    topic: &str,
    payload: &[u8],
) -> Result<Content<Signed>, Malformed> {
    let Received { from, content } = dialect.decode(&Channel::topic(topic), payload);
    assert_eq!(from, Origin::default());
    content
}

/// Returns the datagram that a message becomes, or `None` if the network has no such message.
pub(crate) fn datagram(
    dialect: &impl Codec<Engine = Nakamoto>,
    message: &nakamoto::Message,
) -> Option<Vec<u8>> {
    let to = Channel::Address(anybody());
    let wires = dialect.encode(&Recipient::One(anybody()), message);
    assert_eq!(dialect.encode(&Recipient::All, message), [], "no datagram reaches all");
    let mut payloads = wires.into_iter().map(|wire| {
        assert_eq!(wire.to, to);
        wire.payload
    });
    let payload = payloads.next();
    assert_eq!(payloads.next(), None, "a message is one datagram");
    payload
}

/// Returns whose valid signature a datagram has, and what it says.
pub(crate) fn heard(
    dialect: &impl Codec<Engine = Nakamoto>,
    payload: &[u8],
) -> (Option<PeerKey>, Result<nakamoto::Message, Malformed>) {
    let Received { from, content } = dialect.decode(&Channel::Address(anybody()), payload);
    assert_eq!(from.address, Some(anybody()));
    let message = content.map(|content| match content {
        Content::Message(message) => message,
        other => panic!("a datagram is a message, and not {other:?}"),
    });
    (from.key, message)
}

/// Returns the message that a datagram is, whoever signed it, or what is wrong with it.
pub(crate) fn read(
    dialect: &impl Codec<Engine = Nakamoto>,
    payload: &[u8],
) -> Result<nakamoto::Message, Malformed> {
    heard(dialect, payload).1
}

fn anybody() -> Address {
    Address::new("192.0.2.1", 8999).expect("it has a host")
}

impl Wire {
    /// Returns the topic that this is published to.
    pub(crate) fn topic(&self) -> &str {
        self.to.as_topic().expect("on a bus everything goes to a topic")
    }
}
