use std::time::Duration;

use althing_pow::{Job, Outcome, Progress, Puzzle, search};
use althing_types::{Difficulty, Seed, Transaction};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::chance::exponential;

/// What a simulated miner searches for.
///
/// Searching is a random process: how long it takes is drawn, and only when it comes to its end is
/// a real solution looked for. Most searches end before, since somebody else was faster.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search {
    pub(crate) transaction: Transaction,
    puzzle: Puzzle,
    difficulty: Difficulty,
}

/// Bits of a challenge that a simulated miner can solve; each takes twice the time to look for.
pub(crate) const SOLVABLE_BITS_MAX: u16 = 22;

impl Search {
    pub(crate) fn new(transaction: Transaction, puzzle: Puzzle, difficulty: Difficulty) -> Self {
        Self { transaction, puzzle, difficulty }
    }

    /// Returns how long the search takes at so many hashes a second, or `None` if it is hopeless.
    pub(crate) fn time(&self, hashes_per_second: f64, rng: &mut ChaCha8Rng) -> Option<Duration> {
        let bits = self.difficulty.bits();
        if bits > SOLVABLE_BITS_MAX {
            return None;
        }
        let mean = f64::from(1_u32 << bits) / hashes_per_second;
        let mean = Duration::try_from_secs_f64(mean).ok()?;
        Some(exponential(mean, rng))
    }

    /// Returns a solution.
    pub(crate) fn solution(&self, rng: &mut ChaCha8Rng) -> Option<Seed> {
        let Self { puzzle, difficulty, .. } = *self;
        solution(puzzle, difficulty, rng.random_range(0..1 << 32))
    }
}

/// Returns the first solution from the candidate `from` on.
pub(crate) fn solution(puzzle: Puzzle, difficulty: Difficulty, from: u64) -> Option<Seed> {
    if difficulty.bits() > SOLVABLE_BITS_MAX {
        return None;
    }
    let job = Job::new(puzzle.work(difficulty), from..puzzle.candidates());
    match search(&job, &Progress::new()) {
        Outcome::Found(index) => Some(puzzle.candidate(index)),
        Outcome::Exhausted | Outcome::Cancelled => None,
    }
}
