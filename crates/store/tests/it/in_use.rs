//! One store, one user.

use std::path::Path;
use std::sync::Barrier;
use std::thread;

use althing_store::StoreError;

use crate::common::{Child, Store, directory, names, open};

fn assert_in_use(dir: &Path) {
    for opened in [Store::open(dir), Store::open_to_read(dir)] {
        let error = opened.expect_err("another store has it open");
        assert!(matches!(error, StoreError::InUse { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            format!(
                "{} is in use by another althing process; stop it, or use another --data directory",
                dir.display()
            )
        );
    }
}

#[test]
fn a_store_cannot_be_opened_twice_in_one_process() {
    let dir = directory();
    let store = open(dir.path());
    assert_in_use(dir.path());
    drop(store);
    open(dir.path());
}

#[test]
fn of_many_who_create_a_store_at_once_one_gets_it() {
    const THREADS: usize = 8;
    for _ in 0..20 {
        let dir = directory();
        let (start, end) = (Barrier::new(THREADS), Barrier::new(THREADS));
        let open = || {
            start.wait();
            let opened = Store::open(dir.path());
            // No thread closes its store before all have tried.
            end.wait();
            opened.map(drop)
        };
        let results: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
        });
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
        let is_refusal = |error: &StoreError| matches!(error, StoreError::InUse { .. });
        assert!(results.iter().filter_map(|result| result.as_ref().err()).all(is_refusal));
        assert_eq!(names(dir.path()), ["althing.redb"]);
    }
}

#[test]
fn a_store_is_in_use_until_the_process_that_has_it_open_is_gone() {
    let dir = directory();
    let mut child = Child::start("in_use::holds_a_store", dir.path());
    child.read_until("open");
    assert_in_use(dir.path());
    child.kill();
    open(dir.path());
}

#[test]
fn another_process_is_told_that_a_store_is_in_use() {
    let dir = directory();
    let store = open(dir.path());
    let mut child = Child::start("in_use::holds_a_store", dir.path());
    child.read_until("in use");
    child.kill();
    drop(store);
}

#[test]
#[ignore = "the child process of the tests above"]
fn holds_a_store() {
    let Some(dir) = Child::directory() else { return };
    match Store::open(&dir) {
        Ok(_store) => {
            Child::say("open");
            Child::wait_for_the_end();
        }
        Err(StoreError::InUse { .. }) => Child::say("in use"),
        Err(error) => panic!("{error}"),
    }
}
