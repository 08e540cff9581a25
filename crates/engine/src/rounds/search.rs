//! This peer's search, and its solution cache.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use althing_pow::{Puzzle, SolutionCache, Task};
use althing_types::{Seed, Transaction};

use super::{Output, Timer};
use crate::{ProofOfWork, SearchId};

/// The parts of a challenge that matter for solving it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Challenge {
    /// The kind of text that solves it.
    pub puzzle: Puzzle,
    /// The row, its difficulty, and the peer that searches.
    pub task: Task,
}

/// A search begins below this, so that seeds are as small as those of the published programs.
const SEED_START_MAX: u64 = 1 << 31;

impl ProofOfWork for Challenge {
    type Solution = Seed;

    const FIRST_CANDIDATE_MAX: u64 = SEED_START_MAX;

    fn part(&self, part: u32) -> Option<althing_pow::Work> {
        self.puzzle.work(&self.task).ok().filter(|_| part == 0)
    }

    fn solution(&self, _: u32, index: u64) -> Seed {
        self.puzzle.candidate(&self.task, index)
    }
}

/// The one search of a peer.
#[derive(Clone, Debug)]
pub(super) struct Search {
    id: SearchId,
    /// The challenge of the running search.
    running: Option<Challenge>,
    /// The solution cache, if there is one.
    cache: Option<SolutionCache>,
}

impl Search {
    pub(super) fn new(cache: Option<SolutionCache>) -> Self {
        Self { id: SearchId::default(), running: None, cache }
    }

    /// Adds a seed that solved a challenge to the cache, whichever peer found it.
    pub(super) fn learn(&mut self, seed: &Seed) {
        if let Some(cache) = &mut self.cache {
            cache.learn(seed);
        }
    }

    /// Starts a search instead of the running one, unless a solution is cached.
    pub(super) fn start(&mut self, challenge: Challenge, out: &mut Vec<Output>) {
        if self.known(&challenge).is_some() {
            self.cancel(out);
        }
        self.id = self.id.next();
        let is_known = self.known(&challenge).is_some();
        self.running = Some(challenge.clone());
        out.push(match is_known {
            // A timer, so that a cached solution is handled like one that a search finds.
            true => Output::SetTimer { after: Duration::ZERO, timer: Timer::Known(self.id) },
            false => Output::Search { id: self.id, work: challenge },
        });
    }

    /// Ends the search, if one is running.
    pub(super) fn cancel(&mut self, out: &mut Vec<Output>) {
        self.running = None;
        out.push(Output::CancelSearch);
    }

    /// Ends the search that has found a solution, and returns its challenge; `None` if it is not
    /// the running one.
    pub(super) fn finish(&mut self, id: SearchId) -> Option<Transaction> {
        Some(self.running.take_if(|_| id == self.id)?.task.transaction)
    }

    /// Ends the search whose solution is cached, and returns its challenge and the solution.
    pub(super) fn finish_known(&mut self, id: SearchId) -> Option<(Transaction, Seed)> {
        let challenge = self.running.as_ref().filter(|_| id == self.id)?;
        let seed = self.known(challenge)?.clone();
        Some((self.finish(id)?, seed))
    }

    fn known(&self, challenge: &Challenge) -> Option<&Seed> {
        self.cache.as_ref()?.solution(challenge.task.difficulty)
    }
}

/// Ignores the number of earlier searches: it does not affect what a peer does next, but a model
/// checker would take it for a difference.
impl Hash for Search {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.running.hash(state);
    }
}
