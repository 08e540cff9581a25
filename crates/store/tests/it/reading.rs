//! Reading a store needs no right to write, and changes nothing.

use std::fs;
use std::path::Path;

use althing_store::StoreError;
use tempfile::TempDir;

use crate::common::{Store, directory, file, identity, names, open, record_durables, row};

/// Returns a directory with a store of ten rows, as a peer that ends leaves it, and as a peer that
/// is killed does.
fn ended_and_killed() -> [TempDir; 2] {
    let dirs = [directory(), directory()];
    let mut store = open(dirs[0].path());
    store.set_identity(&identity()).expect("it is new");
    store.commit(&record_durables(0..10)).expect("there is room");
    fs::copy(file(dirs[0].path()), file(dirs[1].path())).expect("there is room");
    drop(store);
    dirs
}

#[cfg(unix)]
fn allow_to_write(dir: &Path, is_allowed: bool) {
    use std::os::unix::fs::PermissionsExt;
    let (for_dir, for_file) = if is_allowed { (0o700, 0o600) } else { (0o500, 0o400) };
    for (path, mode) in [(dir.to_owned(), for_dir), (file(dir), for_file)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
    }
}

#[cfg(not(unix))]
fn allow_to_write(_: &Path, _: bool) {}

#[test]
fn a_store_is_read_without_the_right_to_write_and_stays_as_it_is_to_the_byte() {
    for dir in ended_and_killed() {
        let path = file(dir.path());
        let before = fs::read(&path).expect("it is there");
        allow_to_write(dir.path(), false);
        let store = Store::open_to_read(dir.path()).expect("it may be read");
        let rows: Result<Vec<_>, _> = store.all_entries().collect();
        let rows = rows.expect("it is whole");
        assert_eq!(rows, (0..10).map(|number| (number, row(number))).collect::<Vec<_>>());
        assert_eq!(store.identity().expect("it is whole"), Some(identity()));
        drop(store);
        allow_to_write(dir.path(), true);
        assert_eq!(names(dir.path()), ["althing.redb"]);
        assert!(fs::read(&path).expect("it is there") == before, "its file was written");
        assert_eq!(open(dir.path()).next(), 10);
    }
}

#[test]
fn several_read_a_store_at_once_and_none_beside_a_peer() {
    let [dir, _] = ended_and_killed();
    let readers = [(); 3].map(|()| Store::open_to_read(dir.path()).expect("all only read"));
    let error = Store::open(dir.path()).expect_err("it is being read");
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    drop(readers);
    let _peer = open(dir.path());
    let error = Store::open_to_read(dir.path()).expect_err("a peer runs on it");
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
}

#[test]
fn what_would_be_written_by_a_reader_is_refused() {
    let [dir, _] = ended_and_killed();
    let mut store = Store::open_to_read(dir.path()).expect("it may be read");
    let error = store.commit(&record_durables(10..11)).expect_err("it would be lost");
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
    assert_eq!(store.next(), 10);
    drop(store);
    assert_eq!(open(dir.path()).next(), 10);
}
