//! Directories without a store, or with something else.

use std::fs;

use althing_store::StoreError;
use redb::{Database, TableDefinition};

use crate::common::{Store, directory, file, names, open};

#[test]
fn opening_an_existing_store_creates_nothing() {
    let dir = directory();
    let missing = dir.path().join("missing");
    for empty in [missing.as_path(), dir.path()] {
        let error = Store::open_to_read(empty).expect_err("there is no store");
        assert!(matches!(error, StoreError::Missing { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.starts_with(&format!("{} holds nothing of a peer;", empty.display())),
            "{text}"
        );
    }
    assert_eq!(names(dir.path()), [""; 0]);
}

#[test]
fn opening_a_store_leaves_one_file() {
    let dir = directory();
    let below = dir.path().join("a").join("b");
    drop(open(&below));
    assert_eq!(names(&below), ["althing.redb"]);
    fs::write(below.join("althing.redb.17-0.new"), "half").expect("there is room");
    drop(open(&below));
    assert_eq!(names(&below), ["althing.redb"]);
}

#[cfg(unix)]
#[test]
fn what_a_store_creates_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    let dir = directory();
    let below = dir.path().join("a").join("b");
    drop(open(&below));
    let mode =
        |path: &Path| fs::metadata(path).expect("it was created").permissions().mode() & 0o777;
    assert_eq!(mode(&dir.path().join("a")), 0o700);
    assert_eq!(mode(&below), 0o700);
    assert_eq!(mode(&file(&below)), 0o600);
}

#[test]
fn what_stands_in_the_way_is_named() {
    let dir = directory();
    let path = dir.path().join("file");
    fs::write(&path, "").expect("there is room");
    let error = Store::open(&path.join("below")).expect_err("a file is no directory");
    let text = error.to_string();
    assert!(matches!(error, StoreError::Io { .. }), "{text}");
    assert!(text.contains(&path.display().to_string()), "{text}");
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    for content in ["", "x", "transaction,difficulty,seed,winner\n", &"\0".repeat(1 << 16)] {
        let dir = directory();
        fs::write(file(dir.path()), content).expect("there is room");
        for opened in [Store::open(dir.path()), Store::open_to_read(dir.path())] {
            let error = opened.expect_err("it is no database");
            assert!(matches!(error, StoreError::NotOurs { .. }), "{error}");
        }
        assert_eq!(fs::read_to_string(file(dir.path())).expect("it is there"), content);
    }
}

#[test]
fn a_database_of_another_program_is_refused() {
    let tables: [fn(&redb::WriteTransaction); 3] = [
        |_| {},
        |transaction| {
            let theirs: TableDefinition<'_, u64, u64> = TableDefinition::new("theirs");
            transaction.open_table(theirs).expect("the table is new");
        },
        |transaction| {
            let meta: TableDefinition<'_, u64, u64> = TableDefinition::new("meta");
            transaction.open_table(meta).expect("the table is new");
        },
    ];
    for create in tables {
        let dir = directory();
        let database = Database::create(file(dir.path())).expect("there is room");
        let transaction = database.begin_write().expect("it is open");
        create(&transaction);
        transaction.commit().expect("there is room");
        drop(database);
        let error = Store::open(dir.path()).expect_err("it is not ours");
        assert!(matches!(error, StoreError::NotOurs { .. }), "{error}");
    }
}

/// Returns why a store is refused that says it has this format.
fn refusal_of_format(format: u32) -> StoreError {
    let dir = directory();
    drop(open(dir.path()));
    let database = Database::open(file(dir.path())).expect("no other process has it open");
    let transaction = database.begin_write().expect("it is open");
    let meta: TableDefinition<'_, &str, u32> = TableDefinition::new("meta");
    let mut meta = transaction.open_table(meta).expect("it is there");
    meta.insert("format", format).expect("it is open");
    drop(meta);
    transaction.commit().expect("there is room");
    drop(database);
    Store::open(dir.path()).expect_err("it is of another format")
}

#[test]
fn a_store_of_a_newer_version_is_refused() {
    let error = refusal_of_format(7);
    assert!(matches!(error, StoreError::TooNew { found: 7, known: 2, .. }), "{error}");
}

#[test]
fn a_store_of_an_older_version_is_refused_with_what_to_do() {
    let error = refusal_of_format(1);
    assert!(matches!(error, StoreError::TooOld { found: 1, known: 2, .. }), "{error}");
    let advice = "has format 1, and this version of althing reads format 2; use the version that \
                  wrote it, or start a new peer with another --data directory, which fetches all \
                  there is from the others";
    assert!(error.to_string().ends_with(advice), "{error}");
}

#[test]
fn a_database_of_a_newer_format_is_told_from_a_damaged_one() {
    /// Where the database keeps the number of its format: once in each of its two headers.
    const FORMAT_BYTES: [usize; 2] = [64, 192];

    let dir = directory();
    drop(open(dir.path()));
    let mut bytes = fs::read(file(dir.path())).expect("it is there");
    for at in FORMAT_BYTES {
        assert_eq!(bytes[at], 3);
        bytes[at] = 4;
    }
    fs::write(file(dir.path()), bytes).expect("there is room");
    let error = Store::open(dir.path()).expect_err("it is newer");
    assert!(matches!(error, StoreError::OtherDatabaseFormat { .. }), "{error}");
}
