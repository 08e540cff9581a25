//! Transports: they move bytes between peers, and know nothing of what the bytes say.
//!
//! Every transport hands out the same [`Link`]: one end of a shared bus. What any peer publishes
//! on a topic reaches every peer that listens to it, the publisher included. Publishing never
//! waits and never fails: a message that cannot be carried is lost and counted, because peers
//! repeat what others lack. A link looks after its connection by itself and reports what becomes
//! of it: [`Incident::Up`], [`Incident::Down`], [`Incident::Message`].
//!
//! | module | carries messages |
//! | --- | --- |
//! | [`memory`] | between the links of one process |
//! | [`mqtt`] | through an MQTT 5 broker, over TCP or TLS |
//! | [`broker`] | is such a broker, inside this process |
//! | [`amqp`] | through the fanout exchanges of an AMQP 0-9-1 broker, over TCP or TLS |
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
mod link;
pub mod memory;
pub mod mqtt;
mod queue;
mod reports;
mod seconds;
mod sieve;
mod unique;
mod url;

pub use dial::DialError;
pub use link::{CloseError, Incident, Link, Publisher};

/// Bytes that the payload of one message may have.
///
/// A larger one is refused on the way out, and on the way in reported as
/// [`Incident::Oversized`] or not delivered at all.
pub const PAYLOAD_MAX: usize = 256 * 1024;

/// Bytes that a topic may have.
pub const TOPIC_MAX: usize = 1024;

/// Messages that wait in one direction of a link. When one more comes, the oldest is lost.
pub const QUEUE_MESSAGES_MAX: usize = 4096;

/// Bytes that wait in one direction of a link, payloads and topics together. When more come, the
/// oldest messages are lost.
pub const QUEUE_BYTES_MAX: usize = 16 * 1024 * 1024;
