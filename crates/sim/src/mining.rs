//! Searches in virtual time.
//!
//! Searching is a random process: how long it takes is drawn, and only when it comes to its end is
//! a real solution looked for. Most searches end before, since another peer was faster.

use std::time::Duration;

use althing_engine::ProofOfWork;
use althing_faults::solution_from;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::chance::exponential;

/// Most candidates that are tried for a solution: work that takes more is too hard to simulate.
const CANDIDATES_MAX: u64 = 1 << 32;

/// Draws the duration of a search that takes so many hashes on average, at so many hashes a second.
/// `None` if that is longer than any run.
pub(crate) fn time(hashes: f64, hashes_per_second: f64, rng: &mut ChaCha8Rng) -> Option<Duration> {
    let mean = Duration::try_from_secs_f64(hashes / hashes_per_second).ok()?;
    Some(exponential(mean, rng))
}

/// Returns a solution, from a random candidate on.
pub(crate) fn solution<W: ProofOfWork>(work: &W, rng: &mut ChaCha8Rng) -> Option<W::Solution> {
    solution_from(work, rng.random_range(0..W::FIRST_CANDIDATE_MAX), CANDIDATES_MAX)
}
