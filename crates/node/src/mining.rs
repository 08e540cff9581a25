//! A peer's one search for a solution: on threads of its own, by miners of other processes, or
//! both; or a few candidates at a time, where people are to follow it.

use std::time::Duration;

use althing_engine::{ProofOfWork, SearchId};
use althing_pow::{Job, Miner, Outcome, Parallelism, Progress, Work, search};
use althing_types::Moment;
use tokio::sync::{mpsc, watch};

use crate::kernels::kernels;
use crate::pacing::Pacing;

/// The search that is running, and the way its answer comes back.
pub(crate) struct Mining<W: ProofOfWork> {
    /// How much of the machine its own threads may use; `None` if only other processes search.
    parallelism: Option<Parallelism>,
    /// The pace of its own searches, if they are to be followed.
    pacing: Option<&'static Pacing>,
    /// When the next search begins, if it has a pace.
    begin_at: Moment,
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
    here: Here,
}

/// What this process does for a search.
enum Here {
    /// Nothing.
    Nothing,
    /// It tries candidates on threads.
    Threads(Miner),
    /// It tries some candidates now and then.
    Paced(Paced),
}

/// A search that tries so many candidates a second.
struct Paced {
    job: Job,
    /// When it tries the next ones.
    at: Moment,
    hashes: u64,
}

/// The time between two tries of a search that has a pace.
const TRY_EVERY: Duration = Duration::from_millis(50);

/// Candidates of one try, which must not hold up the peer.
const TRY_MAX: u64 = 200_000;

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
        pacing: Option<&'static Pacing>,
        searches: Option<watch::Sender<Option<W>>>,
    ) -> (Self, mpsc::UnboundedReceiver<Answer>) {
        if parallelism.is_some() {
            // Now, and not while other peers search already.
            kernels();
        }
        // There is at most one answer for each part that the peer's own engine asked for, and
        // other peers cannot add any: the channel needs no bound.
        let (answers, received) = mpsc::unbounded_channel();
        let mining = Self {
            parallelism,
            pacing,
            begin_at: Moment::START,
            searches,
            running: None,
            hashes: 0,
            answers,
        };
        (mining, received)
    }

    /// Has the searches that follow begin at a moment, where they have a pace.
    pub(crate) fn begin_at(&mut self, at: Moment) {
        self.begin_at = at;
    }

    /// Returns when a search that has a pace tries the next candidates.
    pub(crate) fn wake_at(&self) -> Option<Moment> {
        match &self.running.as_ref()?.here {
            Here::Paced(paced) => Some(paced.at),
            Here::Nothing | Here::Threads(_) => None,
        }
    }

    /// Tries the candidates whose time has come, and returns the answer, if there is one.
    pub(crate) fn advance(&mut self, now: Moment) -> Option<Answer> {
        let per_second = self.pacing?.hashes_per_second();
        let Running { id, part, here: Here::Paced(paced), .. } = self.running.as_mut()? else {
            return None;
        };
        let outcome = paced.advance(now, per_second)?;
        Some(Answer { search: *id, part: *part, outcome })
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

    /// Ends what this process does for the search, which goes on with [`go_on`](Self::go_on).
    pub(crate) fn rest(&mut self) {
        let Some(running) = &mut self.running else { return };
        let here = std::mem::replace(&mut running.here, Here::Nothing);
        if let Here::Threads(miner) = &here {
            miner.cancel();
        }
        self.hashes += here.hashes();
    }

    /// Goes on with the search after a [rest](Self::rest), from another candidate on.
    pub(crate) fn go_on(&mut self, now: Moment) {
        let Some(Running { id, work, part, .. }) = self.running.take() else { return };
        self.begin_at = now;
        self.search(id, work, part);
    }

    /// Returns the solution that `answer` brings, if it is of the search that is running. When a
    /// part has none, the search goes on with the next one.
    pub(crate) fn take(&mut self, answer: Answer) -> Option<(SearchId, W::Solution)> {
        let Answer { search, part, outcome } = answer;
        let found = match outcome {
            Outcome::Found(index) => Some(index),
            Outcome::Exhausted => None,
            // It may have rested, and gone on since.
            Outcome::Cancelled => return None,
        };
        let is_running = |running: &Running<W>| (running.id, running.part) == (search, part);
        if !self.running.as_ref().is_some_and(is_running) {
            return None;
        }
        let work = self.stop()?;
        match found {
            // Other processes go on until the engine says otherwise: it may not want this one.
            Some(index) => Some((search, work.solution(part, index))),
            None => {
                self.search(search, work, part.checked_add(1)?);
                None
            }
        }
    }

    /// Returns the work of the running search.
    pub(crate) fn work(&self) -> Option<&W> {
        self.running.as_ref().map(|running| &running.work)
    }

    /// Returns how many hashes were tried here.
    pub(crate) fn hashes(&self) -> u64 {
        self.hashes + self.running.as_ref().map_or(0, |running| running.here.hashes())
    }

    /// Ends the search of this process, and returns its work.
    pub(crate) fn stop(&mut self) -> Option<W> {
        let Running { work, here, .. } = self.running.take()?;
        if let Here::Threads(miner) = &here {
            miner.cancel();
        }
        self.hashes += here.hashes();
        Some(work)
    }

    fn search(&mut self, search: SearchId, work: W, part: u32) {
        self.stop();
        let Some(hashed) = work.part(part) else { return };
        let here = match self.parallelism {
            None => Here::Nothing,
            Some(parallelism) => self.search_here(search, part, hashed, parallelism),
        };
        self.running = Some(Running { id: search, work, part, here });
    }

    fn search_here(
        &self,
        search: SearchId,
        part: u32,
        work: Work,
        parallelism: Parallelism,
    ) -> Here {
        let first = rand::random_range(0..W::FIRST_CANDIDATE_MAX);
        let (range, kernel) = (first..work.candidates(), kernels().of(work.hash));
        let job = Job { work, range, kernel };
        if self.pacing.is_some() {
            return Here::Paced(Paced { job, at: self.begin_at + TRY_EVERY, hashes: 0 });
        }
        let answers = self.answers.clone();
        Here::Threads(Miner::start(job, parallelism, move |outcome| {
            // The receiver is gone once the node has stopped.
            let _ = answers.send(Answer { search, part, outcome });
        }))
    }

    fn tell(&self, work: Option<&W>) {
        if let Some(searches) = &self.searches {
            searches.send_replace(work.cloned());
        }
    }
}

impl Here {
    fn hashes(&self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Threads(miner) => miner.hashes(),
            Self::Paced(paced) => paced.hashes,
        }
    }
}

impl Paced {
    /// Tries the candidates of the time that has passed, and returns how the search ended, if it
    /// has.
    fn advance(&mut self, now: Moment, per_second: f64) -> Option<Outcome> {
        if now < self.at {
            return None;
        }
        let past = TRY_EVERY + (now - self.at);
        // A few candidates a second are tried one by one, and not in fractions.
        let due = past.as_secs_f64() * per_second;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is small")]
        let count = (due as u64).clamp(1, TRY_MAX);
        let wait = if due < 1.0 { Duration::from_secs_f64(1.0 / per_second) } else { TRY_EVERY };
        self.at = now + wait;
        let end = self.job.range.start.saturating_add(count).min(self.job.range.end);
        let part = Job { range: self.job.range.start..end, ..self.job.clone() };
        let progress = Progress::new();
        let outcome = search(&part, &progress);
        self.hashes += progress.hashes();
        self.job.range.start = end;
        match outcome {
            Outcome::Exhausted if end < self.job.range.end => None,
            outcome => Some(outcome),
        }
    }
}

#[cfg(test)]
mod tests {
    use althing_pow::{Goal, Hash, Nonce, Template};

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
        (Mining::new(None, None, Some(told)).0, searches)
    }

    #[test]
    fn a_search_with_a_pace_tries_as_many_candidates_as_time_allows_for() {
        let at = |millis| Moment::from_start(Duration::from_millis(millis));
        let work = TwoParts.part(0).expect("a first part");
        let job = Job { kernel: kernels().of(work.hash), range: 0..10_000, work };
        let mut paced = Paced { job, at: at(1050), hashes: 0 };
        // Its first time is not over.
        assert_eq!(paced.advance(at(1049), 1000.0), None);
        assert_eq!(paced.hashes, 0);
        for time in (1050..=2000).step_by(50) {
            assert_eq!(paced.advance(at(time), 1000.0), None);
        }
        assert_eq!(paced.hashes, 1000);
        // What was missed is made up for, until there is nothing left.
        assert_eq!(paced.advance(at(11_000), 1000.0), Some(Outcome::Exhausted));
        assert_eq!(paced.hashes, 10_000);
    }

    #[test]
    fn a_very_slow_search_tries_one_candidate_after_another() {
        let at = |millis| Moment::from_start(Duration::from_millis(millis));
        let work = TwoParts.part(0).expect("a first part");
        let job = Job { kernel: kernels().of(work.hash), range: 0..10_000, work };
        let mut paced = Paced { job, at: at(50), hashes: 0 };
        let times = std::iter::from_fn(|| {
            assert_eq!(paced.advance(paced.at, 2.0), None);
            Some(paced.at)
        });
        assert!(times.take(3).eq([at(550), at(1050), at(1550)]));
    }

    #[test]
    fn a_search_with_a_pace_answers_with_its_solution() {
        let pacing = Pacing::start(1e6, 1.0);
        let parallelism = Parallelism::of(std::num::NonZeroUsize::MIN);
        let (mut mining, _answers) = Mining::new(Some(parallelism), Some(pacing), None);
        mining.begin_at(Moment::START);
        mining.start(SearchId(5), Easy);
        let answer = loop {
            let wake = mining.wake_at().expect("it searches");
            if let Some(answer) = mining.advance(wake) {
                break answer;
            }
        };
        let (search, index) = mining.take(answer).expect("it is the search that runs");
        assert_eq!(search, SearchId(5));
        assert!(Easy.part(0).expect("a part").is_solved_by(index));
        assert!(mining.hashes() > 0 && mining.wake_at().is_none());
    }

    #[test]
    fn a_search_that_rested_goes_on_and_its_cancelled_part_does_not_end_it() {
        let parallelism = Parallelism::of(std::num::NonZeroUsize::MIN);
        let pacing = Pacing::start(1000.0, 1.0);
        let (mut mining, _answers) = Mining::new(Some(parallelism), Some(pacing), None);
        let at = |millis| Moment::from_start(Duration::from_millis(millis));
        mining.begin_at(at(0));
        mining.start(SearchId(1), TwoParts);
        assert_eq!(mining.wake_at(), Some(at(50)));
        assert!(mining.advance(at(50)).is_none());
        assert_eq!(mining.hashes(), 50);
        mining.rest();
        assert_eq!((mining.wake_at(), mining.hashes()), (None, 50));
        mining.go_on(at(60_000));
        assert_eq!(mining.take(answer(1, 0, Outcome::Cancelled)), None);
        // It makes up for nothing.
        assert_eq!(mining.wake_at(), Some(at(60_050)));
        assert!(mining.advance(at(60_050)).is_none());
        assert_eq!(mining.hashes(), 100);
    }

    #[derive(Clone, Debug, PartialEq)]
    struct Easy;

    impl ProofOfWork for Easy {
        type Solution = u64;

        const FIRST_CANDIDATE_MAX: u64 = 1 << 30;

        fn part(&self, part: u32) -> Option<Work> {
            let template = Template::bare(Nonce::Decimal);
            let goal = Goal::LeadingZeroBits(12);
            (part == 0).then_some(Work { hash: Hash::Sha1, template, goal })
        }

        fn solution(&self, _: u32, index: u64) -> u64 {
            index
        }
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
