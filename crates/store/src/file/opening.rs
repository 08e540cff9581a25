//! A database is handed out only after all of it has been checked.

use std::cell::Cell;
use std::fs::File;
use std::panic::{self, AssertUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::sync::Once;
use std::thread;

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
/// pages instead, and panics over some kinds of damage to that list. Such a panic goes no further:
/// nothing has been handed out yet, so it is one more answer.
pub(super) fn open<D: Durable>(
    open: impl FnOnce(&Builder) -> Result<Database, DatabaseError>,
) -> Result<(Database, Recovered<D>), Failure> {
    let opened = quietly(AssertUnwindSafe(|| {
        let database = open_whole(open)?;
        check_format(&database)?;
        let recovered = tables::recovered(&database)?;
        Ok((database, recovered))
    }));
    opened.unwrap_or_else(|_| Err(Failure::Damaged("the database panics over it".into())))
}

thread_local! {
    /// Whether a panic of this thread is caught here, and told as an error.
    static IS_CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Runs `job`, and catches a panic in it without a word on standard error. For all other panics the
/// hook stays what it was.
fn quietly<T>(job: impl FnOnce() -> T + UnwindSafe) -> thread::Result<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let tell = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !IS_CAUGHT.get() {
                tell(panic);
            }
        }));
    });
    let before = IS_CAUGHT.replace(true);
    let outcome = panic::catch_unwind(job);
    IS_CAUGHT.set(before);
    outcome
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_panic_that_is_caught_is_not_told_and_others_are() {
        let told = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&told);
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if panic.payload_as_str().is_some_and(|text| text.contains("to be counted")) {
                count.fetch_add(1, Ordering::SeqCst);
            } else {
                before(panic);
            }
        }));
        assert!(quietly(|| panic!("to be counted, if at all")).is_err());
        assert_eq!(told.load(Ordering::SeqCst), 0);
        assert!(thread::spawn(|| panic!("to be counted")).join().is_err());
        assert_eq!(told.load(Ordering::SeqCst), 1);
        assert_eq!(quietly(|| 7).ok(), Some(7));
    }
}
