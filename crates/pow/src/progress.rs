//! How far a search is, and whether it has to stop.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The state shared by the threads of a search and its observers: how far it is, and whether to
/// stop.
///
/// No other memory access depends on either, so all accesses are relaxed.
#[derive(Debug, Default)]
pub struct Progress {
    hashes: AtomicU64,
    cancelled: AtomicBool,
}

impl Progress {
    /// Returns the progress of a search that has not started.
    pub const fn new() -> Self {
        Self { hashes: AtomicU64::new(0), cancelled: AtomicBool::new(false) }
    }

    /// Asks the search to stop for good. Returns at once; each thread finishes its current chunk.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Returns whether the search was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Returns how many candidates were hashed so far. Never decreases, and increases once per
    /// chunk.
    pub fn hashes(&self) -> u64 {
        self.hashes.load(Ordering::Relaxed)
    }

    pub(crate) fn add_hashes(&self, hashes: u64) {
        self.hashes.fetch_add(hashes, Ordering::Relaxed);
    }
}
