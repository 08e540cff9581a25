//! A peer's one search for a solution: on threads of its own, by miners of other processes, or
//! both.

use althing_engine::{ProofOfWork, SearchId};
use althing_pow::{Job, Miner, Outcome, Parallelism};
use tokio::sync::{mpsc, watch};

/// The search that is running, and the way its answer comes back.
pub(crate) struct Mining<W: ProofOfWork> {
    /// How much of the machine its own threads may use; `None` if only other processes search.
    parallelism: Option<Parallelism>,
    /// The channel through which miners of other processes learn of the search.
    searches: Option<watch::Sender<Option<W>>>,
    running: Option<Running<W>>,
    /// Hashes of parts that are over.
    hashes: u64,
    answers: mpsc::UnboundedSender<Answer>,
}

struct Running<W> {
    id: SearchId,
    work: W,
    part: u32,
    miner: Option<Miner>,
}

/// How the search of one part ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    search: SearchId,
    part: u32,
    outcome: Outcome,
}

impl<W: ProofOfWork> Mining<W> {
    pub(crate) fn new(
        parallelism: Option<Parallelism>,
        searches: Option<watch::Sender<Option<W>>>,
    ) -> (Self, mpsc::UnboundedReceiver<Answer>) {
        // There is at most one answer for each part that the peer's own engine asked for, and
        // other peers cannot add any: the channel needs no bound.
        let (answers, received) = mpsc::unbounded_channel();
        (Self { parallelism, searches, running: None, hashes: 0, answers }, received)
    }

    /// Begins a search instead of the one that is running.
    pub(crate) fn start(&mut self, id: SearchId, work: W) {
        self.tell(Some(&work));
        self.search(id, work, 0);
    }

    /// Ends the search, also that of other processes.
    pub(crate) fn cancel(&mut self) {
        self.stop();
        self.tell(None);
    }

    /// Returns the solution that `answer` brings, if it is of the search that is running. When a
    /// part has none, the search goes on with the next one.
    pub(crate) fn take(&mut self, answer: Answer) -> Option<(SearchId, W::Solution)> {
        let Answer { search, part, outcome } = answer;
        let is_running = |running: &Running<W>| (running.id, running.part) == (search, part);
        if !self.running.as_ref().is_some_and(is_running) {
            return None;
        }
        let work = self.stop()?;
        match outcome {
            // Other processes go on until the engine says otherwise: it may not want this one.
            Outcome::Found(index) => Some((search, work.solution(part, index))),
            Outcome::Exhausted => {
                self.search(search, work, part.checked_add(1)?);
                None
            }
            Outcome::Cancelled => None,
        }
    }

    /// Returns the work of the running search.
    pub(crate) fn work(&self) -> Option<&W> {
        self.running.as_ref().map(|running| &running.work)
    }

    /// Returns how many hashes were tried here.
    pub(crate) fn hashes(&self) -> u64 {
        let miner = self.running.as_ref().and_then(|running| running.miner.as_ref());
        self.hashes + miner.map_or(0, Miner::hashes)
    }

    /// Ends the search of this process, and returns its work.
    pub(crate) fn stop(&mut self) -> Option<W> {
        let Running { work, miner, .. } = self.running.take()?;
        if let Some(miner) = miner {
            miner.cancel();
            self.hashes += miner.hashes();
        }
        Some(work)
    }

    fn search(&mut self, search: SearchId, work: W, part: u32) {
        self.stop();
        let Some(hashed) = work.part(part) else { return };
        let miner = self.parallelism.map(|parallelism| {
            let first = rand::random_range(0..W::FIRST_CANDIDATE_MAX);
            let range = first..hashed.candidates();
            let answers = self.answers.clone();
            Miner::start(Job::new(hashed, range), parallelism, move |outcome| {
                // The receiver is gone once the node has stopped.
                let _ = answers.send(Answer { search, part, outcome });
            })
        });
        self.running = Some(Running { id: search, work, part, miner });
    }

    fn tell(&self, work: Option<&W>) {
        if let Some(searches) = &self.searches {
            searches.send_replace(work.cloned());
        }
    }
}

#[cfg(test)]
mod tests {
    use althing_pow::{Goal, Hash, Nonce, Template, Work};

    use super::*;

    /// Work with solutions in each of its first two parts.
    #[derive(Clone, Debug, PartialEq)]
    struct TwoParts;

    impl ProofOfWork for TwoParts {
        type Solution = (u32, u64);

        const FIRST_CANDIDATE_MAX: u64 = 1;

        fn part(&self, part: u32) -> Option<Work> {
            let template = Template::bare(Nonce::Decimal);
            let goal = Goal::LeadingZeroBits(256);
            (part < 2).then_some(Work { hash: Hash::Sha256, template, goal })
        }

        fn solution(&self, part: u32, index: u64) -> (u32, u64) {
            (part, index)
        }
    }

    /// Returns a search without threads, so that the test can give the answers.
    fn mining() -> (Mining<TwoParts>, watch::Receiver<Option<TwoParts>>) {
        let (told, searches) = watch::channel(None);
        (Mining::new(None, Some(told)).0, searches)
    }

    fn answer(search: u64, part: u32, outcome: Outcome) -> Answer {
        Answer { search: SearchId(search), part, outcome }
    }

    #[test]
    fn the_next_part_is_searched_when_one_is_exhausted() {
        let (mut mining, searches) = mining();
        mining.start(SearchId(1), TwoParts);
        assert_eq!(mining.take(answer(1, 0, Outcome::Exhausted)), None);
        // Any further answer of the first part is too late.
        assert_eq!(mining.take(answer(1, 0, Outcome::Found(3))), None);
        assert_eq!(*searches.borrow(), Some(TwoParts));
        assert_eq!(mining.take(answer(1, 1, Outcome::Found(7))), Some((SearchId(1), (1, 7))));
        assert_eq!(mining.work(), None);
    }

    #[test]
    fn a_search_ends_with_its_last_part() {
        let (mut mining, _) = mining();
        mining.start(SearchId(1), TwoParts);
        for part in 0..2 {
            assert_eq!(mining.take(answer(1, part, Outcome::Exhausted)), None);
        }
        assert_eq!(mining.work(), None);
    }

    #[test]
    fn the_answer_of_an_earlier_search_is_dropped() {
        let (mut mining, searches) = mining();
        mining.start(SearchId(1), TwoParts);
        mining.start(SearchId(2), TwoParts);
        assert_eq!(mining.take(answer(1, 0, Outcome::Found(3))), None);
        assert_eq!(mining.work(), Some(&TwoParts));
        mining.cancel();
        assert_eq!(mining.take(answer(2, 0, Outcome::Found(3))), None);
        assert_eq!(*searches.borrow(), None);
    }
}
