//! Peers that count messages as they arrive, whoever sent them: the published programs' way.
//!
//! Each topic is a queue, and each phase takes its messages from one: the first N ids, the first
//! N draws, the leader's next challenge, solutions until one is valid, the next N votes. A message
//! for a later phase waits in its queue, and so do those that were never taken: a solution of an
//! earlier row may win a later one. The peers of such a network agree because they all see the
//! same order, and on nothing else; rules P1 to P6 in `docs/protocol.md` say what that means.
//!
//! Where the published programs stop or crash, this one refuses the message and goes on. It cannot
//! repeat anything, since they would count it twice; so when one of them dies, it waits, and says
//! so.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::time::Duration;

use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::Queue as Queued;
use super::{
    CertifiedRecord, Durable, Election, Event, Identity, Input, Message, Output, Record, Recovered,
    Refusal, Rules, Sealed, Seat, Tie, Timer, Waiting,
};

/// One peer of a network that counts arrivals.
#[derive(Clone)]
pub(super) struct Arrivals {
    rules: Rules,
    me: PeerId,
    seat: Seat,
    rng: ChaCha8Rng,
    phase: Phase,
    known: Vec<PeerId>,
    draws: Queue<(PeerId, u128)>,
    challenges: Queue<(PeerId, Difficulty)>,
    solutions: Queue<Solution>,
    votes: Queue<Vote>,
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
    Drawing,
    Challenge,
    Mining,
    /// The solution this peer has accepted.
    Voting(Solution),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Solution {
    finder: PeerId,
    transaction: Transaction,
    seed: Seed,
}

#[derive(Clone, Copy, Debug, Hash)]
struct Vote {
    voter: PeerId,
    approve: bool,
}

/// Messages of one topic in the order they came. When it is full the newest is refused, which
/// keeps the order that all peers share; no network has been seen to come near.
#[derive(Clone, Debug, Hash)]
struct Queue<T>(VecDeque<T>);

/// Messages that wait on one topic. The published program adds nine solutions a row and takes
/// one, so this lasts for seven thousand rows, and what is refused then would have had its turn
/// in sixty thousand.
const QUEUE_MAX: usize = 65_536;

/// Rows whose challenge is remembered, for solutions that come late.
const ROWS_MAX: usize = 1 << 20;

impl<T> Queue<T> {
    const fn new() -> Self {
        Self(VecDeque::new())
    }

    fn push(&mut self, item: T) -> Result<(), Refusal> {
        if self.0.len() >= QUEUE_MAX {
            return Err(Refusal::QueueFull);
        }
        self.0.push_back(item);
        Ok(())
    }

    fn take(&mut self) -> Option<T> {
        self.0.pop_front()
    }

    /// Takes `count` items at once, when there are so many.
    fn take_many(&mut self, count: usize) -> Option<Vec<T>> {
        (self.0.len() >= count).then(|| self.0.drain(..count).collect())
    }
}

impl Arrivals {
    pub(super) fn new(
        rules: Rules,
        identity: &Identity,
        rng: ChaCha8Rng,
        recovered: &Recovered,
    ) -> Self {
        Self {
            rules,
            me: identity.id,
            seat: identity.seat,
            rng,
            phase: Phase::Gathering,
            known: Vec::new(),
            draws: Queue::new(),
            challenges: Queue::new(),
            solutions: Queue::new(),
            votes: Queue::new(),
            leader: None,
            first: recovered.next,
            asked: Vec::new(),
            moved: false,
        }
    }

    pub(super) fn queues(&self) -> [Queued; 6] {
        [
            ("known peers", self.known.len(), self.rules.roster_size()),
            ("draws", self.draws.0.len(), QUEUE_MAX),
            ("challenges", self.challenges.0.len(), QUEUE_MAX),
            ("solutions", self.solutions.0.len(), QUEUE_MAX),
            ("votes", self.votes.0.len(), QUEUE_MAX),
            ("rows asked for", self.asked.len(), ROWS_MAX),
        ]
    }

    pub(super) fn handle(&mut self, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Start => {
                self.set_timer(out);
                self.say_id(out);
            }
            Input::Message(sealed) => {
                let claimed = sealed.message.peer();
                self.moved = true;
                if let Err(reason) = self.on_message(sealed.message, out) {
                    out.push(Output::Event(Event::MessageRefused { claimed, reason }));
                }
                self.advance(out);
            }
            Input::Timer(Timer::Repeat) => self.look_around(out),
            Input::Timer(Timer::Lead(row)) => self.on_pause_over(row, out),
            Input::Solved { transaction, seed } => self.on_solved(transaction, seed, out),
            Input::Lost(peer) => out.push(Output::Event(Event::PeerLost { peer })),
            Input::Timer(_) | Input::Recalled(_) | Input::Issue(_) => {}
        }
    }

    fn on_message(&mut self, message: Message, out: &mut Vec<Output>) -> Result<(), Refusal> {
        match message {
            Message::Announcement { peer, .. } => {
                self.on_id(peer, out);
                Ok(())
            }
            Message::Election { peer, draw, .. } => self.draws.push((peer, draw)),
            Message::Challenge { peer, difficulty, .. } => self.challenges.push((peer, difficulty)),
            Message::Solution { peer, transaction, seed } => {
                self.solutions.push(Solution { finder: peer, transaction, seed })
            }
            Message::Vote { peer, transaction, seed, approve, .. } => {
                self.votes.push(Vote { voter: peer, approve })?;
                out.push(Output::Event(Event::VoteCast {
                    transaction,
                    voter: peer,
                    seed,
                    approve,
                }));
                Ok(())
            }
            Message::Verdict { .. } | Message::Request { .. } | Message::Certificate { .. } => {
                Err(Refusal::Unexpected)
            }
        }
    }

    /// Each new id, our own included, makes us say ours again, until all are known (rule P1).
    fn on_id(&mut self, peer: PeerId, out: &mut Vec<Output>) {
        if self.phase != Phase::Gathering || self.known.contains(&peer) {
            return;
        }
        self.known.push(peer);
        let known = self.known.len();
        out.push(Output::Event(Event::PeerJoined { peer, known }));
        self.say_id(out);
    }

    /// Goes from phase to phase as far as what has arrived allows.
    fn advance(&mut self, out: &mut Vec<Output>) {
        while self.step(out) {}
    }

    /// Goes one step on, and returns whether there was enough to do so.
    fn step(&mut self, out: &mut Vec<Output>) -> bool {
        let peers = self.rules.roster_size();
        match self.phase.clone() {
            Phase::Gathering if self.known.len() >= peers => self.begin_election(out),
            Phase::Drawing => match self.draws.take_many(peers) {
                Some(draws) => self.elect(&draws, out),
                None => return false,
            },
            Phase::Challenge => match self.challenges.take() {
                // Whoever else asks is not heard (rule P3).
                Some((peer, _)) if Some(peer) != self.leader => self.refuse_challenge(peer, out),
                Some((leader, difficulty)) => self.begin_row(leader, difficulty, out),
                None => return false,
            },
            Phase::Mining => match self.solutions.take() {
                Some(solution) => self.judge(solution, out),
                None => return false,
            },
            Phase::Voting(solution) => match self.votes.take_many(peers) {
                Some(votes) => self.count(solution, &votes, out),
                None => return false,
            },
            Phase::Gathering => return false,
        }
        true
    }

    fn begin_election(&mut self, out: &mut Vec<Output>) {
        self.phase = Phase::Drawing;
        let members = self.known.clone();
        let member = members.contains(&self.me);
        out.push(Output::Event(Event::RosterSettled { members, member }));
        self.say_draw(out);
    }

    fn say_draw(&mut self, out: &mut Vec<Output>) {
        let draw = match self.rules.election {
            Election::HighestDraw { draw_max, .. } => self.rng.random_range(0..=draw_max),
            Election::Plurality { .. } => {
                let index = self.rng.random_range(0..self.known.len());
                self.known[index].number()
            }
        };
        self.say(Message::Election { peer: self.me, draw, standing: None }, out);
    }

    /// The first N draws elect, whoever sent them (rule P2).
    fn elect(&mut self, draws: &[(PeerId, u128)], out: &mut Vec<Output>) {
        let Some((leader, draw)) = winner(self.rules.election, draws) else {
            return;
        };
        self.leader = Some(leader);
        let term = Term::FIRST;
        out.push(Output::Event(Event::LeaderElected { leader, term, draw: Some(draw) }));
        self.await_challenge(out);
    }

    fn await_challenge(&mut self, out: &mut Vec<Output>) {
        self.phase = Phase::Challenge;
        let is_over = self.rules.rounds.is_some_and(|rounds| self.row() >= rounds);
        if is_over {
            out.push(Output::Event(Event::AllRecorded));
        } else if self.leader == Some(self.me) && self.rules.pause > Duration::ZERO {
            let timer = Timer::Lead(self.row());
            out.push(Output::SetTimer { after: self.rules.pause, timer });
        } else if self.leader == Some(self.me) {
            self.say_challenge(out);
        }
    }

    fn on_pause_over(&mut self, row: Transaction, out: &mut Vec<Output>) {
        if self.phase == Phase::Challenge && row == self.row() {
            self.say_challenge(out);
        }
    }

    fn say_challenge(&mut self, out: &mut Vec<Output>) {
        let range = &self.rules.challenges;
        let bits = self.rng.random_range(range.start().bits()..=range.end().bits());
        let difficulty = Difficulty::from_bits(bits.into()).expect("between two difficulties");
        self.say(Message::Challenge { peer: self.me, difficulty, place: None }, out);
    }

    fn refuse_challenge(&mut self, claimed: PeerId, out: &mut Vec<Output>) {
        let reason = Refusal::NotLeader;
        out.push(Output::Event(Event::MessageRefused { claimed, reason }));
    }

    fn begin_row(&mut self, leader: PeerId, difficulty: Difficulty, out: &mut Vec<Output>) {
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

    fn mine(&mut self, out: &mut Vec<Output>) {
        self.phase = Phase::Mining;
        let Some(difficulty) = self.asked.last().copied() else {
            return;
        };
        if self.seat == Seat::Member {
            let transaction = self.open_row();
            out.push(Output::Mine { transaction, puzzle: self.rules.puzzle, difficulty });
        }
    }

    fn on_solved(&mut self, transaction: Transaction, seed: Seed, out: &mut Vec<Output>) {
        if self.phase == Phase::Mining && transaction == self.open_row() {
            self.say(Message::Solution { peer: self.me, transaction, seed }, out);
        }
    }

    /// Votes on the next solution. It is judged by the challenge of the row it names, and the
    /// first valid one ends the search, whatever row that is (rule P4).
    fn judge(&mut self, solution: Solution, out: &mut Vec<Output>) {
        let Solution { finder, transaction, seed } = solution.clone();
        let asked = transaction
            .number()
            .checked_sub(self.first.number())
            .and_then(|index| self.asked.get(usize::try_from(index).ok()?));
        let Some(difficulty) = asked else {
            let reason = Refusal::Ahead { transaction };
            return out.push(Output::Event(Event::MessageRefused { claimed: finder, reason }));
        };
        let judged = self.rules.puzzle.check(&seed, *difficulty);
        let approve = judged.is_ok();
        let vote =
            Message::Vote { peer: self.me, transaction, seed: seed.clone(), approve, cause: None };
        self.say(vote, out);
        match judged {
            Ok(()) => {
                out.push(Output::CancelMining);
                out.push(Output::Event(Event::SolutionFound { transaction, finder, seed }));
                self.phase = Phase::Voting(solution);
            }
            Err(unsolved) => {
                let reason = Refusal::NotASolution(unsolved);
                out.push(Output::Event(Event::MessageRefused { claimed: finder, reason }));
            }
        }
    }

    /// Counts the next N votes, whatever they are for (rule P5).
    fn count(&mut self, solution: Solution, votes: &[Vote], out: &mut Vec<Output>) {
        let transaction = self.open_row();
        let yes = votes.iter().filter(|vote| vote.approve).count();
        let no = votes.len() - yes;
        if yes < self.rules.votes_needed() {
            out.push(Output::Event(Event::RoundFailed { transaction, yes, no }));
            return self.mine(out);
        }
        let Some(difficulty) = self.asked.last().copied() else {
            return;
        };
        let Solution { finder: winner, seed, .. } = solution;
        let yes = votes.iter().filter(|vote| vote.approve);
        let record = CertifiedRecord {
            record: Record { transaction, difficulty, seed, winner },
            term: Term::FIRST,
            votes: yes.map(|vote| (vote.voter, None)).collect(),
            noes: u16::try_from(no).unwrap_or(u16::MAX),
        };
        out.push(Output::Persist(Durable::Record(record.clone())));
        out.push(Output::Event(Event::RoundDecided(record)));
        match self.rules.election_every {
            super::ElectionEvery::Once => self.await_challenge(out),
            super::ElectionEvery::Transaction => {
                self.phase = Phase::Drawing;
                self.say_draw(out);
            }
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

    fn say_id(&self, out: &mut Vec<Output>) {
        self.say(Message::Announcement { peer: self.me, key: None, roster: None }, out);
    }

    fn say(&self, message: Message, out: &mut Vec<Output>) {
        if self.seat == Seat::Member {
            out.push(Output::Broadcast(Sealed { message, seal: None }));
        }
    }
}

/// What never changes is left out.
impl Hash for Arrivals {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.rng.get_seed(), self.rng.get_word_pos()).hash(state);
        (&self.phase, &self.known, self.leader, self.first, &self.asked, self.moved).hash(state);
        (&self.draws, &self.challenges, &self.solutions, &self.votes).hash(state);
    }
}

/// Returns who wins among `draws`, and with what.
fn winner(rule: Election, draws: &[(PeerId, u128)]) -> Option<(PeerId, u128)> {
    let by_tie = |tie: Tie, peer: PeerId| match tie {
        Tie::LargestId => peer.number(),
        Tie::SmallestId => u128::MAX - peer.number(),
    };
    match rule {
        Election::HighestDraw { tie, .. } => {
            draws.iter().copied().max_by_key(|(peer, draw)| (*draw, by_tie(tie, *peer)))
        }
        Election::Plurality { tie } => {
            let mut counts = BTreeMap::<PeerId, u128>::new();
            for (_, draw) in draws {
                *counts.entry(PeerId::new(*draw)).or_default() += 1;
            }
            counts.into_iter().max_by_key(|(peer, count)| (*count, by_tie(tie, *peer)))
        }
    }
}
