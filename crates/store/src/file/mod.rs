//! The store in a redb file.
//!
//! | file | question |
//! | --- | --- |
//! | `directory` | where is the file, and how is it created? |
//! | `opening` | is it ours, and whole? |
//! | `shadow` | how is it read without being written? |
//! | `tables` | what is in it? |
//! | `failure` | what went wrong, in words for users? |
//! | `power_cut` | a test: is every commit whole after a power cut? |

mod directory;
mod failure;
mod opening;
#[cfg(test)]
mod power_cut;
mod shadow;
mod tables;

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use althing_engine::{Change, Durable, Recovered};
use redb::{Database, StorageError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::directory::Directory;
use self::failure::Failure;
use self::shadow::Shadow;
use crate::{Identity, StoreError};

/// A store in a file that no other process has open to write.
pub(crate) struct FileStore {
    directory: Directory,
    database: Database,
    /// Whether it was opened to be read only: then writes would be lost, and are refused.
    is_read_only: bool,
}

impl FileStore {
    /// Opens the file in `dir`, and creates both if they are missing. Returns what is in it, too.
    pub(crate) fn open<D: Durable>(dir: &Path) -> Result<(Self, Recovered<D>), StoreError> {
        let directory = Directory::new(dir);
        directory.create(|file| {
            opening::fill(file).map_err(|failure| failure.in_directory(&directory))
        })?;
        match opening::open(|builder| builder.open(&directory.file)) {
            Ok((database, recovered)) => {
                Ok((Self { directory, database, is_read_only: false }, recovered))
            }
            Err(failure) => Err(failure.in_directory(&directory)),
        }
    }

    /// Opens the file in `dir`, which must be there, to read it.
    pub(crate) fn open_to_read<D: Durable>(dir: &Path) -> Result<(Self, Recovered<D>), StoreError> {
        let directory = Directory::new(dir);
        let opened = opening::open(|builder| {
            let file = File::open(&directory.file).map_err(StorageError::from)?;
            builder.create_with_backend(Shadow::new(file)?)
        });
        match opened {
            Ok((database, recovered)) => {
                Ok((Self { directory, database, is_read_only: true }, recovered))
            }
            Err(failure) => Err(failure.in_directory(&directory)),
        }
    }

    /// Makes the changes of one commit: to the log, and to the cells that differ between `before`
    /// and `after`. If it `syncs`, they are on disk when this returns, with all before them.
    pub(crate) fn put<D: Durable>(
        &self,
        before: &Recovered<D>,
        after: &Recovered<D>,
        changes: &[Change<'_, impl Serialize>],
        syncs: bool,
    ) -> Result<(), StoreError> {
        self.refuse_if_read_only()?;
        self.explained(|database| tables::put(database, before, after, changes, syncs))
    }

    /// Has all changes on disk when this returns.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.explained(tables::sync)
    }

    pub(crate) fn set_identity(&self, identity: &Identity) -> Result<(), StoreError> {
        self.refuse_if_read_only()?;
        self.explained(|database| tables::put_identity(database, identity))
    }

    fn refuse_if_read_only(&self) -> Result<(), StoreError> {
        match self.is_read_only {
            true => Err(StoreError::ReadOnly { file: self.directory.file.clone() }),
            false => Ok(()),
        }
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
