//! A message broker inside this process, so that a network of peers needs nothing installed.
//!
//! It serves MQTT 5 and 3.1.1 over TCP, to anybody who can reach its port. It keeps nothing on
//! disk and nothing for clients that are away: it is a bus, not a store.
//!
//! It runs on a thread of its own. That keeps it going while the rest of the process computes, and
//! makes the order of messages total: all clients receive what is published, at quality of
//! service 0, in the same sequence, as they do from Mosquitto.
//!
//! What it logs has the target `mqtt5` and is one line for each connection and more; a subscriber
//! that is to show only what is wrong adds [`LOG_DIRECTIVE`].

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

/// Clients that can be connected at one time.
pub const CLIENTS_MAX: usize = 1000;

/// Topics that one client can listen to.
pub const SUBSCRIPTIONS_MAX: usize = 100;

/// Messages that wait for one client. When more come, the newest of quality 0 are lost.
pub const CLIENT_MESSAGES_MAX: usize = 4096;

/// Messages of quality 1 and 2 on their way to one client, or from it.
pub const INFLIGHT_MAX: u16 = 64;

/// Topics for which a last message is kept, for clients that ask for that. Ours do not.
pub const RETAINED_MAX: usize = 1000;

/// Abbreviations of topics that one client can have.
const TOPIC_ALIASES_MAX: u16 = 100;

/// Time for the clients to be told that the broker ends; then it ends all the same.
pub const SHUTDOWN_TIME: Duration = Duration::from_millis(500);

/// Time between two sweeps for what clients that are gone have left behind.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// For a filter of log lines: shows of the broker only what is wrong.
pub const LOG_DIRECTIVE: &str = "mqtt5=warn";

/// A running broker. When it is dropped it ends, a moment later; [`EmbeddedBroker::shutdown`]
/// waits for that.
#[derive(Debug)]
pub struct EmbeddedBroker {
    local_addr: SocketAddr,
    /// Dropped to end the broker.
    stop: Option<oneshot::Sender<Infallible>>,
    /// Completes when the broker's thread has let go of everything.
    ended: oneshot::Receiver<Infallible>,
}

/// Why the broker could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened at.
    #[error("the broker cannot listen at {address}: {reason}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        reason: io::Error,
    },
    /// There is no thread or runtime to be had.
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

    /// Returns where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Returns its address as a peer on this machine is given it.
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

    /// Ends the broker: says goodbye to its clients, for no longer than [`SHUTDOWN_TIME`], and
    /// returns when its port is free again.
    pub async fn shutdown(mut self) {
        drop(self.stop.take());
        // An error is the end of the thread, which is what we wait for.
        let _ = self.ended.await;
        info!(local_addr = %self.local_addr, "broker ended");
    }
}

/// Runs a broker until `stopped` completes; `started` hears where it listens.
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
        // The library tells only in prose what went wrong; the system says it better.
        Err(error) => Err(match TcpListener::bind(listen).await {
            Err(reason) => StartError::Listen { address: listen, reason },
            Ok(_) => StartError::Broker(error.to_string()),
        }),
    }
}
