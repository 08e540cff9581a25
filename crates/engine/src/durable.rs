//! What survives a restart, and the one definition of what a restart finds.
//!
//! An engine persists two kinds of data. The *log* is a sequence of numbered entries, which are
//! appended and, where chains are reorganised, truncated: rows of a table, blocks of a chain. The
//! *state* is small and replaced as a whole: the membership, the promise. [`Recovered::apply`]
//! defines what each [`Durable`] does to both. The file store, the memory store, the simulator's
//! disk, the checkers and the fuzzer all use it, so they cannot disagree about what a restarted
//! peer finds.

use std::fmt::Debug;
use std::ops::Range;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Something that an engine puts on disk before it continues.
pub trait Durable: Clone + Debug + PartialEq + Send + 'static {
    /// One numbered entry of the log.
    type Entry: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// The small rest, which is replaced as a whole.
    type State: State;

    /// Applies this change to `state`, and returns the change of the log, whose entries are
    /// numbered `log`. An engine that never truncates refuses anything but the next entry here;
    /// [`Recovered::apply`] checks that there is no gap.
    fn change<'a>(
        &'a self,
        state: &mut Self::State,
        log: &Range<u64>,
    ) -> Result<Option<Change<'a, Self::Entry>>, Gap>;

    /// Returns whether this must be on disk before the outputs after it are carried out. What
    /// enough others have on their disks need not be: a crash takes it back, with all changes since
    /// the last one that had to be, and the peer learns it again.
    fn needs_sync(&self) -> bool {
        true
    }

    /// Drops the part of an old entry that a store without a file need not keep, so that it grows
    /// slowly, and returns whether there was such a part. An entry without that part is never
    /// handed back to the engine, and so never sent to another peer.
    fn shed(_entry: &mut Self::Entry) -> bool {
        false
    }
}

/// The small part of what survives a restart, in named cells, so that a store need write only
/// those that have changed.
pub trait State: Clone + Debug + Default + PartialEq + Send + 'static {
    /// The names of the cells.
    const CELLS: &'static [&'static str];

    /// Returns the content of a cell as bytes, or `None` while it is empty.
    fn cell(&self, name: &str) -> Option<Vec<u8>>;

    /// Returns whether a cell has another content here than there. What can tell that without the
    /// bytes of both should.
    fn differs(&self, other: &Self, name: &str) -> bool {
        self.cell(name) != other.cell(name)
    }

    /// Fills a cell with bytes that [`cell`](Self::cell) returned, or returns why it cannot.
    fn restore(&mut self, name: &str, bytes: &[u8]) -> Result<(), Undecodable>;
}

/// For engines that keep a log and nothing else.
impl State for () {
    const CELLS: &'static [&'static str] = &[];

    fn cell(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn restore(&mut self, name: &str, _: &[u8]) -> Result<(), Undecodable> {
        Err(Undecodable(format!("there is no cell {name:?}")))
    }
}

/// Bytes that do not decode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Undecodable(pub String);

/// A change of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<'a, T> {
    /// Entries with this number and above are removed,
    pub from: u64,
    /// and replaced by these.
    pub entries: &'a [T],
}

/// What a restart finds, without the content of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered<D: Durable> {
    /// The small part.
    pub state: D::State,
    /// The numbers of the entries in the log, `0..0` while there are none. A log may begin above
    /// zero, since entries that every peer has need not be stored; its first change says where.
    pub log: Range<u64>,
}

/// A change that would leave a hole in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {found} does not follow on the log, which has entries {} to {}", log.0, log.1)]
pub struct Gap {
    /// The number of the first entry.
    pub found: u64,
    /// Where the log begins, and the first number that it lacks.
    pub log: (u64, u64),
}

impl<D: Durable> Default for Recovered<D> {
    fn default() -> Self {
        Self { state: D::State::default(), log: 0..0 }
    }
}

impl<D: Durable> Recovered<D> {
    /// Returns the number of the first entry that the log lacks.
    pub fn next(&self) -> u64 {
        self.log.end
    }

    /// Applies `durable`, and returns what a store must do to its log. After an error nothing has
    /// changed.
    pub fn apply<'a>(&mut self, durable: &'a D) -> Result<Option<Change<'a, D::Entry>>, Gap> {
        let mut state = self.state.clone();
        let change = durable.change(&mut state, &self.log)?;
        if let Some(Change { from, entries }) = &change {
            let Range { start, end } = self.log;
            if !self.log.is_empty() && !(start..=end).contains(from) {
                return Err(Gap { found: *from, log: (start, end) });
            }
            let log = if start == end { *from } else { start }..*from + entries.len() as u64;
            // A table on disk cannot tell where a log begins that has no entries.
            self.log = if log.is_empty() { 0..0 } else { log };
        }
        self.state = state;
        Ok(change)
    }
}
