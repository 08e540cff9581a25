use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use althing_types::Address;
use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::warn;

use crate::link::AbortOnDrop;
use crate::queue::{Entry, Queue, State};
use crate::reports::Standing;

/// One end of a network in which messages go from address to address.
///
/// Ends in one of two ways. [`Endpoint::close`] sends what waits and says goodbye. An endpoint that
/// is merely dropped vanishes like a peer that crashed.
#[derive(Debug)]
pub struct Endpoint {
    address: Address,
    sender: Sender,
    inbox: Arc<Queue<Arrival>>,
    drivers: Vec<Driver>,
}

/// What comes in at an endpoint, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The endpoint can be reached. Always the first arrival.
    Up,
    /// The bus or the tracker is gone. The endpoint tries again by itself, until [`Arrival::Up`]
    /// says that it is back; without a tracker, datagrams come and go all the same.
    ///
    /// Sent again whenever the reason changes.
    Down {
        /// A sentence for a person.
        reason: String,
    },
    /// Somebody has sent something.
    Datagram {
        /// Where it came from. Anybody can send in anybody's name.
        from: Address,
        /// Perhaps empty.
        payload: Bytes,
    },
    /// Somebody has sent more than a datagram may have ([`crate::DATAGRAM_MAX`]); it was dropped.
    Oversized {
        /// Where it came from.
        from: Address,
        /// How many bytes there were, or at least came.
        bytes: usize,
    },
    /// A tracker's list of all peers, this one perhaps among them.
    Peers(Vec<Address>),
}

/// Sends from an endpoint. Cheap to clone.
#[derive(Clone)]
pub struct Sender(Arc<dyn Carrier>);

/// The way out of one transport.
pub(crate) trait Carrier: Send + Sync {
    /// Sends `payload`, without waiting, or loses and counts it.
    fn send(&self, to: &Address, payload: Bytes);

    /// Returns how many messages were lost on the way out.
    fn lost(&self) -> u64;

    /// Returns how senders are seen.
    fn origins(&self) -> Origins;
}

/// How it is seen at an endpoint where something comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origins {
    /// As its sender says.
    Words,
    /// By the number of the host, whatever name its sender has told others.
    Numbers {
        /// Which kind of number the socket has.
        is_ipv6: bool,
    },
}

/// A task that does part of an endpoint's work.
#[derive(Debug)]
pub(crate) struct Driver {
    /// Ends by itself once it was asked to.
    pub(crate) task: AbortOnDrop,
    /// Asks it to send what waits, say goodbye and end, all that within a time.
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

    /// Returns how senders are seen here.
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
    /// Loses nothing when it is dropped half-way, so it can be one of the branches of a `select!`.
    pub async fn next(&mut self) -> Option<Arrival> {
        self.inbox.pop().await
    }

    /// Returns the next arrival if it is there already, so that many can be handled in one go.
    pub fn try_next(&mut self) -> Option<Arrival> {
        self.inbox.try_pop()
    }

    /// Returns where the others reach it.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Returns the way to send from this endpoint.
    pub fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Returns how many arrivals were lost because [`Endpoint::next`] was not called often enough
    /// (see [`crate::QUEUE_MESSAGES_MAX`]), or were nothing that this transport carries.
    pub fn lost(&self) -> u64 {
        self.inbox.lost()
    }

    /// Sends what waits, tells the tracker, if there is one, that this peer leaves, and ends; all
    /// that is given up after `within`.
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
    /// Lost, and counted, are: the oldest of the waiting messages when too many wait (see
    /// [`crate::QUEUE_MESSAGES_MAX`]); those that are too large for the transport, or that the
    /// system refuses to send; those to a host that cannot be found; and all that is sent after
    /// the end. What was sent but did not arrive is lost as well, and nobody can count it.
    pub fn send(&self, to: &Address, payload: impl Into<Bytes>) {
        self.0.send(to, payload.into());
    }

    /// Returns how many messages were lost on the way out; see [`Sender::send`].
    pub fn lost(&self) -> u64 {
        self.0.lost()
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("lost", &self.lost()).finish()
    }
}

impl Standing for Arrival {
    fn up() -> Self {
        Self::Up
    }

    fn down(reason: String) -> Self {
        Self::Down { reason }
    }
}

impl Entry for Arrival {
    fn bytes(&self) -> usize {
        match self {
            Self::Up => 0,
            Self::Down { reason } => reason.len(),
            Self::Datagram { from, payload } => from.host().len() + payload.len(),
            Self::Oversized { from, .. } => from.host().len(),
            Self::Peers(list) => {
                list.iter().map(|peer| size_of::<Address>() + peer.host().len()).sum()
            }
        }
    }

    fn state(&self) -> Option<State> {
        match self {
            Self::Up | Self::Down { .. } => Some(State::Connection),
            Self::Peers(_) => Some(State::Peers),
            Self::Datagram { .. } | Self::Oversized { .. } => None,
        }
    }
}
