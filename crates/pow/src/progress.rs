use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What the threads of a search and those who watch it share: how far it is, and whether to stop.
///
/// Neither orders anything else, so all accesses are relaxed.
#[derive(Debug, Default)]
pub struct Progress {
    hashes: AtomicU64,
    cancelled: AtomicBool,
}

impl Progress {
    /// Returns the progress of a search that has not begun.
    pub const fn new() -> Self {
        Self { hashes: AtomicU64::new(0), cancelled: AtomicBool::new(false) }
    }

    /// Asks the search to stop, for good. Returns at once; each thread finishes the chunk that it
    /// is at.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Returns whether the search was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Returns how many candidates were hashed so far. Never falls, and moves once per chunk.
    pub fn hashes(&self) -> u64 {
        self.hashes.load(Ordering::Relaxed)
    }

    pub(crate) fn add_hashes(&self, hashes: u64) {
        self.hashes.fetch_add(hashes, Ordering::Relaxed);
    }
}
