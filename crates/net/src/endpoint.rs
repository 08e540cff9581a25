//! One end of a network in which messages go from address to address.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use althing_types::Address;
use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::warn;

use crate::Arrival;
use crate::link::AbortOnDrop;
use crate::queue::Queue;

/// One end of a network in which messages go from address to address.
///
/// It ends in one of two ways. [`Endpoint::close`] sends the waiting messages and says goodbye. An
/// endpoint that is only dropped vanishes like a peer that crashed.
#[derive(Debug)]
pub struct Endpoint {
    address: Address,
    sender: Sender,
    inbox: Arc<Queue<Arrival>>,
    drivers: Vec<Driver>,
}

/// Sends from an endpoint. Cheap to clone.
#[derive(Clone)]
pub struct Sender(Arc<dyn Carrier>);

/// The sending side of one transport.
pub(crate) trait Carrier: Send + Sync {
    /// Sends `payload` without waiting, or drops and counts it.
    fn send(&self, to: &Address, payload: Bytes);

    /// Returns how many messages were lost before they were sent.
    fn lost(&self) -> u64;

    /// Returns how the addresses of senders are determined.
    fn origins(&self) -> Origins;
}

/// How an endpoint determines the address of a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origins {
    /// By the address that the sender states.
    Words,
    /// By the IP number of the host, whatever name the sender gives to others.
    Numbers {
        /// Whether the socket uses IPv4 or IPv6.
        is_ipv6: bool,
    },
}

/// A task that does part of an endpoint's work.
#[derive(Debug)]
pub(crate) struct Driver {
    /// Ends by itself once it is asked to.
    pub(crate) task: AbortOnDrop,
    /// Asks it to send the waiting messages, say goodbye and end, within a time.
    pub(crate) ending: oneshot::Sender<Duration>,
}

impl Endpoint {
    /// Returns an endpoint that is up, driven by `driver`, which fills `inbox`.
    pub(crate) fn new(
        address: Address,
        carrier: Arc<dyn Carrier>,
        inbox: Arc<Queue<Arrival>>,
        driver: Driver,
    ) -> Self {
        Self { address, sender: Sender(carrier), inbox, drivers: vec![driver] }
    }

    /// Gives part of the work to another driver.
    pub(crate) fn add_driver(&mut self, driver: Driver) {
        self.drivers.push(driver);
    }

    /// Returns how this endpoint determines the addresses of senders.
    pub(crate) fn origins(&self) -> Origins {
        self.sender.0.origins()
    }

    /// Returns where drivers put what arrives.
    pub(crate) fn inbox(&self) -> &Arc<Queue<Arrival>> {
        &self.inbox
    }

    /// Waits for the next arrival; `None` if the endpoint has ended, as it does when the runtime
    /// it lives on shuts down.
    ///
    /// Cancel-safe: nothing is lost when the future is dropped, so it can be a branch of a
    /// `select!`.
    pub async fn next(&mut self) -> Option<Arrival> {
        self.inbox.pop().await
    }

    /// Returns the next arrival if it is there already, so that many can be handled in one go.
    pub fn try_next(&mut self) -> Option<Arrival> {
        self.inbox.try_pop()
    }

    /// Returns the address at which other peers reach it.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Returns the way to send from this endpoint.
    pub fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Returns how many arrivals were lost because [`Endpoint::next`] was not called often enough
    /// (see [`crate::QUEUE_MESSAGES_MAX`]), or because this transport does not carry such payloads.
    pub fn lost(&self) -> u64 {
        self.inbox.lost()
    }

    /// Sends the waiting messages, tells the tracker, if there is one, that this peer leaves, and
    /// ends. Gives up after `within`.
    pub async fn close(mut self, within: Duration) {
        let mut tasks = Vec::new();
        for Driver { task, ending } in mem::take(&mut self.drivers) {
            // It fails only if the task has ended by itself.
            let _ = ending.send(within);
            tasks.push(task);
        }
        let end = async {
            for AbortOnDrop(task) in &mut tasks {
                // A task that panicked has ended as well.
                let _ = task.await;
            }
        };
        if timeout(within, end).await.is_err() {
            warn!(address = %self.address, ?within, "ended before all was sent");
        }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.inbox.close();
    }
}

impl Sender {
    /// Sends `payload` to the endpoint at `to`, without waiting.
    ///
    /// These messages are lost and counted: the oldest of the waiting messages when too many wait
    /// (see [`crate::QUEUE_MESSAGES_MAX`]); those that are too large for the transport, or that the
    /// operating system refuses to send; those to a host that cannot be resolved; and all that are
    /// sent after the end. Messages that are lost in the network cannot be counted.
    pub fn send(&self, to: &Address, payload: impl Into<Bytes>) {
        self.0.send(to, payload.into());
    }

    /// Returns how many messages were lost before they were sent; see [`Sender::send`].
    pub fn lost(&self) -> u64 {
        self.0.lost()
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("lost", &self.lost()).finish()
    }
}
