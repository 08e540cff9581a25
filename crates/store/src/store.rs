use std::fmt;
use std::ops::Range;
use std::path::Path;

use althing_engine::rounds::{CertifiedRecord, Durable, Recovered};
use althing_types::Transaction;

use crate::chain::{Blocks, Branch, heights_after};
use crate::file::FileStore;
use crate::memory::MemoryStore;
use crate::{Identity, Rows, StoreError, order};

/// What one peer must not forget: who it is, its last words, and its table or its chain.
///
/// After an error of [`commit`](Self::commit), [`commit_chain`](Self::commit_chain) or
/// [`set_identity`](Self::set_identity) other than [`StoreError::OutOfOrder`],
/// [`StoreError::Gap`] and [`StoreError::OtherIdentity`], it is not known whether the words are on
/// disk: a peer must then stop, and may start again from what it finds.
pub struct Store(Place);

enum Place {
    File(Box<FileStore>),
    Memory(Box<MemoryStore>),
}

impl Store {
    /// Opens the store in `dir`, for this process alone, and creates both if they are missing:
    /// the directory for its owner only, and so the file, since it holds a secret.
    ///
    /// Reads the whole file once, to check it; a file that a crash left is repaired.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        FileStore::open(dir).map(|file| Self(Place::File(Box::new(file))))
    }

    /// Opens the store in `dir` as [`open`](Self::open) does, but creates nothing: without a
    /// store there, the answer is [`StoreError::Missing`]. For those who only want to read.
    pub fn open_existing(dir: &Path) -> Result<Self, StoreError> {
        FileStore::open_existing(dir).map(|file| Self(Place::File(Box::new(file))))
    }

    /// Returns an empty store without a file, which lasts as long as it is not dropped.
    ///
    /// It keeps all rows, but the votes of only the last 4096, so that a long run does not grow
    /// fast. [`records`](Self::records) returns rows with votes only.
    pub fn in_memory() -> Self {
        Self(Place::Memory(Box::default()))
    }

    /// Puts `durables` on disk, in their order and in one transaction: when this returns, they
    /// survive any crash, and if the crash comes before, all or none of them are found.
    ///
    /// A row must be the next one, or nothing is kept and the error is
    /// [`StoreError::OutOfOrder`]. It also clears an acceptance for the same row. A roster, a
    /// promise and an acceptance replace those before.
    pub fn commit(&mut self, durables: &[Durable]) -> Result<(), StoreError> {
        let next = order::next_after(self.next(), durables)?;
        match &mut self.0 {
            Place::File(file) => file.commit(durables, next),
            Place::Memory(memory) => {
                memory.commit(durables);
                Ok(())
            }
        }
    }

    /// Keeps who the peer is, once and for all; it is on disk when this returns.
    ///
    /// The same identity may be set again, another one is [`StoreError::OtherIdentity`].
    pub fn set_identity(&mut self, identity: &Identity) -> Result<(), StoreError> {
        match self.identity()? {
            Some(known) if known == *identity => Ok(()),
            Some(known) => Err(StoreError::OtherIdentity {
                place: self.place(),
                network: known.network.clone(),
                peer: known.peer,
            }),
            None => match &mut self.0 {
                Place::File(file) => file.set_identity(identity),
                Place::Memory(memory) => {
                    memory.identity = Some(identity.clone());
                    Ok(())
                }
            },
        }
    }

    /// Returns who the peer is, if that was set.
    pub fn identity(&self) -> Result<Option<Identity>, StoreError> {
        match &self.0 {
            Place::File(file) => file.identity(),
            Place::Memory(memory) => Ok(memory.identity.clone()),
        }
    }

    /// Returns what the engine of the peer goes on from.
    pub fn recovered(&self) -> Result<Recovered, StoreError> {
        match &self.0 {
            Place::File(file) => file.recovered(),
            Place::Memory(memory) => Ok(memory.recovered()),
        }
    }

    /// Returns the first row that is lacking: there are as many rows as its number says.
    pub fn next(&self) -> Transaction {
        match &self.0 {
            Place::File(file) => file.next(),
            Place::Memory(memory) => memory.next(),
        }
    }

    /// Returns up to `count` rows with their votes, in order, beginning with `from`.
    ///
    /// There are none past the last row; nor, in memory, if the votes of `from` are gone.
    pub fn records(
        &self,
        from: Transaction,
        count: usize,
    ) -> Result<Vec<CertifiedRecord>, StoreError> {
        match &self.0 {
            Place::File(file) => file.rows(from, count),
            Place::Memory(memory) => Ok(memory.records(from, count).to_vec()),
        }
    }

    /// Returns all rows in order, a page at a time, so that a table of any size can be written
    /// out. In memory, those whose votes are gone come without them.
    pub fn rows(&self) -> Rows<'_> {
        Rows::new(self)
    }

    /// Returns up to `count` rows beginning with `from`, with votes or without.
    pub(crate) fn page(
        &self,
        from: Transaction,
        count: usize,
    ) -> Result<Vec<CertifiedRecord>, StoreError> {
        match &self.0 {
            Place::File(file) => file.rows(from, count),
            Place::Memory(memory) => Ok(memory.rows(from, count).to_vec()),
        }
    }

    /// Puts `branches` on disk, in their order and in one transaction, as [`commit`](Self::commit)
    /// does its words.
    ///
    /// Each must begin at a block that is there, or at the next one, or nothing is kept and the
    /// error is [`StoreError::Gap`]. The very first may begin anywhere.
    pub fn commit_chain(&mut self, branches: &[Branch]) -> Result<(), StoreError> {
        let heights = heights_after(&self.heights(), branches)?;
        match &mut self.0 {
            Place::File(file) => file.commit_chain(branches, heights),
            Place::Memory(memory) => {
                memory.commit_chain(branches);
                Ok(())
            }
        }
    }

    /// Returns the heights that have blocks.
    pub fn heights(&self) -> Range<u64> {
        match &self.0 {
            Place::File(file) => file.heights(),
            Place::Memory(memory) => memory.heights(),
        }
    }

    /// Returns all blocks of the chain in order, a page at a time, so that a chain of any length
    /// can be read.
    pub fn blocks(&self) -> Blocks<'_> {
        Blocks::new(self)
    }

    /// Returns the blocks at `heights`, which have some.
    pub(crate) fn blocks_at(&self, heights: Range<u64>) -> Result<Vec<Vec<u8>>, StoreError> {
        match &self.0 {
            Place::File(file) => file.blocks(heights),
            Place::Memory(memory) => Ok(memory.blocks(heights).to_vec()),
        }
    }

    fn place(&self) -> String {
        match &self.0 {
            Place::File(file) => file.dir().display().to_string(),
            Place::Memory(_) => "this memory".into(),
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("place", &self.place()).field("next", &self.next()).finish()
    }
}
