use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracing::warn;

use crate::queue::{Entry, Queue, State};
use crate::reports::Standing;
use crate::{PAYLOAD_MAX, TOPIC_MAX};

/// One end of a shared bus.
///
/// Ends in one of two ways. [`Link::close`] says goodbye: what was published goes out, and the
/// network knows that the peer left on purpose. A link that is merely dropped vanishes like a
/// peer that crashed: what still waits is lost, and the last will, if it has one, is published.
#[derive(Debug)]
pub struct Link {
    publisher: Publisher,
    inbox: Arc<Queue<Incident>>,
    task: Option<AbortOnDrop>,
    ending: Option<oneshot::Sender<Ending>>,
}

/// What happens on a link, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incident {
    /// The link is connected, and listens to all its topics. Always the first incident.
    Up,
    /// The connection is gone; the link tries again by itself, until [`Incident::Up`] says that it
    /// is back. What was published to it meanwhile by others is not delivered later.
    ///
    /// Sent again whenever the reason changes.
    Down {
        /// A sentence for a person.
        reason: String,
    },
    /// A peer, perhaps this one, published `payload` on `topic`.
    Message {
        /// One of the topics that the link listens to.
        topic: Arc<str>,
        /// At most [`PAYLOAD_MAX`] bytes.
        payload: Bytes,
    },
    /// A peer published more than [`PAYLOAD_MAX`] bytes; they were dropped.
    ///
    /// Not every oversized message is reported: most brokers drop them on the way.
    Oversized {
        /// Where it was published.
        topic: Arc<str>,
        /// Bytes of its payload, or of the packet that carried it.
        bytes: usize,
    },
}

/// Why a link did not end cleanly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseError {
    /// The time given was over before everything published had gone out.
    #[error("the connection was cut after {within:?}, with {unsent} messages not sent")]
    TimedOut {
        /// The time given.
        within: Duration,
        /// Messages that were lost.
        unsent: usize,
    },
    /// The connection broke while saying goodbye, so the last will may be published.
    #[error("the connection broke before the goodbye was out")]
    Broken,
}

/// Publishes on a link. Cheap to clone; all clones share one queue.
#[derive(Clone)]
pub struct Publisher {
    outgoing: Arc<dyn Outgoing>,
    refused: Arc<AtomicU64>,
}

/// The way out of one transport.
pub(crate) trait Outgoing: Send + Sync {
    /// Accepts a message within the limits, without waiting.
    fn publish(&self, message: Message);

    /// Returns how many messages were lost on the way out.
    fn lost(&self) -> u64;
}

/// A message on its way out.
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

/// How the end of a link is asked for. The default is never to be.
#[derive(Debug, Default)]
pub(crate) struct Asked(Option<oneshot::Receiver<Ending>>);

impl Asked {
    /// Returns both ends of the question.
    pub(crate) fn channel() -> (oneshot::Sender<Ending>, Self) {
        let (ask, asked) = oneshot::channel();
        (ask, Self(Some(asked)))
    }

    /// Waits until the end is asked for, which happens once; `None` if the link is gone. Loses
    /// nothing when it is dropped half-way.
    pub(crate) async fn wait(&mut self) -> Option<Ending> {
        let Some(asked) = &mut self.0 else { return pending().await };
        let ending = asked.await.ok();
        self.0 = None;
        ending
    }
}

impl Link {
    pub(crate) fn new(outgoing: Arc<dyn Outgoing>, inbox: Arc<Queue<Incident>>) -> Self {
        let publisher = Publisher { outgoing, refused: Arc::default() };
        Self { publisher, inbox, ending: None, task: None }
    }

    /// Makes this link own the task that drives it.
    pub(crate) fn driven_by(&mut self, task: JoinHandle<()>, ending: oneshot::Sender<Ending>) {
        self.task = Some(AbortOnDrop(task));
        self.ending = Some(ending);
    }

    /// Waits for the next incident; `None` if the link has ended, as it does when the runtime it
    /// lives on shuts down.
    ///
    /// Loses nothing when it is dropped half-way, so it can be one of the branches of a `select!`.
    pub async fn next(&mut self) -> Option<Incident> {
        self.inbox.pop().await
    }

    /// Returns the way to publish on this link.
    pub fn publisher(&self) -> &Publisher {
        &self.publisher
    }

    /// Returns how many messages arrived but were lost because [`Link::next`] was not called often
    /// enough; see [`crate::QUEUE_MESSAGES_MAX`].
    pub fn lost(&self) -> u64 {
        self.inbox.lost()
    }

    /// Sends what was published, says goodbye so that no last will is published, and ends; all
    /// that is given up after `within`.
    ///
    /// Nothing more can be published as soon as this is called. With the connection down and
    /// nothing to send it ends at once.
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
    /// Lost, and counted, are: the oldest of the waiting messages when too many wait, as they do
    /// while the connection is down; messages past [`PAYLOAD_MAX`] or what the broker accepts;
    /// those on a topic past [`TOPIC_MAX`] or what the broker accepts, empty, or with one of `+#`
    /// or a control character; those that were about to be sent when a connection broke; and all
    /// that is published after [`Link::close`]. What was sent but did not arrive is lost as well,
    /// and nobody can count it.
    pub fn publish(&self, topic: impl Into<Arc<str>>, payload: impl Into<Bytes>) {
        let message = Message { topic: topic.into(), payload: payload.into() };
        if message.payload.len() > PAYLOAD_MAX || !is_topic(&message.topic) {
            let bytes = message.payload.len();
            warn!(topic = ?message.topic, bytes, "refused to publish what no transport can carry");
            self.refused.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.outgoing.publish(message);
    }

    /// Returns how many messages were lost on the way out; see [`Publisher::publish`].
    pub fn lost(&self) -> u64 {
        self.refused.load(Ordering::Relaxed) + self.outgoing.lost()
    }
}

/// Returns whether this is the name of a topic, on any transport.
pub(crate) fn is_topic(name: &str) -> bool {
    (1..=TOPIC_MAX).contains(&name.len())
        && !name.chars().any(|character| matches!(character, '+' | '#') || character.is_control())
}

/// What is published waits for the task that drives the link.
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

impl Standing for Incident {
    fn up() -> Self {
        Self::Up
    }

    fn down(reason: String) -> Self {
        Self::Down { reason }
    }
}

impl Entry for Incident {
    fn bytes(&self) -> usize {
        match self {
            Self::Up => 0,
            Self::Down { reason } => reason.len(),
            Self::Message { topic, payload } => topic.len() + payload.len(),
            Self::Oversized { topic, .. } => topic.len(),
        }
    }

    fn state(&self) -> Option<State> {
        matches!(self, Self::Up | Self::Down { .. }).then_some(State::Connection)
    }
}
