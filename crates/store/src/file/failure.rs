//! Errors of the file, and how users are told about them.

use std::io::ErrorKind;

use redb::{CommitError, DatabaseError, SetDurabilityError, StorageError, TableError};

use super::directory::Directory;
use crate::StoreError;

/// An error of a file whose name the caller knows.
#[derive(Debug)]
pub(super) enum Failure {
    /// The database said so.
    Database(redb::Error),
    /// The database gave back what was never put in.
    Damaged(String),
    /// It is the database of another program.
    NotOurs,
    /// It is ours, in a format that is not known here.
    OtherFormat { found: u32, known: u32 },
}

impl Failure {
    /// Returns the error for users: which file, and what to do.
    pub(super) fn in_directory(self, directory: &Directory) -> StoreError {
        let file = directory.file.clone();
        match self {
            Self::Database(error) => explain(error, directory),
            Self::Damaged(what) => StoreError::Damaged { file, what },
            Self::NotOurs => StoreError::NotOurs { file },
            Self::OtherFormat { found, known } if found < known => {
                StoreError::TooOld { file, found, known }
            }
            Self::OtherFormat { found, known } => StoreError::TooNew { file, found, known },
        }
    }
}

fn explain(error: redb::Error, directory: &Directory) -> StoreError {
    let Directory { dir, file } = directory.clone();
    match error {
        redb::Error::DatabaseAlreadyOpen => StoreError::InUse { dir },
        redb::Error::UpgradeRequired(_) => {
            StoreError::OtherDatabaseFormat { file, reason: error.to_string() }
        }
        // Of all that the database calls corrupt, only its text tells a later format apart.
        redb::Error::Corrupted(what) if what.starts_with("Expected file format version") => {
            StoreError::OtherDatabaseFormat { file, reason: what }
        }
        redb::Error::Corrupted(what) => StoreError::Damaged { file, what },
        redb::Error::TableDoesNotExist(_)
        | redb::Error::TableTypeMismatch { .. }
        | redb::Error::TableIsMultimap(_)
        | redb::Error::TypeDefinitionChanged { .. } => {
            StoreError::Damaged { file, what: error.to_string() }
        }
        redb::Error::PreviousIo => StoreError::WriteFailedBefore { file },
        redb::Error::Io(reason) => match reason.kind() {
            ErrorKind::NotFound => StoreError::Missing { dir },
            // The first bytes are not those of a database, or there are none.
            ErrorKind::InvalidData => StoreError::NotOurs { file },
            ErrorKind::UnexpectedEof => {
                StoreError::Damaged { file, what: "it ends too early".into() }
            }
            _ => StoreError::Io { doing: "reading or writing", path: file, reason },
        },
        other => StoreError::Unexpected { file, reason: other.to_string() },
    }
}

macro_rules! from_database {
    ($($error:ty),*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::Database(error.into())
            }
        })*
    };
}

from_database!(
    CommitError,
    DatabaseError,
    SetDurabilityError,
    StorageError,
    TableError,
    redb::TransactionError
);
