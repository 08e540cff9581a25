//! What a round waits for, and what a restart does.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use althing_engine::rounds::{Accepted, CertifiedRecord, Durable, Record, Signature, StartsDigest};
use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};
use divan::Bencher;
use tempfile::TempDir;

type Store = althing_store::Store<Durable>;

/// Rows in the table that is recovered.
const ROWS: u64 = 100_000;

fn main() {
    divan::main();
}

fn record(number: u64) -> Record {
    Record {
        transaction: Transaction::new(number),
        difficulty: Difficulty::MIN,
        seed: Seed::from(number),
        winner: PeerId::new(number.into()),
    }
}

/// A row with the votes of six members out of ten, each with an Ed25519 signature.
fn row(number: u64) -> Durable {
    let voters =
        (0..6).map(|voter| (PeerId::new(voter), Some(Signature::new(Arc::new([0xa5; 64])))));
    Durable::Record(CertifiedRecord {
        record: record(number),
        term: Term::FIRST,
        votes: voters.collect(),
        noes: 0,
        starts: StartsDigest(0),
    })
}

fn accepted(number: u64) -> Durable {
    Durable::Accepted(Accepted { term: Term::FIRST, record: record(number) })
}

fn directory() -> TempDir {
    tempfile::tempdir().expect("there is room for temporary files")
}

fn open(dir: &Path) -> Store {
    Store::open(dir).expect("no other process uses the directory")
}

/// What a member writes in one round, in the two transactions that it takes: its yes must be on
/// disk before it is said, and the row follows when others have said yes.
#[divan::bench(sample_count = 2000)]
fn acceptance_then_record(bencher: Bencher<'_, '_>) {
    let dir = directory();
    let mut store = open(dir.path());
    bencher.bench_local(|| {
        let next = store.next();
        store.commit(&[accepted(next)]).expect("the disk takes it");
        store.commit(&[row(next)]).expect("the disk takes it");
    });
}

/// The same in one transaction.
#[divan::bench(sample_count = 2000)]
fn acceptance_and_record_at_once(bencher: Bencher<'_, '_>) {
    let dir = directory();
    let mut store = open(dir.path());
    bencher.bench_local(|| {
        let next = store.next();
        store.commit(&[accepted(next), row(next)]).expect("the disk takes it");
    });
}

/// A directory with a long table, as a clean end leaves it, and the file as a crash leaves it.
static LONG: LazyLock<(TempDir, Vec<u8>)> = LazyLock::new(|| {
    let dir = directory();
    let mut store = open(dir.path());
    for start in (0..ROWS).step_by(1000) {
        let rows: Vec<Durable> = (start..start + 1000).map(row).collect();
        store.commit(&rows).expect("the disk takes it");
    }
    store.commit(&[accepted(ROWS)]).expect("the disk takes it");
    let crashed = fs::read(dir.path().join("althing.redb")).expect("the file is there");
    drop(store);
    (dir, crashed)
});

#[divan::bench(sample_count = 10, sample_size = 1)]
fn recovery_of_100k_rows_after_a_clean_end(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| open(LONG.0.path()).recovered());
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn recovery_of_100k_rows_after_a_crash(bencher: Bencher<'_, '_>) {
    let crashed = || {
        let dir = directory();
        fs::write(dir.path().join("althing.redb"), &LONG.1).expect("there is room");
        dir
    };
    bencher.with_inputs(crashed).bench_local_refs(|dir| open(dir.path()).recovered());
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn reading_100k_rows(bencher: Bencher<'_, '_>) {
    let store = open(LONG.0.path());
    bencher.bench_local(|| {
        for row in store.all_entries() {
            black_box(row.expect("it is whole"));
        }
    });
}
