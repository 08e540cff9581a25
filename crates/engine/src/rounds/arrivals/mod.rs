//! Peers that count messages as they arrive, whoever sent them: the published programs' way.
//!
//! Each topic is a queue, and each phase takes its messages from one: the first N ids, the keys of
//! those, the first N draws, the leader's next challenge, solutions until one is valid, the next N
//! votes or the leader's verdict. A message for a later phase waits in its queue. What was never
//! taken does so as well where the program does not look at the row that a message is about: a
//! solution of an earlier row may win a later one. The peers of such a network agree because they
//! all see the same order, and on nothing else; rules P1 to P10 in `docs/protocol.md` say what that
//! means.
//!
//! Where the published programs stop or crash, this one refuses the message and goes on. It cannot
//! repeat anything, since they would count it twice; so when one of them dies, it waits, and says
//! so.

mod deciding;
mod meeting;
mod queue;

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use self::deciding::{Solution, Vote};
use self::queue::{QUEUE_MAX, Queue};
use super::Queue as Queued;
use super::{
    Authenticator, Cause, Counting, Decision, Event, Identity, Input, Issuing, Message, Output,
    Place, PublicKey, Recovered, Refusal, Rules, Sealed, Seat, Timer, Waiting, refuse,
};

/// One peer of a network that counts arrivals.
#[derive(Clone)]
pub(super) struct Arrivals {
    rules: Rules,
    me: PeerId,
    seat: Seat,
    rng: ChaCha8Rng,
    authenticator: Arc<dyn Authenticator>,
    phase: Phase,
    known: Vec<PeerId>,
    keys: BTreeMap<PeerId, PublicKey>,
    /// What came before all keys were known.
    early: Queue<Sealed>,
    draws: Queue<(PeerId, u128)>,
    challenges: Queue<(PeerId, Difficulty)>,
    solutions: Queue<Solution>,
    votes: Queue<Vote>,
    /// Solutions that the leader has accepted.
    verdicts: Queue<Solution>,
    leader: Option<PeerId>,
    /// The first row of ours, and the challenge of each row since.
    first: Transaction,
    asked: Vec<Difficulty>,
    /// Whether anything has arrived since the last look.
    moved: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Gathering,
    Keys,
    Drawing,
    Challenge,
    Mining,
    /// The solution this peer has accepted.
    Voting(Solution),
}

/// Rows whose challenge is remembered, for solutions that come late.
const ROWS_MAX: usize = 1 << 20;

impl Arrivals {
    pub(super) fn new(
        rules: Rules,
        identity: Identity,
        rng: ChaCha8Rng,
        recovered: &Recovered,
    ) -> Self {
        Self {
            rules,
            me: identity.id,
            seat: identity.seat,
            rng,
            authenticator: identity.authenticator.into(),
            phase: Phase::Gathering,
            known: Vec::new(),
            keys: BTreeMap::new(),
            early: Queue::new(),
            draws: Queue::new(),
            challenges: Queue::new(),
            solutions: Queue::new(),
            votes: Queue::new(),
            verdicts: Queue::new(),
            leader: None,
            first: recovered.next,
            asked: Vec::new(),
            moved: false,
        }
    }

    pub(super) fn queues(&self) -> [Queued; 9] {
        [
            ("known peers", self.known.len(), self.rules.roster_size()),
            ("keys", self.keys.len(), self.keys_max()),
            ("early messages", self.early.len(), QUEUE_MAX),
            ("draws", self.draws.len(), QUEUE_MAX),
            ("challenges", self.challenges.len(), QUEUE_MAX),
            ("solutions", self.solutions.len(), QUEUE_MAX),
            ("votes", self.votes.len(), QUEUE_MAX),
            ("verdicts", self.verdicts.len(), QUEUE_MAX),
            ("rows asked for", self.asked.len(), ROWS_MAX),
        ]
    }

    pub(super) fn handle(&mut self, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Start => {
                self.set_timer(out);
                self.announce_later(out);
                self.say_id(out);
            }
            Input::Message(sealed) => {
                self.moved = true;
                self.on_message(sealed, out);
                self.advance(out);
            }
            Input::Timer(Timer::Repeat) => self.look_around(out),
            Input::Timer(Timer::Announce) => self.on_announce(out),
            Input::Timer(Timer::Lead(row)) => self.on_pause_over(row, out),
            Input::Solved { transaction, seed } => self.on_solved(transaction, seed, out),
            Input::Issue(wanted) => self.on_issue(wanted, out),
            Input::Lost(peer) => out.push(Output::Event(Event::PeerLost { peer })),
            Input::Timer(_) | Input::Recalled(_) => {}
        }
    }

    fn on_message(&mut self, sealed: Sealed, out: &mut Vec<Output>) {
        let claimed = sealed.message.peer();
        if let Err(reason) = self.take_up(sealed, out) {
            refuse(claimed, reason, out);
        }
    }

    fn take_up(&mut self, sealed: Sealed, out: &mut Vec<Output>) -> Result<(), Refusal> {
        if let Message::Announcement { .. } = sealed.message {
            return self.on_announcement(sealed, out);
        }
        if self.signs() && matches!(self.phase, Phase::Gathering | Phase::Keys) {
            return self.early.push(sealed);
        }
        if self.signs() {
            self.authenticate(&sealed)?;
        }
        self.on_word(sealed.message, out)
    }

    /// Puts a word into its queue.
    fn on_word(&mut self, message: Message, out: &mut Vec<Output>) -> Result<(), Refusal> {
        match message {
            Message::Election { peer, draw, .. } => self.draws.push((peer, draw)),
            Message::Challenge { peer, difficulty, .. } => self.challenges.push((peer, difficulty)),
            Message::Solution { peer, transaction, seed } => {
                self.check_row(transaction)?;
                self.solutions.push(Solution { finder: peer, transaction, seed })
            }
            Message::Vote { peer, transaction, seed, approve, .. } => {
                self.check_row(transaction)?;
                self.votes.push(Vote { voter: peer, transaction, approve })?;
                out.push(Output::Event(Event::VoteCast {
                    transaction,
                    voter: peer,
                    seed,
                    approve,
                }));
                Ok(())
            }
            Message::Verdict { peer, transaction, seed, winner, accepted } => {
                if self.rules.decision != Decision::Leader {
                    return Err(Refusal::Unexpected);
                }
                // Our own come back to us; and what we have refused nobody waits for.
                if self.leader == Some(self.me) || !accepted {
                    return Ok(());
                }
                if self.leader.is_some() && !self.is_leader(peer) {
                    return Err(Refusal::NotLeader);
                }
                self.check_row(transaction)?;
                self.verdicts.push(Solution { finder: winner, transaction, seed })
            }
            Message::Announcement { .. }
            | Message::Request { .. }
            | Message::Certificate { .. } => Err(Refusal::Unexpected),
        }
    }

    /// Goes from phase to phase as far as what has arrived allows.
    fn advance(&mut self, out: &mut Vec<Output>) {
        while self.step(out) {}
    }

    /// Goes one step on, and returns whether there was enough to do so.
    fn step(&mut self, out: &mut Vec<Output>) -> bool {
        let peers = self.rules.roster_size();
        let judges = self.rules.decision == Decision::Leader;
        match self.phase.clone() {
            Phase::Gathering if self.known.len() >= peers => self.settle(out),
            Phase::Keys if self.has_all_keys() => {
                self.begin_election(out);
                for sealed in self.early.take_all() {
                    self.on_message(sealed, out);
                }
            }
            Phase::Gathering | Phase::Keys => return false,
            Phase::Drawing => match self.draws.take_many(peers) {
                Some(draws) => self.elect(&draws, out),
                None => return false,
            },
            Phase::Challenge => match self.challenges.take() {
                // Whoever else asks is not heard (rule P3).
                Some((peer, _)) if !self.is_leader(peer) => refuse(peer, Refusal::NotLeader, out),
                Some((_, difficulty)) => self.begin_row(difficulty, out),
                // Those who come too late are told so.
                None if judges && self.leader == Some(self.me) => return self.rule_next(out),
                None => return false,
            },
            Phase::Mining if judges && self.leader == Some(self.me) => return self.rule_next(out),
            Phase::Mining if judges => return self.obey_next(out),
            Phase::Mining => return self.judge_next(out),
            Phase::Voting(solution) => return self.count_next(solution, out),
        }
        true
    }

    /// Returns whether a message of `peer` is the leader's. Where the leader alone decides, its
    /// messages do not say whose they are.
    fn is_leader(&self, peer: PeerId) -> bool {
        let is_unnamed = peer == PeerId::UNNAMED && self.rules.decision == Decision::Leader;
        is_unnamed || Some(peer) == self.leader
    }

    fn await_challenge(&mut self, out: &mut Vec<Output>) {
        self.phase = Phase::Challenge;
        if self.is_finished() {
            return out.push(Output::Event(Event::AllRecorded));
        }
        if self.leader != Some(self.me) || self.rules.issuing == Issuing::OnCommand {
            return;
        }
        if self.rules.pause > Duration::ZERO {
            let timer = Timer::Lead(self.row());
            out.push(Output::SetTimer { after: self.rules.pause, timer });
        } else {
            self.say_challenge(None, out);
        }
    }

    fn is_finished(&self) -> bool {
        self.rules.rounds.is_some_and(|rounds| self.row() >= rounds)
    }

    fn on_pause_over(&mut self, row: Transaction, out: &mut Vec<Output>) {
        if self.phase == Phase::Challenge && row == self.row() {
            self.say_challenge(None, out);
        }
    }

    fn on_issue(&mut self, wanted: Option<Difficulty>, out: &mut Vec<Output>) {
        if self.rules.issuing == Issuing::OnCommand
            && self.phase == Phase::Challenge
            && self.leader == Some(self.me)
            && !self.is_finished()
        {
            self.say_challenge(wanted, out);
        }
    }

    fn say_challenge(&mut self, wanted: Option<Difficulty>, out: &mut Vec<Output>) {
        let range = &self.rules.challenges;
        let (easiest, hardest) = (range.start().bits(), range.end().bits());
        let difficulty = wanted.unwrap_or_else(|| {
            let bits = self.rng.random_range(easiest..=hardest.max(easiest));
            Difficulty::from_bits(bits.into()).expect("between two difficulties")
        });
        let place = self.names_rows().then(|| Place { transaction: self.row(), term: Term::FIRST });
        self.say(Message::Challenge { peer: self.me, difficulty, place }, out);
    }

    /// Returns whether the messages of this network say which row they are about.
    fn names_rows(&self) -> bool {
        self.rules.counting == Counting::ArrivalsOfRow || self.rules.decision == Decision::Leader
    }

    /// Returns what a vote of ours is for besides the seed, where votes say so.
    fn cause(&self, winner: PeerId, difficulty: Difficulty) -> Option<Cause> {
        let names = self.rules.counting == Counting::ArrivalsOfRow;
        names.then_some(Cause { term: Term::FIRST, difficulty, winner })
    }

    fn begin_row(&mut self, difficulty: Difficulty, out: &mut Vec<Output>) {
        let Some(leader) = self.leader else { return };
        let transaction = self.row();
        if self.asked.len() >= ROWS_MAX {
            // Solutions for the oldest rows are no longer known by heart, and then invalid.
            self.asked.remove(0);
            self.first = self.first.next();
        }
        self.asked.push(difficulty);
        out.push(Output::Event(Event::ChallengeIssued { transaction, difficulty, leader }));
        self.mine(out);
    }

    /// Searches for a solution; but not as a leader that alone decides, unless it is alone.
    fn mine(&mut self, out: &mut Vec<Output>) {
        self.phase = Phase::Mining;
        let Some(difficulty) = self.asked.last().copied() else {
            return;
        };
        let judges = self.rules.leader_only_judges() && self.leader == Some(self.me);
        if self.seat == Seat::Member && !judges {
            let transaction = self.open_row();
            out.push(Output::Mine { transaction, puzzle: self.rules.puzzle, difficulty });
        }
    }

    fn on_solved(&mut self, transaction: Transaction, seed: Seed, out: &mut Vec<Output>) {
        if self.phase == Phase::Mining && transaction == self.open_row() {
            self.say(Message::Solution { peer: self.me, transaction, seed }, out);
        }
    }

    /// Returns the row that the next challenge is for.
    fn row(&self) -> Transaction {
        let rows = u64::try_from(self.asked.len()).expect("a length fits");
        Transaction::new(self.first.number() + rows)
    }

    /// Returns the row whose challenge is open.
    fn open_row(&self) -> Transaction {
        Transaction::new(self.row().number().saturating_sub(1))
    }

    fn set_timer(&self, out: &mut Vec<Output>) {
        let after = self.rules.timeouts.silence;
        out.push(Output::SetTimer { after, timer: Timer::Repeat });
    }

    /// Says when the network has been silent for long; there is nothing else to do (rule P6).
    fn look_around(&mut self, out: &mut Vec<Output>) {
        self.set_timer(out);
        let needed = self.rules.roster_size();
        let moved = std::mem::take(&mut self.moved);
        let known = self.known.len();
        let waiting = match self.phase {
            Phase::Gathering => Waiting::Peers { known, needed },
            _ if moved => return,
            _ => Waiting::Arrivals { transaction: self.row() },
        };
        out.push(Output::Event(Event::Waiting(waiting)));
    }

    fn say(&self, message: Message, out: &mut Vec<Output>) {
        if self.seat == Seat::Member {
            let seal = self.signs().then(|| self.authenticator.seal(&message)).flatten();
            out.push(Output::Broadcast(Sealed { message, seal }));
        }
    }
}

/// What never changes is left out.
impl Hash for Arrivals {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.rng.get_seed(), self.rng.get_word_pos()).hash(state);
        (&self.phase, &self.known, self.leader, self.first, &self.asked, self.moved).hash(state);
        (&self.keys, &self.early, &self.draws, &self.challenges).hash(state);
        (&self.solutions, &self.votes, &self.verdicts).hash(state);
    }
}
