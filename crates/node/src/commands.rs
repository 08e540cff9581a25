//! What the user of a running peer can ask it to do.

use althing_engine::Engine;
use althing_types::Moment;
use tokio::sync::{mpsc, oneshot};

use crate::timers::Due;

/// Sends commands to a running peer, and asks for its status. Cheap to clone.
pub struct Commands<E: Engine> {
    acts: mpsc::Sender<Act<E>>,
    statuses: mpsc::Sender<oneshot::Sender<Status<E>>>,
}

/// Where a peer's task finds what it is asked for. A peer that stands still does nothing, and can
/// be looked at all the same: so neither kind of request waits for the other.
pub(crate) struct Requests<E: Engine> {
    pub(crate) acts: mpsc::Receiver<Act<E>>,
    pub(crate) statuses: mpsc::Receiver<oneshot::Sender<Status<E>>>,
}

/// Commands for the engine, with no other input between them.
pub(crate) struct Act<E: Engine> {
    /// The commands, in the order in which the engine gets them.
    pub(crate) commands: Vec<E::Command>,
    /// Completes when every output that followed from them has been carried out.
    pub(crate) done: oneshot::Sender<()>,
}

/// The status of a running peer.
pub struct Status<E: Engine> {
    /// The time on the clock of its process.
    pub now: Moment,
    /// The status of its engine.
    pub engine: E::Status,
    /// The timers that are running, the earliest first.
    pub due: Vec<Due<E::Timer>>,
    /// Hashes tried so far in its own searches.
    pub hashes: u64,
    /// Payloads that have arrived.
    pub received: u64,
    /// Those of them that were refused.
    pub refused: u64,
}

/// The peer that was spoken to has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the peer has left")]
pub struct HasLeft;

/// Requests of one kind that can be queued for a busy peer. When there are more, their senders
/// wait.
const REQUESTS_MAX: usize = 16;

impl<E: Engine> Commands<E> {
    pub(crate) fn new() -> (Self, Requests<E>) {
        let (acts, acts_received) = mpsc::channel(REQUESTS_MAX);
        let (statuses, statuses_received) = mpsc::channel(REQUESTS_MAX);
        let requests = Requests { acts: acts_received, statuses: statuses_received };
        (Self { acts, statuses }, requests)
    }

    /// Has the engine handle `command`, and returns when all of its outputs have been carried out:
    /// what it persists is kept, and its events are published.
    pub async fn send(&self, command: E::Command) -> Result<(), HasLeft> {
        self.send_all(vec![command]).await
    }

    /// Has the engine handle several commands in one go, as [`send`](Self::send) does: nothing else
    /// comes between the first of them and the last.
    pub async fn send_all(&self, commands: Vec<E::Command>) -> Result<(), HasLeft> {
        ask(&self.acts, |done| Act { commands, done }).await
    }

    /// Returns the status of the peer, also of one that stands still.
    pub async fn status(&self) -> Result<Status<E>, HasLeft> {
        ask(&self.statuses, |done| done).await
    }
}

/// Sends a request, and waits for its answer.
async fn ask<R, T>(
    requests: &mpsc::Sender<R>,
    request: impl FnOnce(oneshot::Sender<T>) -> R,
) -> Result<T, HasLeft> {
    let (done, answer) = oneshot::channel();
    requests.send(request(done)).await.map_err(|_| HasLeft)?;
    answer.await.map_err(|_| HasLeft)
}

// Derived, it would ask for an engine that can be cloned.
impl<E: Engine> Clone for Commands<E> {
    fn clone(&self) -> Self {
        Self { acts: self.acts.clone(), statuses: self.statuses.clone() }
    }
}
