//! A bus over an MQTT broker, of version 5 or, if it does not know that, 3.1.1.
//!
//! [`connect`] waits for the first connection, so that a wrong address or password is reported at
//! once. From then on the link reconnects by itself: after a loss it tries again after
//! [`BACKOFF_MIN`], then with growing pauses up to [`BACKOFF_MAX`], and subscribes to all topics
//! again before it reports [`Arrival::Up`](crate::Arrival::Up).
//!
//! Sessions are clean: messages published while a peer was away are lost, at every QoS. The engines
//! repeat what others lack. A higher QoS therefore only helps where the broker itself drops
//! messages of QoS 0 under load.
//!
//! **Order.** The messages of one peer on one topic arrive in order, at every peer. The order
//! between two peers' messages depends on the broker: Mosquitto and our own
//! [`broker`](crate::broker) have one order for all, MQTT guarantees none.
//!
//! **Speed.** A broker that does not set `TCP_NODELAY` (Mosquitto, unless told to) holds the
//! second of two small messages to a client back until the first is acknowledged, and clients
//! acknowledge about 40 ms late. On Linux our connections acknowledge at once, so they do not
//! suffer; other programs on the same broker do. [`probe`] detects such a broker.
//!
//! **Loss of the broker** is noticed at the latest two keep-alive times after it last sent
//! something, even if it still accepts what we send.
//!
//! | file | question |
//! | --- | --- |
//! | `driver` | What does a link do in the background? |
//! | `error` | What went wrong, and what can a user do about it? |
//! | `guard` | Which bytes does the MQTT library never get to see? |
//! | `hearing` | Does the broker pass on what we publish? |
//! | `lengths` | How are lengths written in packets? |
//! | `older` | How do we talk to a broker or a client that knows only MQTT 3.1.1? |
//! | `options` | How is a link configured? |
//! | `probe` | Does the broker delay small messages? |
//! | `url` | What is the address of a broker? |
//! | `version` | Which MQTT does the broker speak? |

mod driver;
mod error;
pub(crate) mod guard;
mod hearing;
mod lengths;
pub(crate) mod older;
mod options;
mod probe;
mod url;
mod version;

use std::time::Duration;

pub use error::Error;
pub use options::{LastWill, Options, QualityOfService};
pub use probe::{PROBE_TIME, RoundTrip, probe};
pub use url::BrokerUrl;

pub use crate::backoff::{BACKOFF_MAX, BACKOFF_MIN};
use crate::dial::Acknowledgements;
pub use crate::url::{UrlError, UrlFault};
use crate::{Link, PAYLOAD_MAX, TOPIC_MAX};
use driver::Driver;

/// The Maximum Packet Size that we tell a broker, in bytes: payload, topic and some room for the
/// properties that other programs set.
pub const PACKET_BYTES_MAX: usize = PAYLOAD_MAX + TOPIC_MAX + 1024;

/// Connects to a broker and listens to `options.topics`.
///
/// Returns as soon as the broker has confirmed all topics. A broker that cannot be reached is tried
/// again until `options.connect_timeout` is over; one that refuses us, or is not a broker, is not
/// tried again.
pub async fn connect(options: Options) -> Result<Link, Error> {
    let patience = Some(options.connect_timeout);
    connect_patiently(options, patience, |_| {}).await
}

/// Like [`connect`], but tries for as long as `patience`, or for ever if there is none; `failed` is
/// told of each attempt that has failed and is followed by another.
pub async fn connect_patiently(
    options: Options,
    patience: Option<Duration>,
    failed: impl FnMut(&Error) + Send,
) -> Result<Link, Error> {
    let dialer = options.dialer(Acknowledgements::Prompt)?;
    let mut driver = Driver::new(options, dialer)?;
    driver.connect(patience, failed).await?;
    Ok(driver.spawn())
}
