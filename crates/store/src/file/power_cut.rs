//! A test disk that loses power: what was not synced survives in part, or not at all.
//!
//! Killing a process leaves all that it wrote in the system's memory. Only losing that, too, shows
//! whether each commit waits for the disk, and whether half a commit is recognised.

use std::io::{self, ErrorKind};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard};

use althing_engine::rounds::{
    self, Accepted, CertifiedRecord, Durable, Promised, Record, Recovered, Signature,
};
use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use redb::{Database, StorageBackend};

use super::{opening, tables};
use crate::store::apply_all;

/// Stores that are written to.
const STORES: u64 = 150;

/// Times that each of them loses power.
const CUTS: usize = 4;

/// The next power cut comes within so many writes. Opening takes about 10, a commit 15.
const WRITES_MAX: u32 = 200;

/// Commits after which the store is closed and opened again.
const COMMITS_PER_OPENING: u64 = 8;

/// Bytes that a disk writes as one; real ones promise 512.
const SECTOR: usize = 64;

#[derive(Clone, Debug)]
struct Disk(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    rng: ChaCha8Rng,
    /// What the process reads.
    cached: Vec<u8>,
    /// What is on disk for sure.
    synced: Vec<u8>,
    /// What may come to the disk before it is synced, in part or not at all.
    pending: Vec<Change>,
    writes_until_cut: u32,
    /// What is on disk after the power cut, once it has come.
    remains: Option<Vec<u8>>,
}

#[derive(Debug)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

impl Disk {
    fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            rng: ChaCha8Rng::seed_from_u64(seed),
            cached: Vec::new(),
            synced: Vec::new(),
            pending: Vec::new(),
            writes_until_cut: u32::MAX,
            remains: None,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics with it")
    }

    fn cut_soon(&self) {
        let mut state = self.state();
        state.writes_until_cut = state.rng.random_range(1..WRITES_MAX);
    }

    fn is_cut(&self) -> bool {
        self.state().remains.is_some()
    }

    /// Goes on with what has remained.
    fn restart(self) -> Self {
        let mut state = self.state();
        let remains = state.remains.take().expect("the power cut has come");
        let disk = Self::new(state.rng.random());
        disk.state().cached.clone_from(&remains);
        disk.state().synced = remains;
        drop(state);
        disk
    }
}

impl State {
    fn change(&mut self, change: Change) {
        apply(&mut self.cached, &change);
        self.pending.push(change);
        self.count_down();
    }

    fn sync(&mut self) {
        self.count_down();
        for change in self.pending.drain(..) {
            apply(&mut self.synced, &change);
        }
    }

    fn count_down(&mut self) {
        self.writes_until_cut = self.writes_until_cut.saturating_sub(1);
        if self.writes_until_cut == 0 && self.remains.is_none() {
            self.remains = Some(self.survivors());
        }
    }

    /// Returns what was synced, with any part of what was not.
    fn survivors(&mut self) -> Vec<u8> {
        let mut disk = self.synced.clone();
        for change in &self.pending {
            match change {
                Change::Length(_) if self.rng.random() => apply(&mut disk, change),
                Change::Write { .. } if self.rng.random() => apply(&mut disk, change),
                Change::Write { at, bytes } if self.rng.random() => {
                    for (index, sector) in bytes.chunks(SECTOR).enumerate() {
                        if self.rng.random() {
                            let at = at + index * SECTOR;
                            apply(&mut disk, &Change::Write { at, bytes: sector.to_vec() });
                        }
                    }
                }
                _ => {}
            }
        }
        disk
    }
}

/// Changes `disk`; what is written past its end is lost with the length that was to make room.
fn apply(disk: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(length) => disk.resize(*length, 0),
        Change::Write { at, bytes } => {
            let room = disk.len().saturating_sub(*at).min(bytes.len());
            if room > 0 {
                disk[*at..at + room].copy_from_slice(&bytes[..room]);
            }
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().cached.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let at = place(offset);
        let state = self.state();
        let bytes = state.cached.get(at..at + out.len()).ok_or(ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.state().change(Change::Length(place(length)));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.state().sync();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.state().change(Change::Write { at: place(offset), bytes: data.to_vec() });
        Ok(())
    }
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).expect("the test's disk fits into memory")
}

fn record(number: u64) -> Record {
    Record {
        transaction: Transaction::new(number),
        difficulty: Difficulty::MIN,
        seed: Seed::from(number),
        winner: PeerId::new(1),
    }
}

fn row(number: u64) -> CertifiedRecord {
    let signature = Signature::new(Arc::new([0xa5; 500]));
    CertifiedRecord {
        record: record(number),
        term: Term::FIRST,
        votes: vec![(PeerId::new(1), Some(signature))],
        noes: 0,
        starts: rounds::StartsDigest(number % 3),
    }
}

/// Returns what is committed as the `index`-th: in turn a promise, a yes, and the row.
fn step(index: u64) -> Durable {
    let number = index / 3;
    match index % 3 {
        0 => Durable::Promised(promised(number)),
        1 => Durable::Accepted(Accepted { term: Term::FIRST, record: record(number) }),
        _ => Durable::Record(row(number)),
    }
}

fn promised(number: u64) -> Promised {
    Promised { term: Term::new(number), draw: 0, leader: PeerId::new(1) }
}

/// Returns what is recovered after the first `count` steps.
fn after(count: u64) -> Recovered {
    let number = count / 3;
    let promise = if count.is_multiple_of(3) { number.checked_sub(1) } else { Some(number) };
    let state = rounds::State {
        members: None,
        promised: promise.map(promised),
        accepted: (count % 3 == 2).then(|| Accepted { term: Term::FIRST, record: record(number) }),
        ..rounds::State::default()
    };
    Recovered { state, log: 0..number }
}

/// Returns whether a step is synced: all but the rows, which a cut may take back.
fn syncs(index: u64) -> bool {
    index % 3 != 2
}

/// Opens the store, and returns its content, which is that of as many steps as one of these.
fn open(disk: &Disk, counts: RangeInclusive<u64>, seed: u64) -> (Database, Recovered, u64) {
    let opened = opening::open(|builder| builder.create_with_backend(disk.clone()));
    let (database, recovered) =
        opened.unwrap_or_else(|failure| panic!("seed {seed}, {counts:?} steps: {failure:?}"));
    let steps = counts.clone().find(|count| after(*count) == recovered);
    let steps = steps.unwrap_or_else(|| panic!("seed {seed}: {recovered:?}, {counts:?} steps"));
    let rows: Vec<CertifiedRecord> =
        tables::entries(&database, 0, usize::MAX).expect("it was just checked");
    assert_eq!(rows, recovered.log.clone().map(row).collect::<Vec<_>>(), "seed {seed}");
    (database, recovered, steps)
}

/// Takes steps until the power is cut, and returns how many may be found after that: those that
/// were synced, those that were not, and one that was under way.
fn step_until_cut(disk: &Disk, found: RangeInclusive<u64>, seed: u64) -> RangeInclusive<u64> {
    disk.cut_soon();
    let (mut synced, mut made) = found.into_inner();
    loop {
        let (database, mut recovered, steps) = open(disk, synced..=made, seed);
        (synced, made) = (steps, steps);
        for _ in 0..COMMITS_PER_OPENING {
            if disk.is_cut() {
                return synced..=made;
            }
            let durables = [step(made)];
            let (after, changes) = apply_all(&recovered, &durables).expect("it is the next row");
            tables::put(&database, &recovered, &after, &changes, syncs(made))
                .expect("the process does not see the cut");
            made += 1;
            // A commit that was cut off in the middle was never reported as done.
            if disk.is_cut() {
                return synced..=made;
            }
            recovered = after;
            if syncs(made - 1) {
                synced = made;
            }
        }
        tables::sync(&database).expect("the process does not see the cut");
        if disk.is_cut() {
            return synced..=made;
        }
        synced = made;
    }
}

#[test]
fn a_power_cut_takes_nothing_that_was_synced() {
    for seed in 0..STORES {
        let mut disk = Disk::new(seed);
        let created = Database::builder().create_with_backend(disk.clone());
        tables::create(&created.expect("the disk is empty"), opening::FORMAT)
            .expect("nothing is cut yet");
        let mut found = 0..=0;
        for _ in 0..CUTS {
            found = step_until_cut(&disk, found, seed);
            disk = disk.restart();
        }
        open(&disk, found, seed);
    }
}
