//! A peer's side of a tracker.

use std::sync::Arc;
use std::time::Duration;

use althing_types::Address;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::select;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::debug;

use super::LIST_BYTES_MAX;
use super::codec::{Presence, Reader};
use super::directory::Directory;
use crate::Arrival;
use crate::accept::keep_alive;
use crate::backoff::Backoff;
use crate::connect::{ConnectError, connect_any};
use crate::dial::linger;
use crate::endpoint::{Driver, Endpoint};
use crate::link::AbortOnDrop;
use crate::reports::Reports;

/// Time within which a tracker must accept a connection.
pub const DIAL_TIME: Duration = Duration::from_secs(5);

/// Time within which a tracker must answer a new peer with its list.
pub const ANSWER_TIME: Duration = Duration::from_secs(5);

/// Bytes that are read at a time.
const CHUNK_BYTES: usize = 16 * 1024;

/// Registers an endpoint with a tracker for as long as it lives, and announces that it leaves when
/// it is closed. The tracker's lists arrive as [`Arrival::Peers`].
///
/// A peer that has registered its host's name is listed by IP number, where messages come from IP
/// numbers, and only once the name is resolved. This endpoint itself is listed as it registered.
///
/// The endpoint is [`Arrival::Up`] when the tracker has answered, and [`Arrival::Down`] without it;
/// datagrams still arrive and can be sent meanwhile.
///
/// # Panics
///
/// Outside of a Tokio runtime.
pub fn join(mut endpoint: Endpoint, tracker: Address) -> Endpoint {
    let inbox = Arc::clone(endpoint.inbox());
    // The endpoint is up once the tracker has answered, and not before.
    inbox.take_back(|arrival| *arrival == Arrival::Up);
    let membership = Membership {
        own: endpoint.address().clone(),
        reports: Reports::awaiting(tracker.to_string(), Arc::clone(&inbox)),
        tracker,
        directory: Directory::new(endpoint.address().clone(), endpoint.origins(), inbox),
    };
    let (ending, ended) = oneshot::channel();
    let task = AbortOnDrop(tokio::spawn(membership.keep_up(ended)));
    endpoint.add_driver(Driver { task, ending });
    endpoint
}

struct Membership {
    tracker: Address,
    own: Address,
    directory: Directory,
    reports: Reports,
}

impl Membership {
    /// Connects again and again, until the end is requested.
    async fn keep_up(mut self, mut ended: oneshot::Receiver<Duration>) {
        let mut backoff = Backoff::new();
        loop {
            let stream = select! {
                _ = &mut ended => return,
                dialed = dial(&self.tracker) => dialed,
            };
            match stream {
                Ok(mut stream) => {
                    let begin = Instant::now();
                    let outcome = select! {
                        _ = &mut ended => None,
                        reason = self.listen(&mut stream) => Some(reason),
                    };
                    // Sent even if the tracker does not answer: the published program would keep us
                    // on its list, and crash when it next sends to us.
                    goodbye(stream, self.own.clone()).await;
                    let Some(reason) = outcome else { return };
                    backoff.note_connection(begin.elapsed());
                    self.reports.down(reason);
                }
                Err(reason) => self.reports.down(reason),
            }
            select! {
                _ = &mut ended => return,
                () = sleep(backoff.next_pause()) => {}
            }
        }
    }

    /// Registers, and receives lists; returns why there will be no more.
    async fn listen(&mut self, stream: &mut TcpStream) -> String {
        let tracker = &self.tracker;
        let lost = |reason: &str| format!("the connection to the tracker at {tracker} {reason}");
        if let Err(error) = stream.write_all(&Presence::Syn(self.own.clone()).encode()).await {
            return lost(&format!("was lost: {error}"));
        }
        let mut reader = Reader::new(LIST_BYTES_MAX);
        let mut chunk = vec![0; CHUNK_BYTES];
        let answer_until = Instant::now() + ANSWER_TIME;
        let mut is_answered = false;
        loop {
            let read = select! {
                read = stream.read(&mut chunk) => read,
                () = self.directory.progress(), if self.directory.is_busy() => continue,
                () = sleep_until(answer_until), if !is_answered => {
                    return format!("the tracker at {tracker} does not answer");
                }
            };
            let lists = match read {
                Ok(0) => return lost("has ended"),
                Ok(bytes) => reader.read::<Vec<Address>>(&chunk[..bytes]),
                Err(error) => return lost(&format!("was lost: {error}")),
            };
            let lists = match lists {
                Ok(lists) => lists,
                Err(malformed) => {
                    return format!("what answers at {tracker} is no tracker: {malformed}");
                }
            };
            if !lists.is_empty() && !is_answered {
                is_answered = true;
                self.reports.back();
            }
            lists.into_iter().for_each(|list| self.directory.take(list));
        }
    }
}

async fn dial(tracker: &Address) -> Result<TcpStream, String> {
    let stream = match timeout(DIAL_TIME, connect_any(tracker.host(), tracker.port())).await {
        Ok(Ok(stream)) => keep_alive(&stream).map(|()| stream).map_err(|error| error.to_string()),
        Ok(Err(ConnectError::Unresolved(reason))) => {
            return Err(format!("the tracker's host {} cannot be found: {reason}", tracker.host()));
        }
        Ok(Err(ConnectError::Refused)) => {
            return Err(format!("no tracker listens at {tracker}: connection refused"));
        }
        Ok(Err(ConnectError::Unreachable(reason))) => Err(reason),
        Err(_) => Err(format!("no answer within {DIAL_TIME:?}")),
    };
    stream.map_err(|reason| format!("the tracker at {tracker} cannot be reached: {reason}"))
}

/// Announces that we leave, if the tracker still listens.
async fn goodbye(mut stream: TcpStream, own: Address) {
    match stream.write_all(&Presence::Fin(own).encode()).await {
        Ok(()) => linger(stream).await,
        Err(error) => debug!(%error, "the tracker does not hear our goodbye"),
    }
}
