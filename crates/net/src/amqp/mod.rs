//! A bus over an AMQP 0-9-1 broker, such as RabbitMQ.
//!
//! A topic is an exchange of the type fanout, and each link has a queue of its own on each exchange
//! it listens to, named `<exchange>/<queue suffix>`. Exchanges and queues are as plain as can be:
//! not durable, not exclusive, not deleted by themselves, without arguments. Messages have no
//! routing key and no properties, and need no acknowledgement.
//!
//! [`connect`] waits for the first connection, so that a wrong address or password is an error at
//! once. From then on the link keeps itself connected: after a loss it tries again, at first after
//! [`BACKOFF_MIN`] and ever more slowly up to [`BACKOFF_MAX`], and declares everything again before
//! it reports [`Incident::Up`](crate::Incident::Up).
//!
//! **Queues outlive those who made them.** A link deletes its queues when it is closed. One that
//! was dropped leaves them behind, like a peer that crashed, and the broker goes on filling them;
//! so whatever is in a queue of our name when we connect is old, and is deleted with it. A second
//! link with the same suffix thereby takes the queues of the first, which says so.
//!
//! **Order.** What one peer publishes on one topic arrives everywhere in that order. Whether two
//! peers' messages, or those on two topics, arrive everywhere in one order is the broker's affair:
//! each queue is a process of its own.
//!
//! **Loss of the broker** is noticed at the latest two heartbeats after its last word.

mod driver;
mod error;
mod guard;
mod objects;
mod options;
mod probe;
mod runtime;
mod session;
mod url;

pub use error::Error;
pub use options::Options;
pub use probe::{PROBE_TIME, RoundTrip, probe};
pub use url::BrokerUrl;

use crate::Link;
pub use crate::backoff::{BACKOFF_MAX, BACKOFF_MIN};
pub use crate::url::{UrlError, UrlFault};
use driver::Driver;

/// Bytes that AMQP allows the name of an exchange, a queue or a virtual host.
pub const NAME_MAX: usize = 255;

/// For a filter of log lines: hides those of the AMQP library, which calls each loss of a
/// connection several errors; the link tells it better.
pub const LOG_DIRECTIVE: &str = "lapin=off";

/// Connects to a broker and listens to `options.exchanges`.
///
/// Returns as soon as all queues stand. A broker that cannot be reached is tried again until
/// `options.connect_timeout` is over; one that refuses us, or is no broker, is not.
pub async fn connect(options: Options) -> Result<Link, Error> {
    let mut driver = Driver::new(options)?;
    let session = driver.connect().await?;
    Ok(driver.spawn(session))
}
