//! The cost of a search: hashes per second, and the time it takes to start and to stop.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::{LazyLock, mpsc};
use std::thread;

use althing_pow::{Job, Miner, Outcome, Parallelism, Progress, Puzzle, Task, Work, search};
use althing_types::{Difficulty, PeerId, Transaction};
use divan::Bencher;
use divan::counter::ItemsCount;
use sha1::{Digest, Sha1};

const PUZZLES: [Puzzle; 3] = [Puzzle::SHA1_INTEGER, Puzzle::SHA1_DECIMAL, Puzzle::SHA1_TEXT];

/// Where the rates are measured: eight decimal digits, four bytes, four characters.
const START: u64 = 20_000_000;

fn main() {
    divan::main();
}

/// A job that nothing solves.
fn endless(puzzle: &Puzzle, range: std::ops::Range<u64>) -> Job {
    Job::new(work(puzzle, Difficulty::MAX), range)
}

fn work(puzzle: &Puzzle, difficulty: Difficulty) -> Work {
    let (transaction, finder) = (Transaction::FIRST, PeerId::new(1));
    let task = Task { transaction, difficulty, finder, salt: 0 };
    puzzle.work(&task).expect("it can be searched")
}

/// One thread per processor. Read only once, since asking the system takes longer than an easy
/// search.
static ALL_THREADS: LazyLock<NonZeroUsize> =
    LazyLock::new(|| thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));

/// Starts a miner that sends its outcome into the channel.
fn start(job: Job, threads: NonZeroUsize) -> (Miner, mpsc::Receiver<Outcome>) {
    let (sender, outcomes) = mpsc::channel();
    let miner = Miner::start(job, Parallelism::of(threads), move |outcome| {
        sender.send(outcome).expect("the bench waits for the outcome");
    });
    (miner, outcomes)
}

/// Hashes per second.
#[divan::bench_group(sample_count = 40, sample_size = 1)]
mod rate {
    use super::*;

    const HASHES: u64 = 1 << 20;

    /// What a search would do with the `sha1` crate's own interface.
    #[divan::bench]
    fn sha1_crate_per_call(bencher: Bencher) {
        bencher.counter(ItemsCount::new(HASHES)).bench(|| {
            for index in START..START + HASHES {
                black_box(Sha1::digest(black_box(index.to_be_bytes())));
            }
        });
    }

    #[divan::bench(args = PUZZLES)]
    fn one_thread(bencher: Bencher, puzzle: &Puzzle) {
        let job = endless(puzzle, START..START + HASHES);
        bencher
            .counter(ItemsCount::new(HASHES))
            .bench(|| search(black_box(&job), &Progress::new()));
    }

    #[divan::bench(args = PUZZLES)]
    fn all_threads(bencher: Bencher, puzzle: &Puzzle) {
        bencher.counter(ItemsCount::new(16 * HASHES)).bench(|| {
            let job = endless(puzzle, START..START + 16 * HASHES);
            let (_miner, outcomes) = start(job, *ALL_THREADS);
            outcomes.recv().expect("every search ends")
        });
    }
}

/// From the start of a miner to its answer, at the lowest difficulty.
#[divan::bench(args = PUZZLES, sample_count = 1000, sample_size = 1)]
fn start_to_answer(puzzle: &Puzzle) -> Outcome {
    let job = Job::new(work(puzzle, Difficulty::MIN), 0..u64::MAX);
    let (_miner, outcomes) = start(job, *ALL_THREADS);
    outcomes.recv().expect("every search ends")
}

/// From the call of `cancel` to the outcome, on all threads.
#[divan::bench(args = PUZZLES, sample_count = 300, sample_size = 1)]
fn cancel_to_done(bencher: Bencher, puzzle: &Puzzle) {
    bencher
        .with_inputs(|| {
            let running = start(endless(puzzle, 0..u64::MAX), *ALL_THREADS);
            while running.0.hashes() < 100_000 {
                thread::yield_now();
            }
            running
        })
        .bench_values(|(miner, outcomes)| {
            miner.cancel();
            outcomes.recv().expect("every search ends")
        });
}
