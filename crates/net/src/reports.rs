//! Reports of the state of a connection.

use std::sync::Arc;

use tracing::{debug, info, warn};

use crate::Arrival;
use crate::queue::Queue;

/// Reports the state of a connection, and the reason for its loss only when it changes.
pub(crate) struct Reports {
    /// The address of the broker or tracker, for the log.
    server: String,
    inbox: Arc<Queue<Arrival>>,
    /// The reason last reported, while there is no connection.
    reason: Option<String>,
}

impl Reports {
    pub(crate) fn new(server: String, inbox: Arc<Queue<Arrival>>) -> Self {
        Self { server, inbox, reason: None }
    }

    /// Returns the reports of a connection that is not up yet, so that [`Self::back`] reports when
    /// it is.
    pub(crate) fn awaiting(server: String, inbox: Arc<Queue<Arrival>>) -> Self {
        Self { reason: Some(String::new()), ..Self::new(server, inbox) }
    }

    pub(crate) fn up(&mut self) {
        info!(server = %self.server, "connected");
        self.reason = None;
        self.inbox.push(Arrival::Up);
    }

    /// Reports that the connection is back, if its loss was reported.
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
        self.inbox.push(Arrival::Down { reason: reason.clone() });
        self.reason = Some(reason);
    }
}
