//! A message broker inside this process, so that a network of peers needs nothing installed.
//!
//! It serves MQTT 5 and 3.1.1 over TCP, to anyone who can reach its port. It keeps nothing on
//! disk and nothing for clients that are away: it is a bus, not a store. Of MQTT it lacks what only
//! a store needs (sessions that outlive a connection), shared subscriptions and topic aliases, and
//! says so to clients of MQTT 5.
//!
//! It runs on its own thread. So it keeps running while the rest of the process computes, and the
//! order of messages is total: all clients receive messages of QoS 0 in the same sequence, as they
//! do from Mosquitto.
//!
//! **Its memory is bounded**, whatever clients do. A client that reads too slowly loses the newest
//! messages of QoS 0 once [`CLIENT_BYTES_MAX`] or [`CLIENT_MESSAGES_MAX`] wait for it. It is
//! disconnected if a message of QoS 1 or 2, which was promised, would be lost; if it takes nothing
//! at all for [`STALL_TIME`]; and if all clients together hold more than [`BYTES_MAX`] and it holds
//! the most. Besides, each connection takes some 20 KiB, and retained messages
//! [`RETAINED_BYTES_MAX`]. When there are [`CLIENTS_MAX`], or the process has no file descriptor
//! left, the next one is told so.
//!
//! | file | question |
//! | --- | --- |
//! | `connection` | How does one client talk with the broker? |
//! | `hub` | How do the tasks of all connections share what the broker knows? |
//! | `line` | How does a task learn that it has something to do? |
//! | `message` | What is a message on its way? |
//! | `server` | How does the broker begin and end? |
//! | `switch` | Who gets which message, and what is held for whom? |

mod connection;
mod hub;
mod line;
mod message;
mod server;
mod switch;

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::oneshot;
use tracing::info;

use crate::mqtt::BrokerUrl;

/// The maximum number of clients connected at one time.
pub const CLIENTS_MAX: usize = 1000;

/// The maximum number of connections whose client has not said who it is; one more, and the oldest
/// of them is closed.
pub const NEWCOMERS_MAX: usize = 256;

/// The maximum number of topics that one client can subscribe to.
pub const SUBSCRIPTIONS_MAX: usize = 100;

/// The maximum length of a topic to subscribe to, and of a client id, in bytes.
pub const FILTER_BYTES_MAX: usize = 1024;

/// The maximum number of messages that wait for one client. When more arrive, the newest of QoS 0
/// are lost.
pub const CLIENT_MESSAGES_MAX: usize = 4096;

/// The maximum number of bytes held for one client: messages that wait for it, and what it has
/// registered. When more arrive, the newest of QoS 0 are lost.
pub const CLIENT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The maximum number of bytes held for all clients together.
pub const BYTES_MAX: usize = 64 * 1024 * 1024;

/// The maximum number of messages of QoS 1 and 2 in flight to one client, or from it.
pub const INFLIGHT_MAX: u16 = 64;

/// The maximum number of messages of QoS 2 that a client has sent and not released. Clients of MQTT
/// 5 are told [`INFLIGHT_MAX`]; those of 3.1.1 cannot be told anything.
pub const UNRELEASED_MAX: usize = 1024;

/// The maximum number of topics with a retained message. Our own clients retain none.
pub const RETAINED_MAX: usize = 1000;

/// The maximum number of bytes in retained messages. What does not fit is delivered, but not kept.
pub const RETAINED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Time within which a client must say who it is.
pub const CONNECT_TIME: Duration = Duration::from_secs(10);

/// Time within which a client must take something of what is sent to it.
pub const STALL_TIME: Duration = Duration::from_secs(20);

/// Time for the goodbye to a client that is disconnected.
const GOODBYE_TIME: Duration = Duration::from_millis(200);

/// Time to tell the clients that the broker shuts down; after that it shuts down anyway.
pub const SHUTDOWN_TIME: Duration = Duration::from_millis(500);

/// A running broker. Dropping it shuts it down in the background; [`EmbeddedBroker::shutdown`]
/// waits for that.
#[derive(Debug)]
pub struct EmbeddedBroker {
    local_addr: SocketAddr,
    /// Dropped to shut the broker down.
    stop: Option<oneshot::Sender<Infallible>>,
    /// Completes when the broker's thread has released everything.
    ended: oneshot::Receiver<Infallible>,
}

/// Why the broker could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The broker cannot listen at the address.
    #[error("the broker cannot listen at {address}: {reason}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's error.
        reason: io::Error,
    },
    /// No thread or runtime could be created.
    #[error("the broker's thread cannot start: {0}")]
    Thread(io::Error),
}

impl EmbeddedBroker {
    /// Starts a broker that listens at `listen`; with port 0 the system chooses one.
    pub async fn start(listen: SocketAddr) -> Result<Self, StartError> {
        let (started, starting) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        thread::Builder::new()
            .name("althing-broker".to_owned())
            .spawn(move || {
                serve(listen, started, stopped);
                drop(end);
            })
            .map_err(StartError::Thread)?;
        let local_addr =
            starting.await.expect("the thread says how its start went before it ends")?;
        info!(%local_addr, "broker started");
        Ok(Self { local_addr, stop: Some(stop), ended })
    }

    /// Returns the address it listens at.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Returns its address in the form that a peer on this machine takes.
    pub fn url(&self) -> BrokerUrl {
        let mut address = self.local_addr;
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        address.into()
    }

    /// Shuts the broker down: disconnects its clients, within [`SHUTDOWN_TIME`], and returns when
    /// its port is free again.
    pub async fn shutdown(mut self) {
        drop(self.stop.take());
        // An error means that the thread has ended, which is what we wait for.
        let _ = self.ended.await;
        info!(local_addr = %self.local_addr, "broker ended");
    }
}

/// Runs a broker until `stopped` completes; sends the address it listens at to `started`.
fn serve(
    listen: SocketAddr,
    started: oneshot::Sender<Result<SocketAddr, StartError>>,
    stopped: oneshot::Receiver<Infallible>,
) {
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(started.send(Err(StartError::Thread(error)))),
    };
    runtime.block_on(async {
        let bound = server::listen(listen)
            .and_then(|listener| Ok((listener.local_addr()?, listener)))
            .map_err(|reason| StartError::Listen { address: listen, reason });
        match bound {
            Ok((local_addr, listener)) => {
                if started.send(Ok(local_addr)).is_ok() {
                    server::serve(listener, stopped).await;
                }
            }
            Err(error) => drop(started.send(Err(error))),
        }
    });
}
