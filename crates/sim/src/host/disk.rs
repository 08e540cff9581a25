//! The disk of a simulated peer.

use std::hash::{Hash, Hasher};
use std::ops::{Deref, Range};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use althing_engine::{Change, Durable, Gap, Recovered};

/// The part of a peer that survives a crash; nothing else does.
///
/// It is [`Recovered::apply`] and a list of entries, and nothing more, so a simulated peer that
/// starts again finds the same as a real one. This is the contract of the store, at its weakest:
///
/// - A write that [needs a sync](Durable::needs_sync) is there after a crash, unchanged, and so are
///   those before it. All others since then are lost.
/// - A write that a crash interrupts is there afterwards as a whole, or not at all.
/// - Writes that belong together can be torn apart: a crash may come between any two of them. (The
///   real store puts all writes of a batch into one transaction; no engine may rely on it.)
#[derive(Debug)]
pub struct Disk<D: Durable> {
    recovered: Recovered<D>,
    log: Log<D::Entry>,
    /// What takes back the writes that are not synced.
    unsynced: Option<Unsynced<D>>,
}

/// What a crash restores.
#[derive(Clone, Debug)]
struct Unsynced<D: Durable> {
    recovered: Recovered<D>,
    /// Where the log was changed, and the entries that were there, in the order of the writes.
    replaced: Vec<(u64, Vec<D::Entry>)>,
}

/// The log of a [`Disk`], for an engine that reads it while it runs: it shows later writes as well.
#[derive(Debug)]
pub struct Log<T>(Arc<RwLock<Entries<T>>>);

/// The entries of a log, in order.
#[derive(Debug, Default)]
pub struct Entries<T> {
    first: u64,
    entries: Vec<T>,
}

impl<D: Durable> Disk<D> {
    /// Returns a disk with this state, and nothing in its log.
    pub fn with_state(state: D::State) -> Self {
        let recovered = Recovered { state, log: 0..0 };
        Self { recovered, log: Log::default(), unsynced: None }
    }

    /// Returns the state that a restart finds, except the entries of the log.
    pub fn recovered(&self) -> &Recovered<D> {
        &self.recovered
    }

    /// Returns the entries of the log.
    pub fn entries(&self) -> RwLockReadGuard<'_, Entries<D::Entry>> {
        self.log.read()
    }

    /// Returns the log, for an engine that reads it while it runs.
    pub fn log(&self) -> Log<D::Entry> {
        Log(Arc::clone(&self.log.0))
    }

    /// Writes `durable`, as the store would. After an error nothing has changed.
    pub fn write(&mut self, durable: &D) -> Result<(), Gap> {
        let before = (!durable.needs_sync()).then(|| self.recovered.clone());
        let change = self.recovered.apply(durable)?;
        let replaced = change.map(|Change { from, entries }| {
            (from, self.log.write().replace(self.recovered.log.start, from, entries))
        });
        match before {
            None => self.unsynced = None,
            Some(recovered) => {
                let unsynced = Unsynced { recovered, replaced: Vec::new() };
                self.unsynced.get_or_insert(unsynced).replaced.extend(replaced);
            }
        }
        Ok(())
    }

    /// Loses what is not synced, as in a crash.
    pub(super) fn crash(&mut self) {
        let Some(Unsynced { recovered, replaced }) = self.unsynced.take() else { return };
        self.recovered = recovered;
        let mut log = self.log.write();
        for (from, entries) in replaced.into_iter().rev() {
            let first = log.first;
            log.replace(first, from, &entries);
        }
        log.first = self.recovered.log.start;
    }

    /// Has all writes synced, as on a clean exit.
    pub(super) fn sync(&mut self) {
        self.unsynced = None;
    }

    /// Returns up to `count` entries, beginning with number `from`.
    pub fn read(&self, from: u64, count: usize) -> Vec<D::Entry> {
        let log = self.entries();
        let skipped = usize::try_from(from.saturating_sub(log.first)).unwrap_or(usize::MAX);
        log.iter().skip(skipped).take(count).cloned().collect()
    }
}

impl<D: Durable> Default for Disk<D> {
    fn default() -> Self {
        Self::with_state(D::State::default())
    }
}

/// A copy shares nothing with the original.
impl<D: Durable> Clone for Disk<D> {
    fn clone(&self) -> Self {
        let log = self.entries();
        let copy = Entries { first: log.first, entries: log.entries.clone() };
        Self {
            recovered: self.recovered.clone(),
            log: Log(Arc::new(RwLock::new(copy))),
            unsynced: self.unsynced.clone(),
        }
    }
}

impl<D: Durable<State: Hash, Entry: Hash>> Hash for Disk<D> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.recovered.state.hash(hasher);
        self.recovered.log.hash(hasher);
        self.entries().entries.hash(hasher);
        if let Some(Unsynced { recovered, replaced }) = &self.unsynced {
            (&recovered.state, &recovered.log, replaced).hash(hasher);
        }
    }
}

impl<T: Clone> Log<T> {
    /// Returns the numbers of the entries that there are.
    pub fn numbers(&self) -> Range<u64> {
        let log = self.read();
        log.first..log.first + log.len() as u64
    }

    /// Returns the entry with this number, if it is there.
    pub fn get(&self, number: u64) -> Option<T> {
        let log = self.read();
        let place = usize::try_from(number.checked_sub(log.first)?).ok()?;
        log.get(place).cloned()
    }
}

impl<T> Log<T> {
    fn read(&self) -> RwLockReadGuard<'_, Entries<T>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries<T>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone> Entries<T> {
    /// Has the log begin with `first`, and replaces the entries from a number on, which it returns.
    fn replace(&mut self, first: u64, from: u64, entries: &[T]) -> Vec<T> {
        self.first = first;
        let kept = usize::try_from(from - first).expect("the log is in memory");
        let replaced = self.entries.split_off(kept.min(self.entries.len()));
        self.entries.extend_from_slice(entries);
        replaced
    }
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self(Arc::new(RwLock::new(Entries { first: 0, entries: Vec::new() })))
    }
}

impl<T> Deref for Entries<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.entries
    }
}
