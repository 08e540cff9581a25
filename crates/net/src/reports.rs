use std::sync::Arc;

use tracing::{debug, info, warn};

use crate::link::Incident;
use crate::queue::Queue;

/// Reports what becomes of a link's connection, a reason for its loss only when it changes.
pub(crate) struct Reports {
    /// The broker's address, for the log.
    broker: String,
    inbox: Arc<Queue<Incident>>,
    /// The reason last reported, while the link is down.
    reason: Option<String>,
}

impl Reports {
    pub(crate) fn new(broker: String, inbox: Arc<Queue<Incident>>) -> Self {
        Self { broker, inbox, reason: None }
    }

    pub(crate) fn up(&mut self) {
        info!(broker = %self.broker, "connected");
        self.reason = None;
        self.inbox.push(Incident::Up);
    }

    pub(crate) fn down(&mut self, reason: String) {
        if self.reason.as_ref() == Some(&reason) {
            return debug!(broker = %self.broker, reason, "still not connected");
        }
        warn!(broker = %self.broker, reason, "not connected");
        self.inbox.push(Incident::Down { reason: reason.clone() });
        self.reason = Some(reason);
    }
}
