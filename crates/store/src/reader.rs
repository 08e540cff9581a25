//! A view of the log for other threads than the driver of its peer.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use althing_engine::Durable;

use crate::StoreError;
use crate::file::FileStore;
use crate::memory::MemoryStore;

/// Reads the log of a store, from any thread, while the store is open and written to.
///
/// Each call sees all commits made before it, and no part of one that is under way. Two calls may
/// see two states: an entry that was in the range may be gone when it is asked for.
pub struct Reader<D: Durable>(Place<D>);

/// The file or the memory in which the store is kept.
pub(crate) enum Place<D: Durable> {
    File(Arc<FileStore>),
    Memory(Arc<MemoryStore<D>>),
}

impl<D: Durable> Reader<D> {
    pub(crate) fn new(place: Place<D>) -> Self {
        Self(place)
    }

    pub(crate) fn place(&self) -> &Place<D> {
        &self.0
    }

    /// Returns the numbers of the entries in the log.
    pub fn range(&self) -> Result<Range<u64>, StoreError> {
        match &self.0 {
            Place::File(file) => file.range(),
            Place::Memory(memory) => Ok(memory.range()),
        }
    }

    /// Returns an entry, or `None` if there is none with this number.
    pub fn entry(&self, number: u64) -> Result<Option<D::Entry>, StoreError> {
        self.entries(number, 1).map(|mut entries| entries.pop())
    }

    /// Returns up to `count` whole entries, as [`Store::entries`](crate::Store::entries) does.
    pub fn entries(&self, from: u64, count: usize) -> Result<Vec<D::Entry>, StoreError> {
        match &self.0 {
            Place::File(file) => file.entries(from, count),
            Place::Memory(memory) => Ok(memory.entries(from, count)),
        }
    }

    /// Returns up to `count` entries beginning with `from`, also those of which part was
    /// [shed](Durable::shed).
    pub fn page(&self, from: u64, count: usize) -> Result<Vec<D::Entry>, StoreError> {
        match &self.0 {
            Place::File(file) => file.entries(from, count),
            Place::Memory(memory) => Ok(memory.page(from, count)),
        }
    }
}

// Derived, it would want `D` to be one too.
impl<D: Durable> Clone for Reader<D> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Place::File(file) => Place::File(Arc::clone(file)),
            Place::Memory(memory) => Place::Memory(Arc::clone(memory)),
        })
    }
}

impl<D: Durable> fmt::Debug for Reader<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reader").field(&self.range()).finish()
    }
}
