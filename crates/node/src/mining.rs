use althing_pow::{Answers, Effort, Job, Miner, Outcome, Puzzle};
use althing_types::{Difficulty, Seed, Transaction};
use tokio::sync::mpsc;

/// The peer's one search, and the way its answer comes back.
pub(crate) struct Mining {
    effort: Effort,
    /// What solved earlier challenges, unless that is not to be used.
    known: Option<Answers>,
    running: Option<Miner>,
    /// Counts searches, so that the answer of an earlier one is known as such.
    search: u64,
    /// Hashes of searches that have ended.
    hashes: u64,
    answers: mpsc::UnboundedSender<Answer>,
}

/// What a search came to.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    search: u64,
    transaction: Transaction,
    /// What it found, if anything.
    seed: Option<Seed>,
}

/// Seeds begin below this: as small as the published programs' own.
const SEED_START_MAX: u64 = 1 << 31;

impl Mining {
    pub(crate) fn new(
        effort: Effort,
        known: Option<Answers>,
    ) -> (Self, mpsc::UnboundedReceiver<Answer>) {
        // At most one answer a search, and a search is not begun before the last one is answered
        // or given up: the channel holds what a peer's own engine asks for.
        let (answers, received) = mpsc::unbounded_channel();
        (Self { effort, known, running: None, search: 0, hashes: 0, answers }, received)
    }

    /// Takes note of a seed that solved something, whoever found it.
    pub(crate) fn learn(&mut self, seed: &Seed) {
        if let Some(known) = &mut self.known {
            known.learn(seed);
        }
    }

    /// Begins a search instead of the one that is running, unless the answer is known. It starts
    /// anywhere, so that different peers find different solutions.
    pub(crate) fn start(
        &mut self,
        transaction: Transaction,
        puzzle: Puzzle,
        difficulty: Difficulty,
    ) {
        self.cancel();
        self.search += 1;
        if let Some(seed) = self.known.as_ref().and_then(|known| known.solution(difficulty)) {
            let (search, seed) = (self.search, Some(seed.clone()));
            // Nobody listens any more when the node has stopped.
            let _ = self.answers.send(Answer { search, transaction, seed });
            return;
        }
        let start = rand::random::<u64>() % SEED_START_MAX;
        let job = Job::new(puzzle.work(difficulty), start..puzzle.candidates());
        let (search, answers) = (self.search, self.answers.clone());
        self.running = Some(Miner::start(job, self.effort, move |outcome| {
            let seed = match outcome {
                Outcome::Found(index) => Some(puzzle.candidate(index)),
                Outcome::Exhausted | Outcome::Cancelled => None,
            };
            // As above.
            let _ = answers.send(Answer { search, transaction, seed });
        }));
    }

    pub(crate) fn cancel(&mut self) {
        // Whatever comes of it is of an earlier search now.
        self.search += 1;
        if let Some(miner) = self.running.take() {
            miner.cancel();
            self.hashes += miner.hashes();
        }
    }

    /// Returns the solution that `answer` brings, if it is of the last search.
    pub(crate) fn take(&mut self, answer: Answer) -> Option<(Transaction, Seed)> {
        if answer.search != self.search {
            return None;
        }
        self.cancel();
        Some((answer.transaction, answer.seed?))
    }

    /// Returns how many hashes were tried.
    pub(crate) fn hashes(&self) -> u64 {
        self.hashes + self.running.as_ref().map_or(0, Miner::hashes)
    }
}
