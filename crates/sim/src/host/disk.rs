//! The disk of a simulated peer.

use std::hash::{Hash, Hasher};
use std::ops::{Deref, Range};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use althing_engine::{Change, Durable, Gap, Recovered};

/// The part of a peer that survives a crash; nothing else does.
///
/// It is [`Recovered::apply`] and a list of entries, and nothing more, so a simulated peer that
/// starts again finds the same as a real one. This is the contract of the store, at its weakest:
///
/// - A write that was reported as durable is there after a crash, unchanged.
/// - A write that a crash interrupts is there afterwards as a whole, or not at all.
/// - Writes that belong together can be torn apart: a crash may come between any two of them. (The
///   real store puts all writes of a batch into one transaction; no engine may rely on it.)
#[derive(Debug)]
pub struct Disk<D: Durable> {
    recovered: Recovered<D>,
    log: Log<D::Entry>,
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
        Self { recovered: Recovered { state, log: 0..0 }, log: Log::default() }
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
        if let Some(Change { from, entries }) = self.recovered.apply(durable)? {
            let mut log = self.log.0.write().unwrap_or_else(PoisonError::into_inner);
            log.first = self.recovered.log.start;
            let kept = usize::try_from(from - log.first).expect("the log is in memory");
            log.entries.truncate(kept);
            log.entries.extend_from_slice(entries);
        }
        Ok(())
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
        Self { recovered: self.recovered.clone(), log: Log(Arc::new(RwLock::new(copy))) }
    }
}

impl<D: Durable<State: Hash, Entry: Hash>> Hash for Disk<D> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.recovered.state.hash(hasher);
        self.recovered.log.hash(hasher);
        self.entries().entries.hash(hasher);
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
