//! A bus over an AMQP 0-9-1 broker, such as RabbitMQ.
//!
//! A topic is an exchange, and each link has its own queue on each exchange it listens to. Unless
//! [`Objects`] say otherwise, exchanges are of the kind fanout, and queues are named
//! `<exchange>/<queue suffix>`. Exchanges then have the simplest possible properties: not durable,
//! not auto-deleted, without arguments. So have queues, except that they are exclusive. Messages
//! have no routing key and no properties, and need no acknowledgement.
//!
//! [`connect`] waits for the first connection, so that a wrong address or password is reported at
//! once. From then on the link reconnects by itself: after a loss it tries again after
//! [`BACKOFF_MIN`], then with growing pauses up to [`BACKOFF_MAX`], and declares everything again
//! before it reports [`Arrival::Up`](crate::Arrival::Up).
//!
//! **Queues end with their connection**, however it ends, so that a peer that is killed leaves
//! nothing behind for the broker to fill. (Those of the published programs stay.) Until the broker
//! notices that a connection is gone, no other link can have a queue of that name. So a second link
//! with the same suffix is refused as long as the first is there, and a link whose network was cut
//! may have to wait for two heartbeats.
//!
//! **Order.** The messages of one peer on one topic arrive in order, at every peer. The order
//! between two peers' messages, or between two topics, depends on the broker: each queue is its own
//! process.
//!
//! **Loss of the broker** is noticed at the latest two heartbeats after it last sent something.
//!
//! | file | question |
//! | --- | --- |
//! | `driver` | What does a link do in the background? |
//! | `error` | What went wrong, and what can a user do about it? |
//! | `examining` | How do others declare their exchanges? |
//! | `guard` | Which bytes does the AMQP library never get to see? |
//! | `library_error` | What do the AMQP library's errors mean? |
//! | `objects` | How are exchanges and queues declared? |
//! | `options` | How is a link configured? |
//! | `overhearing` | How are exchanges of others listened to? |
//! | `probe` | How fast does the broker answer? |
//! | `runtime` | How does the AMQP library use our sockets? |
//! | `session` | What happens on one connection? |
//! | `url` | What is the address of a broker? |
//! | `witness` | What do the messages of others carry beside their bytes? |

mod driver;
mod error;
mod examining;
mod guard;
mod library_error;
mod objects;
mod options;
mod overhearing;
mod probe;
mod runtime;
mod session;
mod url;
mod witness;

use std::time::Duration;

pub use error::Error;
pub use examining::examine;
pub use options::{ExchangeKind, Objects, Options};
pub use probe::{PROBE_TIME, RoundTrip, probe};
pub use url::BrokerUrl;
pub use witness::{Carried, Witness};

use crate::Link;
pub use crate::backoff::{BACKOFF_MAX, BACKOFF_MIN};
pub use crate::url::{UrlError, UrlFault};
use driver::Driver;

/// The maximum length of the name of an exchange, a queue or a virtual host in AMQP, in bytes.
pub const NAME_MAX: usize = 255;

/// For a log filter: hides the lines of the AMQP library, which logs each loss of a connection as
/// several errors. The link reports it better.
pub const LOG_DIRECTIVE: &str = "lapin=off";

/// Connects to a broker and listens to `options.exchanges`.
///
/// Returns as soon as all queues are declared, or if there are none, once it hears what there is of
/// `options.overheard`. A broker that cannot be reached is tried again until
/// `options.connect_timeout` is over; one that refuses us, or is not a broker, is not tried again.
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
    let mut driver = Driver::new(options)?;
    let session = driver.connect(patience, failed).await?;
    let overhearing = driver.begin_to_overhear().await;
    Ok(driver.spawn(session, overhearing))
}
