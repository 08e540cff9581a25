//! A database is handed out only after all of it has been checked.

use std::cell::Cell;
use std::fs::File;
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;

use althing_engine::{Durable, Recovered};
use redb::{Builder, Database, DatabaseError, ReadableDatabase, TableError};

use super::failure::Failure;
use super::tables::{self, META, META_FORMAT};

/// The format that this version writes and reads; a file with another number is left alone.
///
/// Format 1 had one table for each kind of content: words, rows and blocks.
pub(super) const FORMAT: u32 = 2;

/// Bytes of the file that the database keeps in memory. A peer appends, and reads back little, so
/// more would only make the process larger: left to itself, the database takes up to 1 GiB.
const CACHE_BYTES: usize = 1 << 20;

/// Makes a new file a store.
pub(super) fn fill(file: File) -> Result<(), Failure> {
    tables::create(&builder().create_file(file)?, FORMAT)
}

/// Opens a database with `open`, and returns it with its content, except the entries of its log.
///
/// The database believes what it reads, so all of its pages are checked against their checksums
/// first. After a crash it does so itself. After a clean end it starts with its list of free
/// pages instead, and panics over some kinds of damage to that list. Such a panic shows on the
/// standard error, but goes no further: nothing has been handed out yet, so it is one more answer.
pub(super) fn open<D: Durable>(
    open: impl FnOnce(&Builder) -> Result<Database, DatabaseError>,
) -> Result<(Database, Recovered<D>), Failure> {
    let opened = panic::catch_unwind(AssertUnwindSafe(|| {
        let database = open_whole(open)?;
        check_format(&database)?;
        let recovered = tables::recovered(&database)?;
        Ok((database, recovered))
    }));
    opened.unwrap_or_else(|_| Err(Failure::Damaged("the database panics over it".into())))
}

fn open_whole(
    open: impl FnOnce(&Builder) -> Result<Database, DatabaseError>,
) -> Result<Database, Failure> {
    let was_repaired = Rc::new(Cell::new(false));
    let mut builder = builder();
    let repaired = Rc::clone(&was_repaired);
    builder.set_repair_callback(move |_| repaired.set(true));
    let mut database = open(&builder)?;
    if !was_repaired.get() {
        // This may put the list of free pages right; data that does not hold is an error.
        database.check_integrity()?;
    }
    Ok(database)
}

fn builder() -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

fn check_format(database: &Database) -> Result<(), Failure> {
    let transaction = database.begin_read()?;
    let meta = match transaction.open_table(META) {
        Ok(meta) => meta,
        Err(TableError::Storage(error)) => return Err(error.into()),
        Err(_) => return Err(Failure::NotOurs),
    };
    match meta.get(META_FORMAT)?.map(|format| format.value()) {
        None => Err(Failure::NotOurs),
        Some(FORMAT) => Ok(()),
        Some(found) => Err(Failure::OtherFormat { found, known: FORMAT }),
    }
}
