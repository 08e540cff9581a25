//! A damaged file is an error, or does no harm; it is never a panic, and never a wrong row.

use std::fs;
use std::ops::Range;
use std::panic;
use std::path::Path;

use althing_engine::rounds::{CertifiedRecord, Durable, Recovered, State};
use althing_store::{Identity, StoreError};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::common::{
    Store, accepted, directory, file, identity, members, open, promised, record_durables, row, seed,
};

/// Rows in the file: enough for two levels of pages above them.
const ROWS: u64 = 400;

/// Bytes in a page of the database.
const PAGE: usize = 4096;

/// Bytes at the beginning of the file that describe it.
const HEADER: usize = 320;

/// Damaged copies made of each file, besides those with a damaged header.
const COPIES: usize = 150;

/// All that can be read from a store.
#[derive(Debug, PartialEq)]
struct Content {
    identity: Option<Identity>,
    recovered: Recovered,
    rows: Vec<(u64, CertifiedRecord)>,
}

impl Content {
    fn read(dir: &Path) -> Result<Self, StoreError> {
        let store = Store::open_to_read(dir)?;
        let rows = store.all_entries().collect::<Result<_, _>>()?;
        Ok(Self { identity: store.identity()?, recovered: store.recovered(), rows })
    }
}

/// Files to be damaged, and what is in them.
struct Original {
    /// As a clean end left it.
    ended: Vec<u8>,
    /// As a crash left it.
    crashed: Vec<u8>,
    content: Content,
    /// Its content before the last commit.
    before: Content,
}

impl Original {
    fn new() -> Self {
        let dir = directory();
        let mut store = open(dir.path());
        store.set_identity(&identity()).expect("it is new");
        let words = [Durable::Membership(members()), Durable::Promised(promised(3))];
        store.commit(&words).expect("there is room");
        for start in (0..ROWS).step_by(10) {
            store.commit(&record_durables(start..start + 10)).expect("there is room");
        }
        store.commit(&[Durable::Accepted(accepted(ROWS))]).expect("there is room");
        let crashed = fs::read(file(dir.path())).expect("it is there");
        drop(store);
        let ended = fs::read(file(dir.path())).expect("it is there");
        let content = Content::read(dir.path()).expect("it is whole");
        let before = Content {
            identity: content.identity.clone(),
            recovered: Recovered {
                state: State { accepted: None, ..content.recovered.state.clone() },
                ..content.recovered.clone()
            },
            rows: content.rows.clone(),
        };
        assert_eq!(content.rows, (0..ROWS).map(|number| (number, row(number))).collect::<Vec<_>>());
        Self { ended, crashed, content, before }
    }
}

/// Returns what is read from a file of `bytes`; a panic is the test's failure.
fn read(bytes: &[u8], damage: &str) -> Result<Content, StoreError> {
    let dir = directory();
    fs::write(file(dir.path()), bytes).expect("there is room");
    panic::catch_unwind(|| Content::read(dir.path())).unwrap_or_else(|_| panic!("panic: {damage}"))
}

/// Damages `whole` in all kinds of ways, and hands over each copy and how it came about.
fn damaged(whole: &[u8], rng: &mut ChaCha8Rng, mut see: impl FnMut(&[u8], &str)) {
    let is_used = |page: &usize| whole[page * PAGE..][..PAGE].iter().any(|byte| *byte != 0);
    let used: Vec<usize> = (1..whole.len() / PAGE).filter(is_used).collect();
    let mut flip = |bits: u8, at: usize| {
        let mut bytes = whole.to_vec();
        bytes[at] ^= bits;
        see(&bytes, &format!("byte {at} changed by {bits:#04x}"));
    };
    for at in 0..HEADER {
        flip(rng.random_range(1..=255), at);
    }
    for _ in 0..COPIES {
        let page = used[rng.random_range(0..used.len())];
        // The header of a page is at its beginning.
        flip(rng.random_range(1..=255), page * PAGE + rng.random_range(0..64));
        flip(1 << rng.random_range(0..8), page * PAGE + rng.random_range(0..PAGE));
    }
    for _ in 0..COPIES {
        let (page, other) = (rng.random_range(0..used.len()), rng.random_range(0..used.len()));
        let (page, other) = (used[page] * PAGE, used[other] * PAGE);
        let mut bytes = whole.to_vec();
        bytes.copy_within(range(other), page);
        see(&bytes, &format!("the page at {page} replaced by that at {other}"));
        let mut bytes = whole.to_vec();
        bytes[range(page)].fill(0);
        see(&bytes, &format!("the page at {page} filled with zeros"));
        let length = rng.random_range(0..whole.len());
        see(&whole[..length], &format!("truncated to {length} bytes"));
    }
}

fn range(page: usize) -> Range<usize> {
    page..page + PAGE
}

#[test]
fn a_damaged_file_is_refused_or_whole() {
    let seed = seed();
    println!("SEED={seed}");
    let original = Original::new();
    let mut refused = 0;
    damaged(&original.ended, &mut ChaCha8Rng::seed_from_u64(seed), |bytes, damage| {
        match read(bytes, damage) {
            Ok(content) => assert!(content == original.content, "SEED={seed} {damage}"),
            Err(error) => {
                refused += 1;
                assert_refusal(&error);
            }
        }
    });
    assert!(refused > COPIES, "only {refused} copies were refused");
}

/// After a crash, damage to the last commit looks like a commit that the crash cut off, so the
/// file may be found as it was before.
#[test]
fn a_file_damaged_in_a_crash_is_refused_or_whole_up_to_its_last_commit() {
    let seed = seed();
    println!("SEED={seed}");
    let original = Original::new();
    let mut refused = 0;
    damaged(&original.crashed, &mut ChaCha8Rng::seed_from_u64(seed), |bytes, damage| {
        match read(bytes, damage) {
            Ok(content) => assert!(
                content == original.content || content == original.before,
                "SEED={seed} {damage}"
            ),
            Err(error) => {
                refused += 1;
                assert_refusal(&error);
            }
        }
    });
    assert!(refused > COPIES, "only {refused} copies were refused");
}

fn assert_refusal(error: &StoreError) {
    assert!(
        matches!(
            error,
            StoreError::Damaged { .. }
                | StoreError::NotOurs { .. }
                | StoreError::OtherDatabaseFormat { .. }
        ),
        "{error:?}"
    );
}
