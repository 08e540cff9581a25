use althing_engine::nakamoto::SearchId;
use althing_ledger::{Entry, Preimage, Target, Template};
use althing_pow::{
    Effort, Goal, HEADER_WITHOUT_NONCE, Hash, Job, Miner, Nonce, Outcome, Template as Message, Work,
};
use althing_types::Height;
use tokio::sync::{mpsc, watch};

/// The peer's one search, and the way its answer comes back.
pub(super) struct Mining {
    /// What its own threads may take, if it has any.
    effort: Option<Effort>,
    /// Where miners of other processes are told of the search.
    work: Option<watch::Sender<Option<Template>>>,
    running: Option<Running>,
    /// Hashes of searches that have ended.
    hashes: u64,
    answers: mpsc::UnboundedSender<Answer>,
}

struct Running {
    search: SearchId,
    template: Template,
    /// The upper half of the nonces that are tried.
    high: u32,
    miner: Option<Miner>,
}

/// What a search among the nonces with one upper half came to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    search: SearchId,
    high: u32,
    outcome: Outcome,
}

impl Mining {
    pub(super) fn new(
        effort: Option<Effort>,
        work: Option<watch::Sender<Option<Template>>>,
    ) -> (Self, mpsc::UnboundedReceiver<Answer>) {
        // At most one answer a search: the channel holds what the peer's own engine asks for.
        let (answers, received) = mpsc::unbounded_channel();
        (Self { effort, work, running: None, hashes: 0, answers }, received)
    }

    /// Begins a search instead of the one that is running.
    pub(super) fn start(&mut self, search: SearchId, template: Template) {
        self.tell(Some(&template));
        self.search(search, template, 0);
    }

    /// Ends the search, also that of other processes.
    pub(super) fn stop(&mut self) {
        self.cancel();
        self.tell(None);
    }

    fn tell(&self, template: Option<&Template>) {
        if let Some(work) = &self.work {
            work.send_replace(template.cloned());
        }
    }

    fn search(&mut self, search: SearchId, template: Template, high: u32) {
        self.cancel();
        let miner = self.effort.map(|effort| {
            let work = work(&template, high);
            let range = 0..work.candidates();
            let answers = self.answers.clone();
            Miner::start(Job::new(work, range), effort, move |outcome| {
                // Nobody listens any more when the node has stopped.
                let _ = answers.send(Answer { search, high, outcome });
            })
        });
        self.running = Some(Running { search, template, high, miner });
    }

    pub(super) fn cancel(&mut self) -> Option<(SearchId, Template)> {
        let Running { search, template, miner, .. } = self.running.take()?;
        if let Some(miner) = miner {
            miner.cancel();
            self.hashes += miner.hashes();
        }
        Some((search, template))
    }

    /// Returns the nonce that `answer` brings, if it is of the search that is running. A search
    /// that has gone through all nonces with one upper half goes on with the next.
    pub(super) fn take(&mut self, answer: Answer) -> Option<(SearchId, u64)> {
        let Answer { search, high, outcome } = answer;
        let is_it = |running: &Running| (running.search, running.high) == (search, high);
        if !self.running.as_ref().is_some_and(is_it) {
            return None;
        }
        let (search, template) = self.cancel()?;
        match outcome {
            Outcome::Found(index) => Some((search, u64::from(high) << 32 | index)),
            Outcome::Exhausted => {
                self.search(search, template, high.checked_add(1)?);
                None
            }
            Outcome::Cancelled => None,
        }
    }

    /// Returns the height of the block that is searched for.
    pub(super) fn height(&self) -> Option<Height> {
        self.running.as_ref().map(|running| running.template.height())
    }

    /// Returns what that block holds.
    pub(super) fn entries(&self) -> &[Entry] {
        self.running.as_ref().map_or(&[], |running| running.template.entries())
    }

    fn miner(&self) -> Option<&Miner> {
        self.running.as_ref()?.miner.as_ref()
    }

    /// Returns how many hashes were tried here.
    pub(super) fn hashes(&self) -> u64 {
        self.hashes + self.miner().map_or(0, Miner::hashes)
    }
}

/// Returns the search for a block, among the nonces whose upper half is `high` if it has a header.
fn work(template: &Template, high: u32) -> Work {
    let goal = match template.target() {
        Target::LeadingZeros(digits) => Goal::LeadingZeroBits(4 * u16::from(digits.number())),
        Target::TrailingZeros(digits) => Goal::TrailingZeroBits(4 * u16::from(digits.number())),
        Target::AtMost(bits) => Goal::AtMost(bitcoin::Target::from_compact(bits).to_le_bytes()),
    };
    let (hash, message) = match template.preimage(high) {
        Preimage::Decimal { before, after } => {
            (Hash::Sha256, Message::new(before, Nonce::Decimal, after))
        }
        Preimage::Header(bytes) => {
            let before = &bytes[..HEADER_WITHOUT_NONCE];
            (Hash::DoubleSha256, Message::new(before, Nonce::LittleEndian, []))
        }
    };
    Work { hash, template: message, goal }
}
