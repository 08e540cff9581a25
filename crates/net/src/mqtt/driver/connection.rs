//! The state of a connection, and of its end.

use std::time::Duration;

use tokio::time::Instant;

use crate::link::Ending;

/// The state of the connection.
pub(super) enum Connection {
    /// The broker has not accepted the connection yet.
    None,
    /// The broker has accepted it, but not confirmed the topics.
    Accepted(Silence),
    /// The broker has confirmed the topics.
    Up(Silence, Instant),
}

/// When the broker last sent something, and whether we have probed it since.
pub(super) struct Silence {
    pub(super) since: Instant,
    pub(super) asked: bool,
}

/// The end of the link, once it was requested.
pub(super) struct Goodbye {
    pub(super) ending: Ending,
    pub(super) deadline: Instant,
    pub(super) said: bool,
}

impl Connection {
    pub(super) fn is_accepted(&self) -> bool {
        !matches!(self, Self::None)
    }

    pub(super) fn is_up(&self) -> bool {
        matches!(self, Self::Up(..))
    }

    pub(super) fn silence(&mut self) -> Option<&mut Silence> {
        match self {
            Self::None => None,
            Self::Accepted(silence) | Self::Up(silence, _) => Some(silence),
        }
    }
}

impl Silence {
    pub(super) fn now() -> Self {
        Self { since: Instant::now(), asked: false }
    }

    /// Returns when to probe whether the broker is alive, or, if we have probed it, when to give it
    /// up. On a connection without traffic the library probes earlier, by itself.
    pub(super) fn deadline(&self, keep_alive: Duration) -> Instant {
        self.since + if self.asked { keep_alive * 2 } else { keep_alive * 3 / 2 }
    }
}

impl Goodbye {
    pub(super) fn new(ending: Ending) -> Self {
        let deadline = Instant::now() + ending.within;
        Self { ending, deadline, said: false }
    }
}
