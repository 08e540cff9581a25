//! Transports: they move bytes between peers, and know nothing about their meaning.
//!
//! There are two kinds of network, and every transport returns one end of one of them.
//!
//! A [`Link`] is one end of a shared bus: what any peer publishes on a topic reaches every peer
//! that listens to it, the publisher included. An [`Endpoint`] has an address: what is sent there
//! reaches only that endpoint. Sending never waits and never fails: a message that cannot be
//! carried is lost and counted, because peers repeat what others lack. Both maintain their
//! connections by themselves and report their state in one kind of event, [`Arrival`]. A
//! [`Transport`] is either of the two.
//!
//! | module | carries messages |
//! | --- | --- |
//! | [`memory`] | between the links of one process |
//! | [`mqtt`] | through an MQTT 5 broker, over TCP or TLS |
//! | [`broker`] | is such a broker, inside this process |
//! | [`amqp`] | through the fanout exchanges of an AMQP 0-9-1 broker, over TCP or TLS |
//! | [`mesh`] | over TCP, from each member of an assembly to each, without a broker |
//! | [`udp`] | between endpoints, in datagrams |
//! | [`tracker`] | tells endpoints which peers there are: both the server and the peer's side |
//! | [`over_link`] | between endpoints, over any link |
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use althing_net::{Arrival, memory::Bus};
//! use althing_types::Channel;
//!
//! let bus = Bus::new();
//! let (mut ann, mut bob) = (bus.join(["room"]), bus.join(["room"]));
//! ann.publisher().publish("room", "hello");
//! for link in [&mut ann, &mut bob] {
//!     assert_eq!(link.next().await, Some(Arrival::Up));
//!     let from = Channel::topic("room");
//!     let hello = Arrival::Received { from, payload: "hello".into() };
//!     assert_eq!(link.next().await, Some(hello));
//! }
//! # }
//! ```
//!
//! Nothing here interprets, signs or trusts a payload, and the arrival of a message proves nothing
//! about its sender.
//!
//! | file | question |
//! | --- | --- |
//! | `accept` | How are connections accepted, also when there is no more room? |
//! | `arrival` | What does a transport report? |
//! | `backoff` | When is the next attempt to connect? |
//! | `connect` | Which of a host's addresses answers? |
//! | `dial` | How is a TCP or TLS connection made? |
//! | `endpoint` | What is one end of a network with addresses? |
//! | `link` | What is one end of a bus? |
//! | `names` | At which number is a host that is given by name? |
//! | `opening` | What does the other side speak? |
//! | `queue` | What waits, and what is dropped when too much does? |
//! | `reports` | Which changes of a connection are worth a report? |
//! | `seconds` | How does a protocol write a time? |
//! | `seldom` | When may a log line be repeated? |
//! | `sieve` | How is a stream of bytes changed before a library reads it? |
//! | `transport` | How is either kind of network driven? |
//! | `unique` | How does a peer get a name of its own? |
//! | `url` | What do the addresses of all brokers have in common? |

mod accept;
pub mod amqp;
mod arrival;
mod backoff;
pub mod broker;
mod connect;
mod dial;
mod endpoint;
mod link;
pub mod memory;
pub mod mesh;
pub mod mqtt;
mod names;
mod opening;
pub mod over_link;
mod queue;
mod reports;
mod seconds;
mod seldom;
mod sieve;
pub mod tracker;
mod transport;
pub mod udp;
mod unique;
mod url;

pub use accept::{Accepted, Acceptor, ListenError};
pub use arrival::Arrival;
pub use dial::DialError;
pub use endpoint::{Endpoint, Sender};
pub use link::{CloseError, Link, Publisher};
pub use opening::Protocol;
pub use transport::Transport;

/// The maximum size of a message's payload in bytes.
///
/// A larger one is not sent, and if one arrives it is reported as [`Arrival::Oversized`] or not
/// delivered at all.
pub const PAYLOAD_MAX: usize = 256 * 1024;

/// The maximum length of a topic in bytes.
pub const TOPIC_MAX: usize = 1024;

/// The maximum size of a datagram in bytes: what UDP over IPv4 can carry.
pub const DATAGRAM_MAX: usize = 65_507;

/// The maximum number of messages that wait in one direction of a link or an endpoint. When one
/// more arrives, the oldest is lost.
pub const QUEUE_MESSAGES_MAX: usize = 4096;

/// The maximum number of bytes that wait in one direction of a link or an endpoint: payloads,
/// topics and addresses together. When more arrive, the oldest messages are lost.
pub const QUEUE_BYTES_MAX: usize = 16 * 1024 * 1024;
