//! The broker's state, shared by the tasks of all connections.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use rumqttc::{Connect, DisconnectReasonCode as Reason, LastWill, Packet};
use tokio::time::Instant;
use tracing::warn;

use super::line::Line;
use super::switch::{Key, Parting, Refusal, Switch};
use crate::seldom::Seldom;

/// One [`Switch`], and the clock for it.
pub(super) struct Hub {
    switch: Mutex<Switch>,
    begin: Instant,
    complaint: Seldom,
}

impl Hub {
    pub(super) fn new() -> Self {
        let switch = Mutex::new(Switch::new());
        Self { switch, begin: Instant::now(), complaint: Seldom::new() }
    }

    /// Returns a client id for a client without one.
    pub(super) fn name(&self, key: Key) -> String {
        format!("client-{:016x}-{}", crate::unique::unique(), key.0)
    }

    pub(super) fn connect(
        &self,
        key: Key,
        connect: &Connect,
        will: Option<LastWill>,
        line: &Arc<Line>,
    ) -> Result<(), Refusal> {
        self.lock().connect(key, connect, will, line, self.now())
    }

    pub(super) fn take_in(&self, key: Key, packet: Packet) -> Result<Option<Parting>, Reason> {
        let mut switch = self.lock();
        let outcome = switch.take_in(key, packet, self.now());
        let dropped = switch.take_dropped();
        drop(switch);
        if dropped > 0
            && let Some(kept_back) = self.complaint.pass(Instant::now())
        {
            warn!(kept_back, "a client reads too slowly: it loses messages");
        }
        outcome
    }

    pub(super) fn take_out(&self, key: Key, buffer: &mut BytesMut) {
        self.lock().take_out(key, buffer, self.now());
    }

    pub(super) fn note_reading(&self, key: Key, bytes: usize) {
        self.lock().note_reading(key, bytes, self.now());
    }

    pub(super) fn leave(&self, key: Key, parting: Parting) {
        self.lock().leave(key, parting, self.now());
    }

    pub(super) fn end_all(&self, reason: Reason) {
        self.lock().end_all(reason);
    }

    fn now(&self) -> Duration {
        self.begin.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, Switch> {
        // If a task panics over one packet, the others go on: nothing here is left half done that
        // would matter more than one client's messages.
        self.switch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
