//! How many entries wait for a block, as far as events tell: they name the entries that come, and
//! count those in a block.

use std::collections::{BTreeSet, VecDeque};

/// Entries that are told apart, the last ones: as many as one peer has waiting.
const ENTRIES_MAX: usize = 16_384;

/// Entries that were told, and how many of them wait no more.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    known: BTreeSet<u64>,
    order: VecDeque<u64>,
    pooled: u64,
    dropped: u64,
    committed: u64,
}

impl Waiting {
    /// Notes that an entry waits, which many peers tell.
    pub(super) fn pool(&mut self, author: Option<&str>, entry: &str) {
        let key = key(author, entry);
        if !self.known.insert(key) {
            return;
        }
        self.pooled += 1;
        self.order.push_back(key);
        if self.order.len() > ENTRIES_MAX
            && let Some(first) = self.order.pop_front()
        {
            self.known.remove(&first);
        }
    }

    /// Notes that an entry waits no more, and is in no block.
    pub(super) fn drop(&mut self, author: Option<&str>, entry: &str) {
        if self.known.remove(&key(author, entry)) {
            self.dropped += 1;
        }
    }

    /// Notes that so many are in a block.
    pub(super) fn commit(&mut self, entries: u64) {
        self.committed = self.committed.saturating_add(entries);
    }

    /// Returns how many wait.
    pub(super) fn count(&self) -> u64 {
        self.pooled.saturating_sub(self.dropped).saturating_sub(self.committed)
    }

    /// Returns how many are in blocks.
    pub(super) fn committed(&self) -> u64 {
        self.committed
    }

    pub(super) fn is_bounded(&self) -> bool {
        self.order.len() <= ENTRIES_MAX && self.known.len() <= ENTRIES_MAX
    }
}

/// Returns a number that tells entries apart: by FNV-1a, since the texts may be long, and a clash
/// only makes one entry fewer.
fn key(author: Option<&str>, entry: &str) -> u64 {
    let bytes = author.unwrap_or_default().bytes().chain([0]).chain(entry.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
