//! How a peer gets what it lacks: committed blocks from several members at once, bodies of blocks,
//! and certificates (rule L15).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use althing_ledger::NativeBlock;
use althing_ledger::assembly::{CertifiedRun, Seal};
use althing_ledger::charter::MemberIndex;
use althing_types::{BlockHash, Height, Moment, View};

use super::{
    CERTIFICATES_MAX, CommittedBlock, Event, Message, Output, Refusal, Request, Simplex, event, say,
};
use crate::Recipient;

/// Blocks in a run at most; with their headers and certificate they fit into a message.
pub const RUN_BLOCKS: u64 = 64;

/// Runs that are asked for at the same time, each of another member.
pub const RUNS_AHEAD: usize = 4;

/// Blocks that are read from the log at once when a peer starts.
const REPLAYED: usize = 256;

/// Blocks that are notarized, not committed yet, and asked for between two repetitions.
const BODIES_ASKED: usize = 8;

/// What a peer fetches, and what it is about to answer.
#[derive(Clone, Debug)]
pub(super) struct CatchUp {
    /// Runs that have arrived, by the height of their first block, and follow on nothing yet.
    runs: BTreeMap<Height, CertifiedRun>,
    /// What was asked for since the last repetition but one: which run, and of whom.
    asked: BTreeMap<Height, (MemberIndex, Moment)>,
    /// Members that have not answered when they were asked last.
    silent: BTreeSet<MemberIndex>,
    /// The view that we cannot leave, although others have.
    behind: Option<View>,
    /// The first view of which something is missing that a block of our view may stand on.
    ground: Option<View>,
    /// What the blocks are for that are being read from the log, in that order.
    pub(super) reads: VecDeque<Reading>,
    /// How many blocks were in the last run that has come, so probably in the next.
    stride: u64,
    last_commit: Option<Moment>,
    /// Whether our user was told that there is much to be fetched.
    is_told: bool,
}

/// What blocks of the log are read for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// For the application of this peer, which has just started.
    Replay,
    /// For a peer that has asked for them.
    Answer {
        to: Recipient,
        from: Height,
        /// How many were asked for.
        count: usize,
    },
}

impl Default for CatchUp {
    fn default() -> Self {
        Self {
            runs: BTreeMap::new(),
            asked: BTreeMap::new(),
            silent: BTreeSet::new(),
            behind: None,
            ground: None,
            reads: VecDeque::new(),
            stride: RUN_BLOCKS,
            last_commit: None,
            is_told: false,
        }
    }
}

impl CatchUp {
    pub(super) fn runs(&self) -> usize {
        self.runs.len()
    }

    /// Takes note that others have left this view of ours.
    pub(super) fn fall_behind(&mut self, view: View) {
        self.behind = Some(view);
    }

    /// Takes note that we cannot tell what a block may stand on, for want of certificates of this
    /// view or later ones: we may have some of the view, but not the one that matters.
    pub(super) fn lack_ground(&mut self, view: View) {
        self.ground = Some(self.ground.map_or(view, |lacking| lacking.min(view)));
    }

    pub(super) fn committed(&mut self, now: Moment) {
        self.last_commit = Some(now);
    }
}

impl Simplex {
    /// Reads the blocks of the log, for the application.
    pub(super) fn replay(&mut self, out: &mut Vec<Output>) {
        let from = self.blocks.root().facts.height.next();
        self.catch_up.reads.push_back(Reading::Replay);
        out.push(Output::Read { from: from.number(), count: REPLAYED });
    }

    /// Blocks of the log have been read.
    pub(super) fn on_read(
        &mut self,
        now: Moment,
        blocks: Vec<CommittedBlock>,
        out: &mut Vec<Output>,
    ) {
        match self.catch_up.reads.pop_front() {
            Some(Reading::Replay) => self.on_replayed(now, &blocks, out),
            Some(Reading::Answer { to, from, count }) => {
                self.answer_with(to, from, count, blocks, out);
            }
            None => {}
        }
    }

    fn on_replayed(&mut self, now: Moment, blocks: &[CommittedBlock], out: &mut Vec<Output>) {
        let applied = blocks.iter().all(|block| self.apply_committed(now, &block.block, out));
        if applied && blocks.len() == REPLAYED {
            return self.replay(out);
        }
        let root = self.blocks.root().facts;
        self.views.forget(root.view);
        self.set_view(self.view.max(root.view.next()));
        (self.entered, self.last_block) = (now, now);
        // A disk with a block that does not follow is not one to take part with.
        self.is_ready = applied;
    }

    /// Asks for what is missing, at each repetition.
    pub(super) fn ask(&mut self, now: Moment, out: &mut Vec<Output>) {
        let behind = self.catch_up.behind.take().filter(|view| !self.has_left(*view));
        let ground = self.catch_up.ground.take().map(|view| self.ground_to_ask_for(view));
        for view in behind.into_iter().chain(ground) {
            say(Message::Request(Request::Certificates(view)), out);
        }
        // Of proposals only that of our view can be voted for. Others are not asked for until they
        // are notarized: a member can promise any number of blocks that do not exist.
        let proposed = self.proposed_block().filter(|hash| self.blocks.body(hash).is_none());
        let certified = self.blocks.next_wanted(BODIES_ASKED);
        let proposed = proposed.filter(|hash| !certified.contains(hash));
        for body in proposed.into_iter().chain(certified) {
            say(Message::Request(Request::Body(body)), out);
        }
        self.ask_for_runs(now, out);
    }

    /// Returns the block that the leader of our view has proposed.
    pub(super) fn proposed_block(&self) -> Option<BlockHash> {
        let (proposal, _) = self.views.get(self.view)?.proposal?;
        proposal.statement.block()
    }

    /// Returns a view from `first` on, by turns each that an answer can begin with: an answer has
    /// two certificates of each of its views at most.
    fn ground_to_ask_for(&self, first: View) -> View {
        let step = CERTIFICATES_MAX as u64 / 2;
        let turns = self.view.after(first) / step + 1;
        View::new(first.number() + self.repeating.beat() % turns * step)
    }

    fn ask_for_runs(&mut self, now: Moment, out: &mut Vec<Output>) {
        let height = self.blocks.root().facts.height;
        let target = self.likely_height();
        // While blocks are committed one after the other there is nothing to fetch.
        let keeps_up = self.catch_up.last_commit.is_some_and(|at| now - at < self.timeouts.repeat);
        let far = target.above(height) > 8;
        if !far {
            self.catch_up.is_told = false;
        }
        let is_ahead = self.repeating.heights().any(|(_, claimed)| claimed > height);
        if !is_ahead || (keeps_up && !far) {
            self.catch_up.asked.clear();
            return;
        }
        if far && !std::mem::replace(&mut self.catch_up.is_told, true) {
            event(Event::CatchingUp { height, target }, out);
        }
        let late = self.timeouts.repeat * 2;
        let CatchUp { asked, silent, .. } = &mut self.catch_up;
        let unanswered = asked.values().filter(|(_, at)| now - *at >= late).map(|(of, _)| *of);
        silent.extend(unanswered);
        asked.retain(|from, (_, at)| *from > height && now - *at < late);
        // Above what one honest member must have only the next run is asked for, of a claimant.
        self.ask_next_runs(now, target.max(height.next()), out);
    }

    /// Returns the greatest height that an honest member must have: one more member than may fail
    /// claims at least that.
    fn likely_height(&self) -> Height {
        let mut heights: Vec<Height> = self.repeating.heights().map(|(_, height)| height).collect();
        heights.sort_unstable_by(|one, other| other.cmp(one));
        let own = self.blocks.root().facts.height;
        heights.get(self.charter.faulty_max()).copied().unwrap_or(own)
    }

    /// Asks members for the next runs, each of another one.
    fn ask_next_runs(&mut self, now: Moment, target: Height, out: &mut Vec<Output>) {
        let mut from = self.blocks.root().facts.height.next();
        for _ in 0..RUNS_AHEAD {
            if let Some(run) = self.catch_up.runs.get(&from) {
                from = Height::new(from.number() + run.blocks.len() as u64);
                continue;
            }
            if from > target {
                return;
            }
            if !self.catch_up.asked.contains_key(&from) {
                let Some(of) = self.holder_of(from) else { return };
                self.catch_up.asked.insert(from, (of, now));
                say(Message::Request(Request::Blocks { of, from }), out);
            }
            from = Height::new(from.number() + self.catch_up.stride);
        }
    }

    /// Returns a member that has a block at this height, and is not asked for another one if that
    /// can be helped.
    fn holder_of(&self, height: Height) -> Option<MemberIndex> {
        let holders = self.repeating.heights().filter(|(_, its)| *its >= height);
        let load = |member: MemberIndex| {
            let asked = self.catch_up.asked.values();
            let asked = asked.filter(|(of, _)| *of == member).count();
            // By turns, so that one that does not answer is not asked for ever.
            let members = self.charter.members.len() as u64;
            let turn = (u64::from(member.0) + self.repeating.beat()) % members;
            let is_silent = self.catch_up.silent.contains(&member);
            (self.liveness.is_suspected(member), is_silent, asked, turn)
        };
        holders.map(|(member, _)| member).min_by_key(|member| load(*member))
    }

    /// Committed blocks have come.
    pub(super) fn on_run(
        &mut self,
        now: Moment,
        run: CertifiedRun,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let Some(first) = run.blocks.first() else { return Err(Refusal::Unexpected) };
        let (from, height) = (first.coinbase.height, self.blocks.root().facts.height);
        let last = run.blocks.last().map(|block| block.coinbase.height);
        if last.is_none_or(|last| last <= height) || self.catch_up.runs.contains_key(&from) {
            return Ok(());
        }
        let is_next = from <= height.next();
        let is_asked = self.catch_up.asked.contains_key(&from);
        // It comes to all, and only some have asked.
        if !is_asked && !is_next {
            return Ok(());
        }
        run.verify(&self.charter, &self.chain, &*self.authenticator)?;
        self.on_own_signature(&run.finalization, out);
        if let Some((of, _)) = self.catch_up.asked.remove(&from) {
            self.catch_up.silent.remove(&of);
        }
        self.catch_up.stride = (run.blocks.len() as u64).clamp(1, RUN_BLOCKS);
        self.catch_up.runs.insert(from, run);
        // The farthest one was asked for when runs seemed to be longer. It is asked for again.
        if self.catch_up.runs.len() > RUNS_AHEAD {
            self.catch_up.runs.pop_last();
        }
        self.catch_up.committed(now);
        Ok(())
    }

    /// Commits runs that follow on the committed blocks.
    pub(super) fn follow_runs(&mut self, now: Moment, out: &mut Vec<Output>) -> bool {
        if self.diverged.is_some() {
            return false;
        }
        let Some((from, run)) = self.catch_up.runs.pop_first() else { return false };
        let root = self.blocks.root().facts;
        if from > root.height.next() {
            self.catch_up.runs.insert(from, run);
            return false;
        }
        let CertifiedRun { blocks, headers, finalization } = run;
        let last = blocks.last().map(NativeBlock::hash);
        let mut committed = Vec::new();
        let new = blocks.into_iter().filter(|block| block.coinbase.height > root.height);
        for block in new {
            let is_last = Some(block.hash()) == last && headers.is_empty();
            let view = Seal::of(&block).map_or(View::GENESIS, |seal| seal.view);
            if !self.apply_committed(now, &block, out) {
                break;
            }
            let finalization = is_last.then(|| finalization.clone());
            committed.push(CommittedBlock { block, view, finalization });
        }
        if !committed.is_empty() {
            self.put_committed(now, committed, out);
        }
        let (height, target) = (self.blocks.root().facts.height, self.likely_height());
        if target > height {
            if self.catch_up.is_told {
                event(Event::CatchingUp { height, target }, out);
            }
            self.ask_next_runs(now, target, out);
        }
        true
    }
}
