//! A process that is killed while it writes has kept all that it was told is kept.

use std::fs;
use std::ops::Range;
use std::path::Path;

use althing_engine::rounds::{Durable, Recovered, State};
use althing_engine::{self as engine, Change, Gap};
use althing_store::Store as AnyStore;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::common::{
    Child, Store, accepted, directory, file, identity, names, open, promised, row, seed,
};

/// Processes killed.
const KILLS: u32 = 40;

/// Processes killed about when they create the file.
const KILLS_AT_START: u32 = 15;

/// Turns of an empty loop before a kill: about as long as some commits take, or a start.
const MOMENT_MAX: u32 = 20_000;
const MOMENT_AT_START_MAX: u32 = 200_000;

/// The line that a process prints before it opens the file.
const STARTED: &str = "started";

/// Commits that a process is at most let make before it is killed.
const COMMITS_MAX: u64 = 120;

/// Returns what a peer commits as its `index`-th: in turn a promise, a yes, and the row.
fn step(index: u64) -> Durable {
    let number = index / 3;
    match index % 3 {
        0 => Durable::Promised(promised(number)),
        1 => Durable::Accepted(accepted(number)),
        _ => Durable::Record(row(number)),
    }
}

/// Returns what is recovered after the first `count` steps.
fn after(count: u64) -> Recovered {
    let latest = |kind: u64| (0..count).rev().find(|index| index % 3 == kind);
    let yes = latest(1).filter(|index| index + 1 == count);
    let state = State {
        members: None,
        promised: latest(0).map(|index| promised(index / 3)),
        accepted: yes.map(|index| accepted(index / 3)),
        ..State::default()
    };
    Recovered { state, log: 0..count / 3 }
}

/// Returns how many steps `store` has taken, or `None` if it is not as any number leaves it.
fn steps_in(store: &Store) -> Option<u64> {
    let recovered = store.recovered();
    let rows = store.next();
    (3 * rows..3 * rows + 3).find(|count| after(*count) == recovered)
}

#[test]
fn a_killed_process_keeps_what_it_has_committed() {
    let seed = seed();
    println!("SEED={seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let dir = directory();
    let mut steps = 0;
    for kill in 0..KILLS {
        let said = rng.random_range(0..COMMITS_MAX);
        let told = killed_after(dir.path(), said, rng.random_range(0..MOMENT_MAX));
        let store = open(dir.path());
        let kept = steps_in(&store);
        let told = told.unwrap_or(steps);
        // The last commit may have been made without being told.
        assert!(
            kept == Some(told) || kept == Some(told + 1),
            "SEED={seed}: after kill {kill} there are {kept:?} steps, where {told} were told"
        );
        steps = kept.expect("that was just checked");
        assert_rows(&store);
    }
    println!("{steps} steps in {KILLS} processes");
    assert_eq!(open(dir.path()).identity().expect("it is whole"), Some(identity()));
}

#[test]
fn a_process_killed_at_its_start_leaves_nothing_in_the_way() {
    let seed = seed();
    println!("SEED={seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..KILLS_AT_START {
        let dir = directory();
        let told = killed_after(dir.path(), 0, rng.random_range(0..MOMENT_AT_START_MAX));
        let kept = steps_in(&open(dir.path()));
        assert_eq!(names(dir.path()), ["althing.redb"]);
        let told = told.unwrap_or(0);
        assert!(kept == Some(told) || kept == Some(told + 1), "SEED={seed}: {kept:?} for {told}");
    }
}

/// Kills a process that writes, once it has told of `said` commits and a moment more has passed.
/// Returns the number of steps it told of last, if it told of any.
fn killed_after(dir: &Path, said: u64, moment: u32) -> Option<u64> {
    let mut child = Child::start("crash::writes_until_it_is_killed", dir);
    child.read_until(STARTED);
    let mut told: Vec<String> = (0..said).map_while(|_| child.line()).collect();
    for _ in 0..moment {
        std::hint::spin_loop();
    }
    told.extend(child.kill());
    told.last().map(|line| line.parse().expect("the child tells numbers"))
}

fn assert_rows(store: &Store) {
    let rows: Vec<_> = store.all_entries().collect::<Result<_, _>>().expect("it is whole");
    assert_eq!(rows.len() as u64, store.next());
    for (wanted, (number, found)) in (0..).zip(rows) {
        assert_eq!((number, found), (wanted, row(wanted)));
    }
}

#[test]
#[ignore = "the child process of the tests above"]
fn writes_until_it_is_killed() {
    let Some(dir) = Child::directory() else { return };
    Child::say(STARTED);
    let mut store = open(&dir);
    store.set_identity(&identity()).expect("it is the same each time");
    let start = steps_in(&store).expect("it is as some number of steps left it");
    for index in start.. {
        store.commit(&[step(index)]).expect("there is room");
        Child::say(&(index + 1).to_string());
    }
}

/// An entry of a log, and whether it must be on disk at once.
#[derive(Clone, Debug, PartialEq)]
struct Numbered {
    number: u64,
    is_urgent: bool,
}

impl engine::Durable for Numbered {
    type Entry = u64;
    type State = ();

    fn change<'a>(&'a self, (): &mut (), _: &Range<u64>) -> Result<Option<Change<'a, u64>>, Gap> {
        Ok(Some(Change { from: self.number, entries: std::slice::from_ref(&self.number) }))
    }

    fn needs_sync(&self) -> bool {
        self.is_urgent
    }
}

#[test]
fn what_need_not_be_synced_is_read_at_once_and_lost_in_a_crash_before_the_next_sync() {
    let dir = directory();
    let mut store = AnyStore::open(dir.path()).expect("it is empty");
    let commit = |store: &mut AnyStore<Numbered>, number, is_urgent| {
        store.commit(&[Numbered { number, is_urgent }]).expect("there is room");
        assert_eq!(store.reader().entry(number).expect("it is whole"), Some(number));
        // What a process leaves that is killed now.
        let killed = directory();
        fs::copy(file(dir.path()), file(killed.path())).expect("there is room");
        AnyStore::<Numbered>::open(killed.path()).expect("it is whole").next()
    };
    assert_eq!(commit(&mut store, 0, true), 1);
    assert_eq!(commit(&mut store, 1, false), 1);
    assert_eq!(commit(&mut store, 2, false), 1);
    assert_eq!(commit(&mut store, 3, true), 4);
    assert_eq!(commit(&mut store, 4, false), 4);
    store.sync().expect("there is room");
    assert_eq!(commit(&mut store, 5, false), 5);
    // One batch is synced as a whole.
    store.commit(&[6, 7].map(|number| Numbered { number, is_urgent: number == 6 })).expect("room");
    assert_eq!(commit(&mut store, 8, false), 8);
}
