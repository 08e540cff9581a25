//! A store without a file.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use althing_engine::{Change, Durable};

use crate::Identity;

/// Entries that stay whole. Only a peer that is behind asks for what older ones have shed; one
/// that is further behind than this must ask a peer with a file.
const WHOLE_MAX: usize = 4096;

/// The log and the identity of a peer, as long as its process lasts.
pub(crate) struct MemoryStore<D: Durable> {
    identity: Mutex<Option<Identity>>,
    log: RwLock<Log<D>>,
}

struct Log<D: Durable> {
    /// The number of the first entry.
    first: u64,
    entries: Vec<D::Entry>,
    /// How many of them, counted from the first, have shed what they could.
    shed: usize,
}

impl<D: Durable> MemoryStore<D> {
    /// Makes the changes of one commit, which fit onto the log.
    pub(crate) fn put(&self, changes: &[Change<'_, D::Entry>]) {
        let mut log = self.log.write().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            log.put(change);
        }
    }

    pub(crate) fn set_identity(&self, identity: &Identity) {
        *self.identity_guard() = Some(identity.clone());
    }

    pub(crate) fn identity(&self) -> Option<Identity> {
        self.identity_guard().clone()
    }

    pub(crate) fn range(&self) -> Range<u64> {
        self.read(|log| log.first..log.first + log.entries.len() as u64)
    }

    /// Returns up to `count` entries beginning with `from`; none if `from` is not whole any more.
    pub(crate) fn entries(&self, from: u64, count: usize) -> Vec<D::Entry> {
        self.read(|log| match log.index(from) {
            Some(from) if from >= log.shed => log.page(from, count),
            _ => Vec::new(),
        })
    }

    /// Returns up to `count` entries beginning with `from`, whole or not.
    pub(crate) fn page(&self, from: u64, count: usize) -> Vec<D::Entry> {
        self.read(|log| log.index(from).map_or(Vec::new(), |from| log.page(from, count)))
    }

    fn read<T>(&self, read: impl FnOnce(&Log<D>) -> T) -> T {
        read(&self.log.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn identity_guard(&self) -> MutexGuard<'_, Option<Identity>> {
        self.identity.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<D: Durable> Log<D> {
    fn put(&mut self, Change { from, entries }: &Change<'_, D::Entry>) {
        if self.entries.is_empty() {
            self.first = *from;
        }
        let kept = self.index(*from).expect("no change begins before the first entry");
        self.entries.truncate(kept);
        self.entries.extend_from_slice(entries);
        if self.entries.is_empty() {
            // As on disk, where a log without entries cannot tell where it begins.
            self.first = 0;
        }
        self.shed = self.shed.min(kept);
        while self.shed + WHOLE_MAX < self.entries.len() {
            if !D::shed(&mut self.entries[self.shed]) {
                break;
            }
            self.shed += 1;
        }
    }

    fn page(&self, from: usize, count: usize) -> Vec<D::Entry> {
        let from = from.min(self.entries.len());
        let end = from.saturating_add(count).min(self.entries.len());
        self.entries[from..end].to_vec()
    }

    /// Returns the place of an entry, or `None` before the first; one that memory cannot hold is
    /// past all that are there.
    fn index(&self, number: u64) -> Option<usize> {
        let index = number.checked_sub(self.first)?;
        Some(usize::try_from(index).unwrap_or(usize::MAX))
    }
}

impl<D: Durable> Default for MemoryStore<D> {
    fn default() -> Self {
        let log = Log { first: 0, entries: Vec::new(), shed: 0 };
        Self { identity: Mutex::default(), log: RwLock::new(log) }
    }
}
