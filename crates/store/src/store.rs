//! A store as the driver of a peer uses it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use althing_engine::{Change, Durable, Gap, Recovered};

use crate::file::FileStore;
use crate::memory::MemoryStore;
use crate::reader::Place;
use crate::{Entries, Identity, Reader, StoreError};

/// The durable part of one peer: its identity, and everything that its engine persists.
///
/// After an error of [`commit`](Self::commit) or [`set_identity`](Self::set_identity) other than
/// [`StoreError::Gap`] and [`StoreError::OtherIdentity`], it is not known what is on disk: a peer
/// must then stop, and may start again from the content that it finds.
pub struct Store<D: Durable> {
    /// The content of the disk, except the entries of the log.
    recovered: Recovered<D>,
    reader: Reader<D>,
    /// Whether there are changes that a crash would take back.
    is_behind: bool,
}

impl<D: Durable> Store<D> {
    /// Opens the store in `dir`, for this process alone, and creates both if they are missing:
    /// the directory for its owner only, and so the file, since it holds a secret.
    ///
    /// Reads the whole file once, to check it; a file that a crash left is repaired.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        FileStore::open(dir).map(Self::of_file)
    }

    /// Opens the store in `dir` to be read: it creates and writes nothing, so that the right to
    /// read is enough, and the file system may be read-only. What a crash has left is repaired in
    /// memory.
    ///
    /// Several may read a store at once, and none while a peer runs on it. Without a store there
    /// the error is [`StoreError::Missing`]; what would write is [`StoreError::ReadOnly`].
    pub fn open_to_read(dir: &Path) -> Result<Self, StoreError> {
        FileStore::open_to_read(dir).map(Self::of_file)
    }

    /// Returns an empty store without a file, which lasts as long as it is not dropped.
    ///
    /// It keeps old entries only as [`Durable::shed`] leaves them, so that a long run does not grow
    /// fast; the last 4096 stay whole.
    pub fn in_memory() -> Self {
        let place = Place::Memory(Arc::new(MemoryStore::default()));
        Self { recovered: Recovered::default(), reader: Reader::new(place), is_behind: false }
    }

    fn of_file((file, recovered): (FileStore, Recovered<D>)) -> Self {
        let reader = Reader::new(Place::File(Arc::new(file)));
        Self { recovered, reader, is_behind: false }
    }

    /// Keeps `durables`, in their order and in one transaction, and has them on disk when this
    /// returns if one of them [needs it](Durable::needs_sync): then they survive any crash. Others
    /// survive it from the next commit that is synced on, or from [`sync`](Self::sync). If a crash
    /// comes before that, all or none of them are found.
    ///
    /// [`Recovered::apply`] defines the changes. If it refuses one of them, nothing is kept and the
    /// error is [`StoreError::Gap`].
    pub fn commit(&mut self, durables: &[D]) -> Result<(), StoreError> {
        let (after, changes) = apply_all(&self.recovered, durables)?;
        if !changes.is_empty() || after.state != self.recovered.state {
            match self.reader.place() {
                Place::File(file) => {
                    let syncs = durables.iter().any(D::needs_sync);
                    file.put(&self.recovered, &after, &changes, syncs)?;
                    self.is_behind = !syncs;
                }
                // The cells of a store in memory are its `recovered`.
                Place::Memory(memory) => memory.put(&changes),
            }
        }
        self.recovered = after;
        Ok(())
    }

    /// Has all changes on disk that are not yet.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        if let Place::File(file) = self.reader.place()
            && self.is_behind
        {
            file.sync()?;
            self.is_behind = false;
        }
        Ok(())
    }

    /// Keeps who the peer is, once and for all; it is on disk when this returns.
    ///
    /// The same identity may be set again, another one is [`StoreError::OtherIdentity`].
    pub fn set_identity(&mut self, identity: &Identity) -> Result<(), StoreError> {
        match self.identity()? {
            Some(known) if known == *identity => Ok(()),
            Some(known) => Err(StoreError::OtherIdentity {
                place: self.name(),
                network: known.network.clone(),
                peer: known.peer,
            }),
            None => match self.reader.place() {
                Place::File(file) => file.set_identity(identity),
                Place::Memory(memory) => {
                    memory.set_identity(identity);
                    Ok(())
                }
            },
        }
    }

    /// Returns who the peer is, if that was set.
    pub fn identity(&self) -> Result<Option<Identity>, StoreError> {
        match self.reader.place() {
            Place::File(file) => file.identity(),
            Place::Memory(memory) => Ok(memory.identity()),
        }
    }

    /// Returns what the engine of the peer goes on from.
    pub fn recovered(&self) -> Recovered<D> {
        self.recovered.clone()
    }

    /// Returns the number of the first entry that the log lacks.
    pub fn next(&self) -> u64 {
        self.recovered.next()
    }

    /// Returns up to `count` whole entries, in order, beginning with number `from`.
    ///
    /// There are none before the first or past the last entry; nor, in memory, if part of `from`
    /// was [shed](Durable::shed).
    pub fn entries(&self, from: u64, count: usize) -> Result<Vec<D::Entry>, StoreError> {
        self.reader.entries(from, count)
    }

    /// Returns all entries with their numbers, in order, a page at a time, so that a log of any
    /// length can be read. In memory, old ones come as [`Durable::shed`] left them.
    pub fn all_entries(&self) -> Entries<D> {
        Entries::new(self.reader(), self.recovered.log.clone())
    }

    /// Returns a view of the log for other threads, which sees each commit once it is made.
    ///
    /// The file stays in use until all views are dropped as well.
    pub fn reader(&self) -> Reader<D> {
        self.reader.clone()
    }

    fn name(&self) -> String {
        match self.reader.place() {
            Place::File(file) => file.dir().display().to_string(),
            Place::Memory(_) => "this memory".into(),
        }
    }
}

/// The state after `durables`, and the changes to the log, in the order in which they are made.
type Applied<'a, D> = (Recovered<D>, Vec<Change<'a, <D as Durable>::Entry>>);

/// Applies `durables` to `before`; an error is of the first that is refused.
pub(crate) fn apply_all<'a, D: Durable>(
    before: &Recovered<D>,
    durables: &'a [D],
) -> Result<Applied<'a, D>, Gap> {
    let mut after = before.clone();
    let mut changes = Vec::new();
    for durable in durables {
        changes.extend(after.apply(durable)?);
    }
    Ok((after, changes))
}

impl<D: Durable> fmt::Debug for Store<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("place", &self.name()).field("next", &self.next()).finish()
    }
}
