//! One end of a shared bus.

use std::collections::VecDeque;
use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use althing_types::Address;
use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::warn;

use crate::queue::{Entry, Queue};
use crate::seldom::Seldom;
use crate::{Arrival, PAYLOAD_MAX, TOPIC_MAX};

/// One end of a shared bus.
///
/// It ends in one of two ways. [`Link::close`] says goodbye: everything published is sent, and the
/// network knows that the peer left on purpose. A link that is only dropped vanishes like a peer
/// that crashed: waiting messages are lost, and its last will, if any, is published.
#[derive(Debug)]
pub struct Link {
    publisher: Publisher,
    inbox: Arc<Queue<Arrival>>,
    /// What was looked at, and comes once more.
    again: VecDeque<Arrival>,
    task: Option<AbortOnDrop>,
    ending: Option<oneshot::Sender<Ending>>,
}

/// Why a link did not end cleanly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseError {
    /// The time ran out before everything published was sent.
    #[error("the connection was cut after {within:?}, with {unsent} messages not sent")]
    TimedOut {
        /// The time given.
        within: Duration,
        /// Messages that were lost.
        unsent: usize,
    },
    /// The connection broke while saying goodbye, so the last will may be published.
    #[error("the connection broke before the goodbye was sent")]
    Broken,
}

/// Publishes on a link. Cheap to clone; all clones share one queue.
#[derive(Clone)]
pub struct Publisher {
    outgoing: Arc<dyn Outgoing>,
    refused: Arc<AtomicU64>,
}

/// The sending side of one transport.
pub(crate) trait Outgoing: Send + Sync {
    /// Accepts a message within the limits, without waiting.
    fn publish(&self, message: Message);

    /// Sends a message to one peer alone, by the address of its connection, and returns true; or
    /// returns false if all messages of this transport go to all.
    fn answer(&self, _to: &Address, _payload: &Bytes) -> bool {
        false
    }

    /// Returns how many messages were lost before they were sent.
    fn lost(&self) -> u64;
}

/// A message to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) topic: Arc<str>,
    pub(crate) payload: Bytes,
}

/// The task that drives a link or an endpoint, and ends with it.
#[derive(Debug)]
pub(crate) struct AbortOnDrop(pub(crate) JoinHandle<()>);

/// Asks a link's task to say goodbye and end.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) within: Duration,
    pub(crate) done: oneshot::Sender<Result<(), CloseError>>,
}

/// A request to end a link. The default one never comes.
#[derive(Debug, Default)]
pub(crate) struct Asked(Option<oneshot::Receiver<Ending>>);

impl Asked {
    /// Returns both ends of such a request.
    pub(crate) fn channel() -> (oneshot::Sender<Ending>, Self) {
        let (ask, asked) = oneshot::channel();
        (ask, Self(Some(asked)))
    }

    /// Waits for the request, which comes once; `None` if the link is gone. Cancel-safe.
    pub(crate) async fn wait(&mut self) -> Option<Ending> {
        let Some(asked) = &mut self.0 else { return pending().await };
        let ending = asked.await.ok();
        self.0 = None;
        ending
    }
}

impl Link {
    pub(crate) fn new(outgoing: Arc<dyn Outgoing>, inbox: Arc<Queue<Arrival>>) -> Self {
        let publisher = Publisher { outgoing, refused: Arc::default() };
        Self { publisher, inbox, again: VecDeque::new(), ending: None, task: None }
    }

    /// Makes this link own the task that drives it.
    pub(crate) fn driven_by(&mut self, task: JoinHandle<()>, ending: oneshot::Sender<Ending>) {
        self.task = Some(AbortOnDrop(task));
        self.ending = Some(ending);
    }

    /// Waits for the next arrival; `None` if the link has ended, as it does when the runtime it
    /// lives on shuts down.
    ///
    /// Cancel-safe: nothing is lost when the future is dropped, so it can be a branch of a
    /// `select!`.
    pub async fn next(&mut self) -> Option<Arrival> {
        match self.again.pop_front() {
            Some(arrival) => Some(arrival),
            None => self.inbox.pop().await,
        }
    }

    /// Has arrivals that were taken out come again, in this order and before all others.
    pub fn put_back(&mut self, arrivals: Vec<Arrival>) {
        for arrival in arrivals.into_iter().rev() {
            self.again.push_front(arrival);
        }
    }

    /// Returns the next arrival if it is there already, so that many can be handled in one go.
    pub fn try_next(&mut self) -> Option<Arrival> {
        self.again.pop_front().or_else(|| self.inbox.try_pop())
    }

    /// Returns a publisher for this link.
    pub fn publisher(&self) -> &Publisher {
        &self.publisher
    }

    /// Returns how many messages arrived but were lost because [`Link::next`] was not called often
    /// enough; see [`crate::QUEUE_MESSAGES_MAX`].
    pub fn lost(&self) -> u64 {
        self.inbox.lost()
    }

    /// Sends the waiting messages, says goodbye so that no last will is published, and ends. Gives
    /// up after `within`.
    ///
    /// Nothing can be published once this is called. If the connection is down and nothing is
    /// waiting, it ends at once.
    pub async fn close(mut self, within: Duration) -> Result<(), CloseError> {
        let Some(ending) = self.ending.take() else { return Ok(()) };
        let (done, end) = oneshot::channel();
        if ending.send(Ending { within, done }).is_err() {
            return Err(CloseError::Broken);
        }
        end.await.unwrap_or(Err(CloseError::Broken))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.inbox.close();
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Publisher {
    /// Publishes `payload` on `topic`, without waiting.
    ///
    /// These messages are lost and counted: the oldest of the waiting messages when too many wait,
    /// as they do while the connection is down; messages above [`PAYLOAD_MAX`] or the broker's own
    /// limit; those on a topic that is longer than [`TOPIC_MAX`] or than the broker accepts, is
    /// empty, or contains `+`, `#` or a control character; those that were about to be sent when a
    /// connection broke; and all that are published after [`Link::close`]. Messages that are lost
    /// after they were sent cannot be counted.
    pub fn publish(&self, topic: impl Into<Arc<str>>, payload: impl Into<Bytes>) {
        let message = Message { topic: topic.into(), payload: payload.into() };
        if message.payload.len() > PAYLOAD_MAX || !is_topic(&message.topic) {
            static COMPLAINT: Seldom = Seldom::new();
            if let Some(kept_back) = COMPLAINT.pass(Instant::now()) {
                let (topic, bytes) = (&message.topic, message.payload.len());
                warn!(?topic, bytes, kept_back, "refused to publish what no transport can carry");
            }
            self.refused.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.outgoing.publish(message);
    }

    /// Sends `payload` to the peer at the other end of one connection, without waiting, and returns
    /// true; or returns false where all messages go to all. What cannot be sent is lost and
    /// counted, as with [`Publisher::publish`].
    pub fn answer(&self, to: &Address, payload: impl Into<Bytes>) -> bool {
        let payload = payload.into();
        if payload.len() > PAYLOAD_MAX {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return true;
        }
        self.outgoing.answer(to, &payload)
    }

    /// Returns how many messages were lost before they were sent; see [`Publisher::publish`].
    pub fn lost(&self) -> u64 {
        self.refused.load(Ordering::Relaxed) + self.outgoing.lost()
    }
}

/// Returns whether this is a valid pattern of topics, or the name of one.
pub(crate) fn is_pattern(pattern: &str) -> bool {
    let levels: Vec<&str> = pattern.split('/').collect();
    let (last, before) = levels.split_last().expect("there is one level at least");
    let is_level = |level: &&&str| **level == "+" || level.is_empty() || is_topic(level);
    let rest_is_right = before.iter().all(|level| is_level(&level));
    (1..=TOPIC_MAX).contains(&pattern.len()) && (is_level(&last) || *last == "#") && rest_is_right
}

/// Returns whether this is a valid topic on every transport.
pub(crate) fn is_topic(name: &str) -> bool {
    (1..=TOPIC_MAX).contains(&name.len())
        && !name.chars().any(|character| matches!(character, '+' | '#') || character.is_control())
}

/// Published messages wait here for the task that drives the link.
impl Outgoing for Queue<Message> {
    fn publish(&self, message: Message) {
        self.push(message);
    }

    fn lost(&self) -> u64 {
        Self::lost(self)
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher").field("lost", &self.lost()).finish()
    }
}

impl<T: Entry> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("len", &self.len()).field("lost", &self.lost()).finish()
    }
}

impl Entry for Message {
    fn bytes(&self) -> usize {
        self.topic.len() + self.payload.len()
    }
}
