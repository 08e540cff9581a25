use std::num::NonZeroUsize;

use althing_pow::{Effort, Job, Miner, Outcome, Puzzle};
use althing_types::{Difficulty, Seed, Transaction};
use tokio::sync::mpsc;

/// The peer's one search, and the way its answer comes back.
pub(crate) struct Mining {
    threads: NonZeroUsize,
    running: Option<Miner>,
    /// Counts searches, so that the answer of an earlier one is known as such.
    search: u64,
    /// Hashes of searches that have ended.
    hashes: u64,
    answers: mpsc::UnboundedSender<Answer>,
}

/// What a search came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    search: u64,
    transaction: Transaction,
    puzzle: Puzzle,
    outcome: Outcome,
}

/// Seeds begin below this: as small as the published programs' own.
const SEED_START_MAX: u64 = 1 << 31;

impl Mining {
    pub(crate) fn new(threads: NonZeroUsize) -> (Self, mpsc::UnboundedReceiver<Answer>) {
        // At most one answer a search, and a search is not begun before the last one is answered
        // or given up: the channel holds what a peer's own engine asks for.
        let (answers, received) = mpsc::unbounded_channel();
        (Self { threads, running: None, search: 0, hashes: 0, answers }, received)
    }

    /// Begins a search instead of the one that is running. It starts anywhere, so that different
    /// peers find different solutions.
    pub(crate) fn start(
        &mut self,
        transaction: Transaction,
        puzzle: Puzzle,
        difficulty: Difficulty,
    ) {
        self.cancel();
        self.search += 1;
        let start = rand::random::<u64>() % SEED_START_MAX;
        let job = Job::new(puzzle.work(difficulty), start..puzzle.candidates());
        let (search, answers) = (self.search, self.answers.clone());
        self.running = Some(Miner::start(job, Effort::of(self.threads), move |outcome| {
            // Nobody listens any more when the node has stopped.
            let _ = answers.send(Answer { search, transaction, puzzle, outcome });
        }));
    }

    pub(crate) fn cancel(&mut self) {
        if let Some(miner) = self.running.take() {
            miner.cancel();
            self.hashes += miner.hashes();
        }
    }

    /// Returns the solution that `answer` brings, if it is of the search that is running.
    pub(crate) fn take(&mut self, answer: Answer) -> Option<(Transaction, Seed)> {
        if answer.search != self.search || self.running.is_none() {
            return None;
        }
        self.cancel();
        match answer.outcome {
            Outcome::Found(index) => Some((answer.transaction, answer.puzzle.candidate(index))),
            Outcome::Exhausted | Outcome::Cancelled => None,
        }
    }

    /// Returns how many hashes were tried.
    pub(crate) fn hashes(&self) -> u64 {
        self.hashes + self.running.as_ref().map_or(0, Miner::hashes)
    }
}
