//! Contents that the database accepts, but a store would never have written.

use std::path::Path;

use althing_engine::rounds::Durable;
use althing_store::StoreError;
use redb::{Database, ReadableTable, Table, TableDefinition};
use tempfile::TempDir;

use crate::common::{Store, accepted, directory, file, identity, open, record_durables, row};

const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
const CELLS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("cells");

/// Returns a directory whose store has ten rows, after a change behind its back.
fn with_rows_changed(change: impl FnOnce(&mut Table<'_, u64, &[u8]>)) -> TempDir {
    let dir = directory();
    open(dir.path()).commit(&record_durables(0..10)).expect("there is room");
    edit(dir.path(), |transaction| change(&mut transaction.open_table(LOG).expect("it is there")));
    dir
}

fn edit(dir: &Path, change: impl FnOnce(&redb::WriteTransaction)) {
    let database = Database::open(file(dir)).expect("no other process has it open");
    let transaction = database.begin_write().expect("it is open");
    change(&transaction);
    transaction.commit().expect("there is room");
}

/// Returns the bytes of a row.
fn bytes(rows: &Table<'_, u64, &[u8]>, number: u64) -> Vec<u8> {
    rows.get(number).expect("it is open").expect("it is there").value().to_vec()
}

fn assert_damaged(error: &StoreError, dir: &Path, what: &str) {
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    let start = format!("{} is damaged: {what};", file(dir).display());
    assert!(error.to_string().starts_with(&start), "{error} instead of {start}");
}

/// Asserts that the store opens, and that all rows can be had but the one with number 4.
fn assert_row_4_damaged(dir: &Path, what: &str) {
    let store = open(dir);
    let mut rows = store.all_entries();
    assert_damaged(&rows.next().expect("the page is damaged").expect_err("it is"), dir, what);
    assert!(rows.next().is_none(), "nothing follows an error");
    let some = |from, count| store.entries(from, count);
    assert_eq!(some(0, 4).expect("they are whole"), [row(0), row(1), row(2), row(3)]);
    assert_eq!(some(5, 1).expect("it is whole"), [row(5)]);
    assert_damaged(&some(0, 5).expect_err("it is damaged"), dir, what);
}

#[test]
fn a_row_in_the_place_of_another_is_damage() {
    let dir = with_rows_changed(|rows| {
        let other = bytes(rows, 7);
        rows.insert(4, other.as_slice()).expect("it is open");
    });
    assert_row_4_damaged(dir.path(), "entry 4 says that it is entry 7");
}

#[test]
fn a_row_that_is_cut_off_is_damage() {
    let dir = with_rows_changed(|rows| {
        let whole = bytes(rows, 4);
        rows.insert(4, &whole[..whole.len() - 1]).expect("it is open");
    });
    assert_row_4_damaged(dir.path(), "entry 4 does not decode");
}

#[test]
fn a_row_with_more_than_a_row_is_damage() {
    let dir = with_rows_changed(|rows| {
        // The first may be the starts that its voters knew of, which most rows do without.
        let longer = [bytes(rows, 4), vec![0; 4]].concat();
        rows.insert(4, longer.as_slice()).expect("it is open");
    });
    assert_row_4_damaged(dir.path(), "entry 4 is followed by 3 stray bytes");
}

#[test]
fn a_row_of_another_version_is_damage() {
    let dir = with_rows_changed(|rows| {
        let mut newer = bytes(rows, 4);
        newer[0] = 2;
        rows.insert(4, newer.as_slice()).expect("it is open");
    });
    assert_row_4_damaged(dir.path(), "entry 4 is of version 2, where only 1 is known");
}

#[test]
fn a_gap_in_the_table_is_damage() {
    let dir = with_rows_changed(|rows| drop(rows.remove(4).expect("it is open")));
    let error = Store::open(dir.path()).expect_err("a row is missing");
    assert_damaged(&error, dir.path(), "its 9 entries begin with Some(0) and end with Some(9)");
}

#[test]
fn a_gap_that_the_numbers_hide_is_damage() {
    let dir = with_rows_changed(|rows| {
        // As many rows as there were, in one line, but not the same ones.
        let last = bytes(rows, 9);
        drop(rows.remove(0).expect("it is open"));
        rows.insert(10, last.as_slice()).expect("it is open");
    });
    let error = Store::open(dir.path()).expect_err("the first row is missing");
    assert_damaged(&error, dir.path(), "its log begins with entry 1 instead of 0");
}

#[test]
fn a_cell_that_does_not_decode_is_damage() {
    for name in ["membership", "promised", "accepted", "identity"] {
        let dir = directory();
        let mut store = open(dir.path());
        store.set_identity(&identity()).expect("it is new");
        store.commit(&[Durable::Accepted(accepted(0))]).expect("there is room");
        drop(store);
        edit(dir.path(), |transaction| {
            let mut cells = transaction.open_table(CELLS).expect("it is there");
            cells.insert(name, &[1, 0xff][..]).expect("it is open");
        });
        let read = || Store::open(dir.path())?.identity();
        let error = read().expect_err("a cell is damaged");
        assert_damaged(&error, dir.path(), &format!("its {name} does not decode"));
    }
}
