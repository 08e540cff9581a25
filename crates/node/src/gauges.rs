//! Numbers of a running peer that change too often to be events.

use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers of a running peer, which can be read at any time without holding it up.
#[derive(Debug, Default)]
pub struct Gauges {
    hashes: AtomicU64,
    received: AtomicU64,
    refused: AtomicU64,
    lost: AtomicU64,
}

impl Gauges {
    /// Returns how many hashes the peer has tried in its own searches. Brought up to date twice a
    /// second, even if the engine does nothing.
    pub fn hashes(&self) -> u64 {
        self.hashes.load(Ordering::Relaxed)
    }

    /// Returns how many payloads have arrived, valid or not.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Returns how many of those were refused, by the codec or by the engine.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Returns how many payloads arrived and were lost because the peer was too slow to take them.
    /// Brought up to date twice a second.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub(crate) fn set_hashes(&self, hashes: u64) {
        self.hashes.store(hashes, Ordering::Relaxed);
    }

    pub(crate) fn set_lost(&self, lost: u64) {
        self.lost.store(lost, Ordering::Relaxed);
    }

    pub(crate) fn count_received(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}
