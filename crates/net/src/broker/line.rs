//! How the broker's state reaches the task of one connection.

use std::sync::Mutex;

use rumqttc::DisconnectReasonCode as Reason;
use tokio::sync::Notify;

/// Tells the task of a connection that there is something to write, or that it has to end.
#[derive(Debug, Default)]
pub(super) struct Line {
    changed: Notify,
    ended: Notify,
    reason: Mutex<Option<Reason>>,
}

impl Line {
    /// There is something to write, perhaps.
    pub(super) fn wake(&self) {
        self.changed.notify_one();
    }

    /// Waits for something to write. Cancel-safe.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Ends the connection; the first reason counts.
    pub(super) fn end(&self, reason: Reason) {
        self.reason.lock().expect("nothing panics while it holds this lock").get_or_insert(reason);
        self.ended.notify_one();
    }

    /// Waits until the broker ends the connection, and returns why. Cancel-safe.
    pub(super) async fn ended(&self) -> Reason {
        loop {
            if let Some(reason) = self.reason() {
                return reason;
            }
            self.ended.notified().await;
        }
    }

    /// Returns why the broker has ended the connection, if it has.
    pub(super) fn reason(&self) -> Option<Reason> {
        *self.reason.lock().expect("nothing panics while it holds this lock")
    }
}
