use std::sync::atomic::{AtomicU64, Ordering};

use althing_engine::rounds::Event;
use althing_types::{Moment, PeerId, Transaction};

/// Something that happened to a peer.
#[derive(Clone, Debug)]
pub struct Report {
    /// When, on the clock of its process.
    pub at: Moment,
    /// To whom.
    pub peer: PeerId,
    /// What.
    pub happening: Happening,
}

/// What can happen to a peer, besides what its engine tells.
#[derive(Clone, Debug)]
pub enum Happening {
    /// It begins, with a table of so many rows from before.
    Started {
        /// The first row it lacks.
        rows: Transaction,
    },
    /// It is connected.
    Connected,
    /// Its connection is gone; it tries again by itself.
    Disconnected {
        /// A sentence for a person.
        reason: String,
    },
    /// The engine tells.
    Engine(Event),
    /// Bytes that are no message were dropped.
    Malformed {
        /// Where they came from.
        topic: String,
        /// What is wrong with them.
        reason: String,
    },
    /// So many messages were refused within a second that these were only counted.
    FurtherRefused {
        /// How many.
        count: u64,
    },
}

/// Is told whatever happens. Called by the peer itself, so it must not wait.
pub type Reporter = Box<dyn FnMut(Report) + Send>;

/// Numbers that change too often to be reported; to be read at any time.
#[derive(Debug, Default)]
pub struct Gauges {
    hashes: AtomicU64,
    received: AtomicU64,
    refused: AtomicU64,
}

impl Gauges {
    /// Returns how many hashes the peer has tried; brought up to date twice a second.
    pub fn hashes(&self) -> u64 {
        self.hashes.load(Ordering::Relaxed)
    }

    /// Returns how many messages have arrived.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Returns how many messages were refused.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    pub(crate) fn set_hashes(&self, hashes: u64) {
        self.hashes.store(hashes, Ordering::Relaxed);
    }

    pub(crate) fn count_received(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}
