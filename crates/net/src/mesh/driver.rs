//! The task of a mesh: it dials, accepts, and says whether other members are there.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use althing_types::Address;
use bytes::Bytes;
use tokio::select;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::debug;

use super::connection::{accept, dial};
use super::shared::Shared;
use crate::accept::{Accepted, Acceptor, keep_alive};
use crate::endpoint::{Carrier, Driver as Part, Endpoint, Origins};
use crate::link::{AbortOnDrop, Asked, CloseError, Ending};
use crate::queue::Queue;
use crate::reports::Reports;
use crate::{Arrival, tracker};

/// How long a peer that has just started may be alone before it is said.
const ALONE_TIME: Duration = Duration::from_secs(5);

/// The task that keeps a mesh together.
pub(super) struct Driver {
    shared: Arc<Shared>,
    acceptor: Acceptor,
    tracker: Option<Endpoint>,
    /// All connections; they end with this.
    connections: JoinSet<()>,
    reports: Reports,
    /// Whether it was said that we are alone.
    is_down: bool,
    /// Before that it is not.
    may_be_alone_until: Instant,
}

impl Driver {
    pub(super) fn new(shared: Arc<Shared>, acceptor: Acceptor, at: Option<Address>) -> Self {
        let own = shared.hello().announcement.address;
        let reports = Reports::new("the other members".to_owned(), Arc::clone(&shared.inbox));
        Self {
            tracker: at.map(|tracker| listed(own, tracker)),
            shared,
            acceptor,
            connections: JoinSet::new(),
            reports,
            is_down: false,
            may_be_alone_until: Instant::now() + ALONE_TIME,
        }
    }

    /// Dials and accepts until the link is closed.
    pub(super) async fn run(mut self, mut asked: Asked) {
        loop {
            let wake = self.dial_due();
            let alone = self.tell_whether_alone();
            select! {
                ending = asked.wait() => {
                    if let Some(Ending { within, done }) = ending {
                        // The caller may have stopped waiting for the answer.
                        let _ = done.send(self.close(within).await);
                    }
                    return;
                }
                accepted = self.acceptor.next() => self.accept(accepted),
                Some(_) = self.connections.join_next() => {}
                () = self.shared.changed.notified() => {}
                () = over(wake) => {}
                () = over(alone) => {}
                arrival = next(&mut self.tracker) => match arrival {
                    Some(Arrival::Peers(list)) => {
                        self.shared.state().book.note_listed(&list, Instant::now());
                    }
                    Some(Arrival::Down { reason }) => self.shared.state().failure = Some(reason),
                    _ => {}
                }
            }
        }
    }

    /// Dials what is due, and returns when something else is.
    fn dial_due(&mut self) -> Option<Instant> {
        let shared = Arc::clone(&self.shared);
        let state = &mut *shared.state();
        let seats = &state.seats;
        for (address, source) in state.book.take_due(Instant::now(), |key| seats.has(key)) {
            self.connections.spawn(dial(Arc::clone(&shared), address, source));
        }
        state.book.next_due(|key| seats.has(key))
    }

    /// Says so when the last other member is gone, and when one is back; returns when there may be
    /// something to say.
    fn tell_whether_alone(&mut self) -> Option<Instant> {
        let (has_others, connected) = self.shared.state().seats.others();
        if connected > 0 || !has_others {
            if self.is_down {
                self.reports.back();
            }
            self.is_down = false;
            // From now on it is said at once.
            self.may_be_alone_until = Instant::now();
            return None;
        }
        if Instant::now() < self.may_be_alone_until {
            return Some(self.may_be_alone_until);
        }
        let failure = self.shared.state().failure.clone();
        if !self.is_down {
            let reason = failure.map(|failure| format!("; {failure}")).unwrap_or_default();
            self.reports.down(format!("no other member is connected{reason}"));
            self.is_down = true;
        }
        None
    }

    fn accept(&mut self, Accepted { stream, from, has_room }: Accepted) {
        match keep_alive(&stream) {
            // The file descriptor is wanted for the next.
            Ok(()) if !has_room => debug!(%from, "no room for a connection"),
            Ok(()) => drop(self.connections.spawn(accept(Arc::clone(&self.shared), stream, from))),
            Err(error) => debug!(%from, %error, "a connection has ended already"),
        }
    }

    /// Sends what waits, and ends all connections.
    async fn close(mut self, within: Duration) -> Result<(), CloseError> {
        self.shared.state().seats.close();
        if let Some(tracker) = self.tracker.take() {
            tracker.close(within).await;
        }
        let end = async {
            // Those that are being made would go on until their time is over.
            while self.shared.state().talking > 0 && self.connections.join_next().await.is_some() {}
        };
        match timeout(within, end).await {
            Ok(()) => Ok(()),
            Err(_) => {
                let unsent = self.shared.state().seats.unsent();
                Err(CloseError::TimedOut { within, unsent })
            }
        }
    }
}

/// Completes when a time is over; never if there is none.
async fn over(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => pending().await,
    }
}

async fn next(tracker: &mut Option<Endpoint>) -> Option<Arrival> {
    match tracker {
        Some(tracker) => tracker.next().await,
        None => pending().await,
    }
}

/// Returns our place on the list of a tracker.
fn listed(own: Address, at: Address) -> Endpoint {
    let (ending, _) = oneshot::channel();
    let task = AbortOnDrop(tokio::spawn(async {}));
    let inbox = Arc::new(Queue::new());
    tracker::join(Endpoint::new(own, Arc::new(Mute), inbox, Part { task, ending }), at)
}

/// Sends nothing: a mesh has a place on a tracker's list, and connections of its own.
struct Mute;

impl Carrier for Mute {
    fn send(&self, _: &Address, _: Bytes) {}

    fn lost(&self) -> u64 {
        0
    }

    fn origins(&self) -> Origins {
        Origins::Words
    }
}
