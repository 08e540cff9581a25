//! The store in a redb file.
//!
//! | file | question |
//! | --- | --- |
//! | `directory` | where is the file, and how is it created? |
//! | `opening` | is it ours, and whole? |
//! | `tables` | what is in it? |
//! | `failure` | what went wrong, in words for users? |
//! | `power_cut` | a test: is every commit whole after a power cut? |

mod directory;
mod failure;
mod opening;
#[cfg(test)]
mod power_cut;
mod tables;

use std::ops::Range;
use std::path::Path;

use althing_engine::{Change, Durable, Recovered};
use redb::Database;
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::directory::Directory;
use self::failure::Failure;
use crate::{Identity, StoreError};

/// A store in a file that no other process has open.
pub(crate) struct FileStore {
    directory: Directory,
    database: Database,
}

impl FileStore {
    /// Opens the file in `dir`, and creates both if they are missing. Returns what is in it, too.
    pub(crate) fn open<D: Durable>(dir: &Path) -> Result<(Self, Recovered<D>), StoreError> {
        let directory = Directory::new(dir);
        directory.create(|file| {
            opening::fill(file).map_err(|failure| failure.in_directory(&directory))
        })?;
        Self::open_in(directory)
    }

    /// Opens the file in `dir`, which must be there.
    pub(crate) fn open_existing<D: Durable>(
        dir: &Path,
    ) -> Result<(Self, Recovered<D>), StoreError> {
        Self::open_in(Directory::new(dir))
    }

    fn open_in<D: Durable>(directory: Directory) -> Result<(Self, Recovered<D>), StoreError> {
        match opening::open(|builder| builder.open(&directory.file)) {
            Ok((database, recovered)) => Ok((Self { directory, database }, recovered)),
            Err(failure) => Err(failure.in_directory(&directory)),
        }
    }

    /// Makes the changes of one commit: to the log, and to the cells that differ between `before`
    /// and `after`.
    pub(crate) fn put<D: Durable>(
        &self,
        before: &Recovered<D>,
        after: &Recovered<D>,
        changes: &[Change<'_, impl Serialize>],
    ) -> Result<(), StoreError> {
        self.explained(|database| tables::put(database, before, after, changes))
    }

    pub(crate) fn set_identity(&self, identity: &Identity) -> Result<(), StoreError> {
        self.explained(|database| tables::put_identity(database, identity))
    }

    pub(crate) fn identity(&self) -> Result<Option<Identity>, StoreError> {
        self.explained(tables::identity)
    }

    pub(crate) fn range(&self) -> Result<Range<u64>, StoreError> {
        self.explained(tables::range)
    }

    /// Returns up to `count` entries beginning with `from`.
    pub(crate) fn entries<T: DeserializeOwned>(
        &self,
        from: u64,
        count: usize,
    ) -> Result<Vec<T>, StoreError> {
        self.explained(|database| tables::entries(database, from, count))
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.directory.dir
    }

    fn explained<T>(
        &self,
        run: impl FnOnce(&Database) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        run(&self.database).map_err(|failure| failure.in_directory(&self.directory))
    }
}
