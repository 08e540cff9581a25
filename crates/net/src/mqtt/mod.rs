//! A bus over an MQTT 5 broker.
//!
//! [`connect`] waits for the first connection, so that a wrong address or password is an error at
//! once. From then on the link keeps itself connected: after a loss it tries again, at first after
//! [`BACKOFF_MIN`] and ever more slowly up to [`BACKOFF_MAX`], and listens to all topics again
//! before it reports [`Incident::Up`](crate::Incident::Up).
//!
//! Sessions are clean: what the broker was asked to carry while a peer was away is gone, at every
//! quality of service. The peers above repeat what others lack. A higher quality of service
//! therefore only helps where the broker itself drops messages of quality 0 under load.
//!
//! **Order.** What one peer publishes on one topic arrives everywhere in that order. Whether two
//! peers' messages arrive everywhere in one order is the broker's affair: Mosquitto and our own
//! [`broker`](crate::broker) have one order for all, MQTT promises none.
//!
//! **Speed.** A broker that does not set `TCP_NODELAY` (Mosquitto, unless told to) holds the
//! second of two small messages to a client back until the first is acknowledged, and clients
//! acknowledge some 40 ms late. Our connections acknowledge at once where the system lets them,
//! which is on Linux, and so do not suffer; other programs on the same broker do. [`probe`] tells
//! whether a broker is of that kind.
//!
//! **Loss of the broker** is noticed at the latest two keep-alive times after its last word, even
//! if it still accepts what we send.

mod driver;
mod error;
mod guard;
mod options;
mod probe;
mod url;

pub use error::Error;
pub use options::{LastWill, Options, QualityOfService};
pub use probe::{PROBE_TIME, RoundTrip, probe};
pub use url::BrokerUrl;

pub use crate::backoff::{BACKOFF_MAX, BACKOFF_MIN};
use crate::dial::Acknowledgements;
pub use crate::url::{UrlError, UrlFault};
use crate::{Link, PAYLOAD_MAX, TOPIC_MAX};
use driver::Driver;

/// Bytes of the largest packet that we tell a broker to send us: payload, topic and some room for
/// the properties that other programs set.
pub const PACKET_BYTES_MAX: usize = PAYLOAD_MAX + TOPIC_MAX + 1024;

/// Connects to a broker and listens to `options.topics`.
///
/// Returns as soon as the broker has confirmed all topics. A broker that cannot be reached is tried
/// again until `options.connect_timeout` is over; one that refuses us, or is no broker, is not.
pub async fn connect(options: Options) -> Result<Link, Error> {
    let dialer = options.dialer(Acknowledgements::Prompt)?;
    let mut driver = Driver::new(options, dialer)?;
    driver.connect().await?;
    Ok(driver.spawn())
}
