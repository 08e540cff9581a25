//! The tracker itself: accepts connections and serves them.

use std::net::SocketAddr;
use std::sync::Arc;

use althing_types::Address;
use tokio::select;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tracing::{debug, info};

use super::connection::Connection;
use super::room::{ConnectionId, Room};
use super::{Event, Refusal};
pub use crate::accept::ListenError as StartError;
use crate::accept::{Accepted, Acceptor, keep_alive, listen};
use crate::link::AbortOnDrop;
use crate::queue::{Entry, Queue};

/// The maximum number of connections at a time; more are closed at once.
pub const CONNECTIONS_MAX: usize = 1024;

/// The send buffer in bytes: what the operating system keeps for a peer that does not read.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// How to start a tracker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
}

/// A running tracker. Dropping it stops it in the background; [`Tracker::stop`] waits for that.
#[derive(Debug)]
pub struct Tracker {
    address: SocketAddr,
    room: Arc<Room>,
    events: Arc<Queue<Event>>,
    stop: oneshot::Sender<()>,
    task: AbortOnDrop,
}

impl Tracker {
    /// Starts a tracker.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub fn start(options: &Options) -> Result<Self, StartError> {
        let address = options.listen;
        let listener = listen(address, Some(SEND_BUFFER_BYTES))?;
        let refused = |reason| StartError::Refused { address, reason };
        let address = listener.local_addr().map_err(refused)?;
        info!(%address, "tracker started");
        let (room, events) = (Arc::new(Room::new()), Arc::new(Queue::new()));
        let (stop, stopped) = oneshot::channel();
        let acceptor = Acceptor::new(listener, "the tracker");
        let reception =
            Reception { acceptor, room: Arc::clone(&room), events: Arc::clone(&events) };
        let task = AbortOnDrop(tokio::spawn(reception.run(stopped)));
        Ok(Self { address, room, events, stop, task })
    }

    /// Returns the address it listens at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the addresses of all peers, in the order in which they came.
    pub fn peers(&self) -> Vec<Address> {
        self.room.peers()
    }

    /// Waits for the next event. Cancel-safe; but if this is not called often enough, the oldest
    /// events are lost ([`crate::QUEUE_MESSAGES_MAX`]).
    pub async fn next(&mut self) -> Option<Event> {
        self.events.pop().await
    }

    /// Stops the tracker, closes all connections, and returns when its port is free again.
    pub async fn stop(self) {
        let Self { address, stop, mut task, .. } = self;
        // It fails only if the task has ended by itself.
        let _ = stop.send(());
        let _ = (&mut task.0).await;
        info!(%address, "tracker ended");
    }
}

/// The task that accepts connections.
struct Reception {
    acceptor: Acceptor,
    room: Arc<Room>,
    events: Arc<Queue<Event>>,
}

impl Reception {
    async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let mut connections = JoinSet::new();
        for id in 0.. {
            let accepted = select! {
                _ = &mut stopped => break,
                accepted = self.acceptor.next() => accepted,
            };
            while connections.try_join_next().is_some() {}
            let Accepted { stream, from, has_room } = accepted;
            if let Err(error) = keep_alive(&stream) {
                debug!(%from, %error, "a connection has ended already");
                continue;
            }
            if !has_room || connections.len() >= CONNECTIONS_MAX {
                let reason = Refusal::TooManyConnections;
                self.events.push(Event::Refused { from, reason });
                continue;
            }
            let (room, events) = (Arc::clone(&self.room), Arc::clone(&self.events));
            let connection = Connection::new(ConnectionId(id), from, room, events);
            connections.spawn(connection.serve(stream));
        }
        connections.shutdown().await;
        self.events.close();
    }
}

impl Entry for Event {
    fn bytes(&self) -> usize {
        match self {
            Self::Joined { peer, .. } | Self::Left { peer, .. } | Self::Gone { peer, .. } => {
                peer.host().len()
            }
            Self::Refused { .. } => 0,
        }
    }
}
