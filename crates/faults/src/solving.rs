//! How a dishonest peer finds a solution that was not asked for.

use althing_engine::ProofOfWork;
use althing_pow::{Job, Outcome, Progress, search};

/// Most candidates that are tried for a solution: work that takes more is too hard to simulate.
const CANDIDATES_MAX: u64 = 1 << 32;

/// Returns the first solution from the candidate `first` on. Searches on the caller's thread.
pub fn solution_from<W: ProofOfWork>(work: &W, first: u64) -> Option<W::Solution> {
    let job = Job::new(work.part(0)?, first..first + CANDIDATES_MAX);
    match search(&job, &Progress::new()) {
        Outcome::Found(index) => Some(work.solution(0, index)),
        Outcome::Exhausted | Outcome::Cancelled => None,
    }
}
