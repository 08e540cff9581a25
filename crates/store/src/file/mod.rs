//! The store in a redb file.
//!
//! | file | question |
//! | --- | --- |
//! | `directory` | where is the file, and how does it come into being? |
//! | `opening` | is it ours, and whole? |
//! | `tables`, `blocks` | what is in it? |
//! | `failure` | what went wrong, in words for users? |

mod blocks;
mod directory;
mod failure;
mod opening;
#[cfg(test)]
mod power_cut;
mod tables;

use std::ops::Range;
use std::path::Path;

use althing_engine::rounds::{CertifiedRecord, Durable, Recovered};
use althing_types::Transaction;
use redb::Database;

use self::directory::Directory;
use self::failure::Failure;
use self::opening::Opened;
use crate::chain::Branch;
use crate::{Identity, StoreError};

/// A store in a file that nobody else has open.
pub(crate) struct FileStore {
    directory: Directory,
    database: Database,
    next: Transaction,
    /// The heights that have blocks.
    heights: Range<u64>,
}

impl FileStore {
    /// Opens the file in `dir`, and creates both if they are missing.
    pub(crate) fn open(dir: &Path) -> Result<Self, StoreError> {
        let directory = Directory::new(dir);
        directory.create(opening::fill)?;
        Self::open_in(directory)
    }

    /// Opens the file in `dir`, which must be there.
    pub(crate) fn open_existing(dir: &Path) -> Result<Self, StoreError> {
        Self::open_in(Directory::new(dir))
    }

    fn open_in(directory: Directory) -> Result<Self, StoreError> {
        match opening::open(|builder| builder.open(&directory.file)) {
            Ok(Opened { database, next, heights }) => {
                Ok(Self { directory, database, next, heights })
            }
            Err(failure) => Err(failure.in_directory(&directory)),
        }
    }

    /// Puts `durables` on disk, after which `next` is the first row that is lacking.
    pub(crate) fn commit(
        &mut self,
        durables: &[Durable],
        next: Transaction,
    ) -> Result<(), StoreError> {
        if durables.is_empty() {
            return Ok(());
        }
        self.explained(|database| tables::put(database, durables))?;
        self.next = next;
        Ok(())
    }

    pub(crate) fn set_identity(&mut self, identity: &Identity) -> Result<(), StoreError> {
        self.explained(|database| tables::put_identity(database, identity))
    }

    pub(crate) fn identity(&self) -> Result<Option<Identity>, StoreError> {
        self.explained(tables::identity)
    }

    pub(crate) fn recovered(&self) -> Result<Recovered, StoreError> {
        self.explained(|database| tables::recovered(database, self.next))
    }

    pub(crate) fn next(&self) -> Transaction {
        self.next
    }

    /// Puts `branches` on disk, after which `heights` have blocks.
    pub(crate) fn commit_chain(
        &mut self,
        branches: &[Branch],
        heights: Range<u64>,
    ) -> Result<(), StoreError> {
        self.explained(|database| blocks::put(database, branches))?;
        self.heights = heights;
        Ok(())
    }

    pub(crate) fn heights(&self) -> Range<u64> {
        self.heights.clone()
    }

    /// Returns the blocks at `heights`, which have some.
    pub(crate) fn blocks(&self, heights: Range<u64>) -> Result<Vec<Vec<u8>>, StoreError> {
        self.explained(|database| blocks::blocks(database, heights))
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.directory.dir
    }

    /// Returns up to `count` rows beginning with `from`.
    pub(crate) fn rows(
        &self,
        from: Transaction,
        count: usize,
    ) -> Result<Vec<CertifiedRecord>, StoreError> {
        let from = from.number();
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let end = from.saturating_add(count).min(self.next.number());
        self.explained(|database| tables::rows(database, from, end))
    }

    fn explained<T>(
        &self,
        run: impl FnOnce(&Database) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        run(&self.database).map_err(|failure| failure.in_directory(&self.directory))
    }
}
