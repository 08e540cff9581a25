//! Accepts connections, and ends them when the broker ends.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rumqttc::DisconnectReasonCode as Reason;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::select;
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;
use tracing::warn;

use super::connection::Connection;
use super::hub::Hub;
use super::switch::Key;
use super::{NEWCOMERS_MAX, SHUTDOWN_TIME};
use crate::accept::{Accepted, Acceptor};

/// The backlog: connections that the operating system keeps until they are accepted.
const BACKLOG: i32 = 1024;

/// Time to tell a newcomer that there is no room.
const REFUSAL_TIME: Duration = Duration::from_millis(500);

/// Listens at `address`.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // So that a broker can start at the port of one that has just ended.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Serves until `stopped` completes.
pub(super) async fn serve(listener: TcpListener, stopped: oneshot::Receiver<Infallible>) {
    let mut reception = Reception::new();
    select! {
        biased;
        _ = stopped => {}
        never = reception.receive(listener) => match never {},
    }
    reception.end().await;
}

/// The connections, and those of them that have not said who they are.
struct Reception {
    hub: Arc<Hub>,
    connections: JoinSet<()>,
    newcomers: VecDeque<Newcomer>,
}

/// A connection whose client has not been let in.
struct Newcomer {
    is_admitted: Arc<AtomicBool>,
    task: AbortHandle,
}

impl Reception {
    fn new() -> Self {
        let (connections, newcomers) = (JoinSet::new(), VecDeque::new());
        Self { hub: Arc::new(Hub::new()), connections, newcomers }
    }

    async fn receive(&mut self, listener: TcpListener) -> Infallible {
        let mut acceptor = Acceptor::new(listener, "the broker");
        let mut last = 0;
        loop {
            let Accepted { stream, has_room, .. } = acceptor.next().await;
            while self.connections.try_join_next().is_some() {}
            let has_room = self.make_room(has_room);
            last += 1;
            let connection = Connection::new(Key(last), Arc::clone(&self.hub), has_room);
            if !has_room {
                // It has the last descriptor, so no other client can be accepted meanwhile.
                let _ = timeout(REFUSAL_TIME, connection.serve(stream, || {})).await;
                continue;
            }
            let is_admitted = Arc::new(AtomicBool::new(false));
            let admitted = Arc::clone(&is_admitted);
            let admit = move || admitted.store(true, Ordering::Relaxed);
            let task = self.connections.spawn(connection.serve(stream, admit));
            self.newcomers.push_back(Newcomer { is_admitted, task });
        }
    }

    /// Ends the oldest newcomer if there are too many of them, or too many connections, so that
    /// silent ones keep no newcomer out; returns whether there is room for one more.
    fn make_room(&mut self, has_room: bool) -> bool {
        self.newcomers.retain(|newcomer| {
            !newcomer.is_admitted.load(Ordering::Relaxed) && !newcomer.task.is_finished()
        });
        if has_room && self.newcomers.len() < NEWCOMERS_MAX {
            return true;
        }
        let oldest = self.newcomers.pop_front();
        if let Some(oldest) = &oldest {
            oldest.task.abort();
        }
        oldest.is_some()
    }

    /// Says goodbye to all clients, and waits until they are gone, but not for long.
    async fn end(mut self) {
        self.newcomers.iter().for_each(|newcomer| {
            if !newcomer.is_admitted.load(Ordering::Relaxed) {
                newcomer.task.abort();
            }
        });
        self.hub.end_all(Reason::ServerShuttingDown);
        let all = async { while self.connections.join_next().await.is_some() {} };
        if timeout(SHUTDOWN_TIME, all).await.is_err() {
            warn!("the broker ended without a goodbye to all its clients");
        }
    }
}
