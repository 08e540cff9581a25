//! A message broker inside this process, so that a network of peers needs nothing installed.
//!
//! It serves MQTT 5 and 3.1.1 over TCP, to anyone who can reach its port. It keeps nothing on
//! disk and nothing for clients that are away: it is a bus, not a store.
//!
//! It runs on its own thread. So it keeps running while the rest of the process computes, and the
//! order of messages is total: all clients receive messages of QoS 0 in the same sequence, as they
//! do from Mosquitto.
//!
//! It logs at least one line per connection, with the target `mqtt5`; a log subscriber that should
//! show only problems adds [`LOG_DIRECTIVE`].

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::thread;
use std::time::Duration;

use mqtt5::broker::config::{AuthConfig, RateLimitConfig, StorageConfig};
use mqtt5::broker::{BrokerConfig, MqttBroker};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio::{runtime, select};
use tracing::{info, warn};

use crate::PAYLOAD_MAX;
use crate::mqtt::{BrokerUrl, PACKET_BYTES_MAX};

/// The maximum number of clients connected at one time.
pub const CLIENTS_MAX: usize = 1000;

/// The maximum number of topics that one client can subscribe to.
pub const SUBSCRIPTIONS_MAX: usize = 100;

/// The maximum number of messages that wait for one client. When more arrive, the newest of QoS 0
/// are lost.
pub const CLIENT_MESSAGES_MAX: usize = 4096;

/// The maximum number of messages of QoS 1 and 2 in flight to one client, or from it.
pub const INFLIGHT_MAX: u16 = 64;

/// The maximum number of topics with a retained message. Our own clients retain none.
pub const RETAINED_MAX: usize = 1000;

/// The maximum number of topic aliases of one client.
const TOPIC_ALIASES_MAX: u16 = 100;

/// Time to tell the clients that the broker shuts down; after that it shuts down anyway.
pub const SHUTDOWN_TIME: Duration = Duration::from_millis(500);

/// Time between two cleanups of what disconnected clients have left behind.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// For a log filter: shows only the broker's problems.
pub const LOG_DIRECTIVE: &str = "mqtt5=warn";

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
    /// The broker does not accept its configuration.
    #[error("the broker cannot start: {0}")]
    Broker(String),
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
        let mut broker = match bind(listen).await {
            Ok(broker) => broker,
            Err(error) => return drop(started.send(Err(error))),
        };
        let handle = broker.shutdown_handle();
        let local_addr = broker.local_addr().unwrap_or(listen);
        let mut run = pin!(broker.run());
        if started.send(Ok(local_addr)).is_err() {
            return;
        }
        select! {
            outcome = &mut run => warn!(%local_addr, ?outcome, "the broker ended by itself"),
            _ = stopped => {
                handle.shutdown();
                if timeout(SHUTDOWN_TIME, run).await.is_err() {
                    warn!(%local_addr, "the broker ended without a goodbye to all its clients");
                }
            }
        }
    });
}

async fn bind(listen: SocketAddr) -> Result<MqttBroker, StartError> {
    let auth = AuthConfig {
        allow_anonymous: true,
        rate_limit: RateLimitConfig { enabled: false, ..RateLimitConfig::default() },
        ..AuthConfig::default()
    };
    let storage =
        StorageConfig::default().with_persistence(false).with_cleanup_interval(SWEEP_INTERVAL);
    let mut config = BrokerConfig::default()
        .with_bind_address(listen)
        .with_auth(auth)
        .with_storage(storage)
        .with_session_expiry(Duration::ZERO)
        .with_sys_topics_enabled(false)
        .with_max_clients(CLIENTS_MAX)
        .with_max_subscriptions_per_client(SUBSCRIPTIONS_MAX)
        .with_max_packet_size(PACKET_BYTES_MAX)
        .with_client_channel_capacity(CLIENT_MESSAGES_MAX)
        .with_max_outbound_inflight(INFLIGHT_MAX)
        .with_server_receive_maximum(INFLIGHT_MAX)
        .with_max_retained_messages(RETAINED_MAX)
        .with_max_retained_message_size(PAYLOAD_MAX);
    config.topic_alias_maximum = TOPIC_ALIASES_MAX;
    match MqttBroker::with_config(config).await {
        Ok(broker) => Ok(broker),
        // The library's error is only text; that of the operating system is more precise.
        Err(error) => Err(match TcpListener::bind(listen).await {
            Err(reason) => StartError::Listen { address: listen, reason },
            Ok(_) => StartError::Broker(error.to_string()),
        }),
    }
}
