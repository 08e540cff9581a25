//! How a dishonest peer finds a solution that was not asked for.

use althing_engine::ProofOfWork;
use althing_pow::{Job, Outcome, Progress, search};

/// Returns the first solution among so many candidates from `first` on. Searches on the caller's
/// thread.
pub fn solution_from<W: ProofOfWork>(work: &W, first: u64, candidates: u64) -> Option<W::Solution> {
    let job = Job::new(work.part(0)?, first..first.saturating_add(candidates));
    match search(&job, &Progress::new()) {
        Outcome::Found(index) => Some(work.solution(0, index)),
        Outcome::Exhausted | Outcome::Cancelled => None,
    }
}
