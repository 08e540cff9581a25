//! A process that is killed while it writes has kept all that it was told is kept.

use std::path::Path;

use althing_engine::rounds::{Durable, Recovered, State};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::common::{
    Child, Store, accepted, directory, identity, names, open, promised, row, seed,
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
