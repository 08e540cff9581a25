//! Transports: they move bytes between peers, and know nothing of what the bytes say.
//!
//! There are two kinds of network, and every transport hands out one end of one of them.
//!
//! A [`Link`] is one end of a shared bus: what any peer publishes on a topic reaches every peer
//! that listens to it, the publisher included. An [`Endpoint`] has an address: what is sent there
//! reaches it alone. Neither way of sending ever waits or fails: a message that cannot be carried
//! is lost and counted, because peers repeat what others lack. Both look after their connections
//! by themselves and report what becomes of them: [`Incident`], [`Arrival`].
//!
//! | module | carries messages |
//! | --- | --- |
//! | [`memory`] | between the links of one process |
//! | [`mqtt`] | through an MQTT 5 broker, over TCP or TLS |
//! | [`broker`] | is such a broker, inside this process |
//! | [`amqp`] | through the fanout exchanges of an AMQP 0-9-1 broker, over TCP or TLS |
//! | [`udp`] | between endpoints, in datagrams |
//! | [`tracker`] | tells endpoints who the others are, or is what tells them |
//! | [`over_link`] | between endpoints, over any link |
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use althing_net::{Incident, memory::Bus};
//!
//! let bus = Bus::new();
//! let (mut ann, mut bob) = (bus.join(["room"]), bus.join(["room"]));
//! ann.publisher().publish("room", "hello");
//! for link in [&mut ann, &mut bob] {
//!     assert_eq!(link.next().await, Some(Incident::Up));
//!     let hello = Incident::Message { topic: "room".into(), payload: "hello".into() };
//!     assert_eq!(link.next().await, Some(hello));
//! }
//! # }
//! ```
//!
//! Nothing here interprets a payload, signs it or trusts it; and a message that arrived says
//! nothing about who sent it.

pub mod amqp;
mod backoff;
pub mod broker;
mod dial;
mod endpoint;
mod link;
pub mod memory;
pub mod mqtt;
mod names;
pub mod over_link;
mod queue;
mod reports;
mod seconds;
mod sieve;
pub mod tracker;
pub mod udp;
mod unique;
mod url;

pub use dial::DialError;
pub use endpoint::{Arrival, Endpoint, Sender};
pub use link::{CloseError, Incident, Link, Publisher};

/// Bytes that the payload of one message may have.
///
/// A larger one is refused on the way out, and on the way in reported as
/// [`Incident::Oversized`] or not delivered at all.
pub const PAYLOAD_MAX: usize = 256 * 1024;

/// Bytes that a topic may have.
pub const TOPIC_MAX: usize = 1024;

/// Bytes that a datagram may have: what UDP over IPv4 can carry.
pub const DATAGRAM_MAX: usize = 65_507;

/// Messages that wait in one direction of a link or an endpoint. When one more comes, the oldest
/// is lost.
pub const QUEUE_MESSAGES_MAX: usize = 4096;

/// Bytes that wait in one direction of a link or an endpoint, payloads, topics and addresses
/// together. When more come, the oldest messages are lost.
pub const QUEUE_BYTES_MAX: usize = 16 * 1024 * 1024;
