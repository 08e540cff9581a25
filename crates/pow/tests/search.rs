//! What a search guarantees, whatever the puzzle and the number of threads.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::mpsc;
use std::thread;

use althing_pow::{Job, Miner, Outcome, Parallelism, Progress, Puzzle, Task, search};
use althing_types::{Difficulty, PeerId, Transaction};
use proptest::prelude::*;

const PUZZLES: [Puzzle; 3] = [Puzzle::SHA1_INTEGER, Puzzle::SHA1_DECIMAL, Puzzle::SHA1_TEXT];

fn task(bits: u64) -> Task {
    let difficulty = Difficulty::from_bits(bits).expect("the tests' difficulties are in range");
    Task { transaction: Transaction::FIRST, difficulty, finder: PeerId::new(1), salt: 0 }
}

fn job(puzzle: &Puzzle, bits: u64, range: Range<u64>) -> Job {
    Job::new(puzzle.work(&task(bits)).expect("it can be searched"), range)
}

/// A job without a solution, too long to finish.
fn endless(puzzle: &Puzzle) -> Job {
    job(puzzle, 160, 0..u64::MAX)
}

/// Returns what a search should find, by checking each candidate on its own.
fn expected(job: &Job) -> Outcome {
    match job.range.clone().find(|index| job.work.is_solved_by(*index)) {
        Some(index) => Outcome::Found(index),
        None => Outcome::Exhausted,
    }
}

/// Starts a miner that sends its outcome into the channel.
fn start(job: Job, threads: usize) -> (Miner, mpsc::Receiver<Outcome>) {
    let (sender, outcomes) = mpsc::channel();
    let threads = NonZeroUsize::new(threads).expect("the tests use some threads");
    let miner = Miner::start(job, Parallelism::of(threads), move |outcome| {
        sender.send(outcome).expect("the test waits for the outcome");
    });
    (miner, outcomes)
}

/// Runs a miner to its end. Returns the outcome and the number of hashes.
fn mine(job: Job, threads: usize) -> (Outcome, u64) {
    let (miner, outcomes) = start(job, threads);
    let outcome = outcomes.recv().expect("every search ends");
    assert!(outcomes.recv().is_err(), "the search ended twice");
    (outcome, miner.hashes())
}

/// Returns the indexes where messages become a byte longer.
fn boundaries(puzzle: &Puzzle) -> Vec<u64> {
    match puzzle {
        _ if *puzzle == Puzzle::SHA1_INTEGER => (0..8).map(|length| 256_u64.pow(length)).collect(),
        _ if *puzzle == Puzzle::SHA1_DECIMAL => (1..20).map(|length| 10_u64.pow(length)).collect(),
        _ => (4..=10)
            .map(|length| 3_464_840 + (4..length).map(|shorter| 94_u64.pow(shorter)).sum::<u64>())
            .collect(),
    }
}

#[test]
fn a_search_agrees_with_checking_where_messages_grow() {
    for puzzle in &PUZZLES {
        for boundary in boundaries(puzzle) {
            for before in [0, 1, 2, 40, 300] {
                let start = boundary.saturating_sub(before);
                for bits in [1, 2, 5, 8] {
                    let job = job(puzzle, bits, start..start + 400);
                    assert_eq!(search(&job, &Progress::new()), expected(&job), "{job:?}");
                }
            }
        }
    }
}

#[test]
fn the_last_candidates_can_be_searched() {
    for puzzle in &PUZZLES {
        for length in [1, 100, 5000] {
            let job = job(puzzle, 160, u64::MAX - length..u64::MAX);
            assert_eq!(mine(job, 3), (Outcome::Exhausted, length));
        }
    }
}

#[test]
fn an_empty_or_reversed_range_is_exhausted_without_a_hash() {
    for (start, end) in [(0, 0), (7, 7), (u64::MAX, u64::MAX), (9, 3), (u64::MAX, 0)] {
        let job = job(&Puzzle::SHA1_TEXT, 1, start..end);
        let progress = Progress::new();
        assert_eq!(search(&job, &progress), Outcome::Exhausted);
        assert_eq!(progress.hashes(), 0);
        assert_eq!(mine(job, 64), (Outcome::Exhausted, 0));
    }
}

#[test]
fn a_range_may_end_just_before_or_after_its_solution() {
    // 83 is the first number with six bits.
    let before = job(&Puzzle::SHA1_INTEGER, 6, 0..83);
    let with = job(&Puzzle::SHA1_INTEGER, 6, 0..84);
    assert_eq!(mine(before, 2), (Outcome::Exhausted, 83));
    assert_eq!(mine(with, 2), (Outcome::Found(83), 84));
}

#[test]
fn a_cancelled_search_ends_and_says_so() {
    for puzzle in &PUZZLES {
        let (miner, outcomes) = start(endless(puzzle), 4);
        while miner.hashes() < 20_000 {
            thread::yield_now();
        }
        miner.cancel();
        assert_eq!(outcomes.recv(), Ok(Outcome::Cancelled));
        assert!(outcomes.recv().is_err(), "the search ended twice");
    }
}

#[test]
fn a_dropped_miner_cancels_its_search() {
    let (miner, outcomes) = start(endless(&Puzzle::SHA1_DECIMAL), 2);
    drop(miner);
    assert_eq!(outcomes.recv(), Ok(Outcome::Cancelled));
}

#[test]
fn a_search_cancelled_before_it_begins_does_nothing() {
    let progress = Progress::new();
    progress.cancel();
    assert!(progress.is_cancelled());
    assert_eq!(search(&endless(&Puzzle::SHA1_INTEGER), &progress), Outcome::Cancelled);
    assert_eq!(progress.hashes(), 0);
}

#[test]
fn the_outcome_comes_from_a_named_thread() {
    let (sender, names) = mpsc::channel();
    let job = job(&Puzzle::SHA1_INTEGER, 1, 0..100);
    let _miner = Miner::start(job, Parallelism::of(NonZeroUsize::MIN), move |_| {
        let name = thread::current().name().map(str::to_owned);
        sender.send(name).expect("the test waits for the name");
    });
    assert_eq!(names.recv(), Ok(Some("miner".to_owned())));
}

fn any_puzzle() -> impl Strategy<Value = Puzzle> {
    prop::sample::select(&PUZZLES[..])
}

proptest! {
    #[test]
    fn a_search_agrees_with_checking(
        puzzle in any_puzzle(),
        bits in 1..12_u64,
        start in 0..u64::MAX - 5000,
        length in 0..5000_u64,
    ) {
        let job = job(&puzzle, bits, start..start + length);
        prop_assert_eq!(search(&job, &Progress::new()), expected(&job));
    }

    #[test]
    fn the_answer_does_not_depend_on_the_threads(
        puzzle in any_puzzle(),
        bits in 1..20_u64,
        start in 0..1_000_000_000_u64,
        length in 0..200_000_u64,
        threads in 2..9_usize,
    ) {
        let job = job(&puzzle, bits, start..start + length);
        let (outcome, hashes) = mine(job.clone(), threads);
        prop_assert!(hashes <= length);
        prop_assert_eq!(outcome, search(&job, &Progress::new()));
    }

    #[test]
    fn what_is_found_solves_the_challenge(
        puzzle in any_puzzle(),
        bits in 1..15_u64,
        start in 0..u64::MAX / 2,
    ) {
        let job = job(&puzzle, bits, start..u64::MAX);
        let Outcome::Found(index) = search(&job, &Progress::new()) else {
            return Err(TestCaseError::fail("a range without end holds a solution"));
        };
        let seed = puzzle.candidate(&task(bits), index);
        let difficulty = Difficulty::from_bits(bits).expect("in range");
        prop_assert_eq!(puzzle.check(&seed, Transaction::FIRST, difficulty), Ok(()));
        let harder = Difficulty::from_bits(bits + 1).expect("in range");
        let easier = Difficulty::from_bits(bits.saturating_sub(1).max(1)).expect("in range");
        let solves = |wanted| puzzle.check(&seed, Transaction::FIRST, wanted).is_ok();
        if puzzle == Puzzle::SHA1_TEXT {
            prop_assert!(!solves(harder));
            prop_assert_eq!(solves(easier), easier == difficulty);
        } else {
            prop_assert!(solves(easier));
        }
    }
}
