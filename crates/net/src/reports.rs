use std::sync::Arc;

use tracing::{debug, info, warn};

use crate::queue::{Entry, Queue};

/// What can say whether a connection stands.
pub(crate) trait Standing: Entry {
    /// It does.
    fn up() -> Self;

    /// It does not.
    fn down(reason: String) -> Self;
}

/// Reports what becomes of a connection, a reason for its loss only when it changes.
pub(crate) struct Reports<T> {
    /// The address of the broker or tracker, for the log.
    server: String,
    inbox: Arc<Queue<T>>,
    /// The reason last reported, while there is no connection.
    reason: Option<String>,
}

impl<T: Standing> Reports<T> {
    pub(crate) fn new(server: String, inbox: Arc<Queue<T>>) -> Self {
        Self { server, inbox, reason: None }
    }

    pub(crate) fn up(&mut self) {
        info!(server = %self.server, "connected");
        self.reason = None;
        self.inbox.push(T::up());
    }

    /// Reports that there is a connection again, if it was reported that there is none.
    pub(crate) fn back(&mut self) {
        if self.reason.is_some() {
            self.up();
        }
    }

    pub(crate) fn down(&mut self, reason: String) {
        if self.reason.as_ref() == Some(&reason) {
            return debug!(server = %self.server, reason, "still not connected");
        }
        warn!(server = %self.server, reason, "not connected");
        self.inbox.push(T::down(reason.clone()));
        self.reason = Some(reason);
    }
}
