//! A program as people write it for such a network: it follows the rules of its page or sheet,
//! knows nothing else, and ends at what its author did not think of.
//!
//! It is written from the rules alone, and shares none of the engine's code but the puzzle. So
//! where it and our peers have the same table, both have understood the rules in the same way.
//!
//! | file | question |
//! | --- | --- |
//! | `electing` | whom do its draws make the leader? |
//! | `hearing` | what does it do with a message, and at which does it end? |

mod electing;
mod hearing;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use althing_engine::rounds::{Decision, Draw, ElectionEvery, Message, Place, Repeats, Rules, Wait};
use althing_pow::Task;
use althing_types::{Difficulty, Moment, PeerId, Seed, Term, Transaction};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A program, and how far it is.
pub(crate) struct Program {
    rules: Rules,
    me: PeerId,
    rng: ChaCha8Rng,
    /// What it does, and when.
    plans: BTreeMap<(Moment, u64), Plan>,
    planned: u64,
    stage: Stage,
    /// The ids that it has counted, in order.
    ids: Vec<PeerId>,
    join_over: bool,
    drawn: u128,
    draws: Vec<(PeerId, u128)>,
    draws_over: bool,
    leader: Option<PeerId>,
    coordinators: VecDeque<PeerId>,
    asked: BTreeMap<u64, Difficulty>,
    challenges: VecDeque<(PeerId, Difficulty, Option<u64>)>,
    solutions: VecDeque<(PeerId, u64, Seed)>,
    votes: VecDeque<bool>,
    row: u64,
    /// Its table: the number of each row, what was asked, what solved it, and who found that.
    pub(crate) table: Vec<(u64, u16, Seed, PeerId)>,
    /// Why it has ended, if it has.
    pub(crate) ended: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq)]
enum Stage {
    Joining,
    Electing,
    /// It waits for the one who was elected to say so.
    Following,
    Idle,
    Mining,
    /// It counts votes on this solution.
    Counting(PeerId, Seed),
    Done,
}

#[derive(Clone, Copy, Debug)]
enum Plan {
    SayId(u8),
    SayIdAgain,
    EndJoining,
    SayDraw(u64),
    EndDraws(u64),
    Ask(u64),
    Answer(u64),
}

impl Program {
    pub(crate) fn new(rules: &Rules, me: PeerId, seed: u64) -> Self {
        Self {
            rules: rules.clone(),
            me,
            rng: ChaCha8Rng::seed_from_u64(seed),
            plans: BTreeMap::new(),
            planned: 0,
            stage: Stage::Joining,
            ids: Vec::new(),
            join_over: false,
            drawn: 0,
            draws: Vec::new(),
            draws_over: false,
            leader: None,
            coordinators: VecDeque::new(),
            asked: BTreeMap::new(),
            challenges: VecDeque::new(),
            solutions: VecDeque::new(),
            votes: VecDeque::new(),
            row: rules.customs.leading.first_row.number(),
            table: Vec::new(),
            ended: None,
        }
    }

    /// When it next does something by itself.
    pub(crate) fn wake_at(&self) -> Option<Moment> {
        let (first, _) = self.plans.first_key_value()?;
        Some(first.0).filter(|_| self.ended.is_none())
    }

    pub(crate) fn start(&mut self, now: Moment) {
        let joining = self.rules.customs.joining;
        self.plan(now + joining.delay, Plan::SayId(0));
        if let Some(every) = joining.every {
            self.plan(now + joining.delay + every, Plan::SayIdAgain);
        }
        if let Some(time) = joining.wait.time() {
            self.plan(now + time, Plan::EndJoining);
        }
    }

    /// Does what is due.
    pub(crate) fn wake(&mut self, now: Moment) -> Vec<Message> {
        let mut said = Vec::new();
        let Some(entry) = self.plans.first_entry().filter(|it| it.key().0 <= now) else {
            return said;
        };
        let plan = entry.remove();
        self.carry_out(now, plan, &mut said);
        self.go_on(now, &mut said);
        said
    }

    /// Hears a message, its own included.
    pub(crate) fn hear(&mut self, now: Moment, message: &Message) -> Vec<Message> {
        let mut said = Vec::new();
        if self.ended.is_none() {
            if let Err(reason) = self.take(now, message, &mut said) {
                self.ended = Some(reason);
            }
            self.go_on(now, &mut said);
        }
        said
    }

    fn plan(&mut self, at: Moment, plan: Plan) {
        self.planned += 1;
        self.plans.insert((at, self.planned), plan);
    }

    fn carry_out(&mut self, now: Moment, plan: Plan, said: &mut Vec<Message>) {
        let joining = self.rules.customs.joining;
        match plan {
            Plan::SayId(times) => {
                said.push(self.id());
                if times + 1 < joining.burst.get() && joining.repeats == Repeats::Ignored {
                    self.plan(now + joining.gap, Plan::SayId(times + 1));
                }
            }
            Plan::SayIdAgain if self.stage == Stage::Joining => {
                said.push(self.id());
                let every = joining.every.expect("it says it again");
                self.plan(now + every, Plan::SayIdAgain);
            }
            Plan::EndJoining => self.join_over = true,
            Plan::SayDraw(row) => {
                let asks = matches!(self.stage, Stage::Electing | Stage::Following | Stage::Idle);
                if asks && row == self.row {
                    said.push(Message::Election { peer: self.me, draw: self.drawn, state: None });
                    if let Some(every) = self.rules.customs.drawing.every {
                        self.plan(now + every, Plan::SayDraw(row));
                    }
                }
            }
            Plan::EndDraws(row) if row == self.row => self.draws_over = true,
            Plan::Ask(row) if row == self.row && self.stage == Stage::Idle => {
                let range = &self.rules.challenges;
                let bits = self.rng.random_range(range.start().bits()..=range.end().bits());
                let difficulty = Difficulty::from_bits(bits.into()).expect("in range");
                let place = self
                    .is_judged()
                    .then_some(Place { transaction: Transaction::new(row), term: Term::FIRST });
                said.push(Message::Challenge { peer: self.me, difficulty, place });
            }
            Plan::Answer(row) if row == self.row && self.stage == Stage::Mining => {
                let (transaction, difficulty) = (Transaction::new(row), self.asked[&row]);
                let salt = self.rng.random();
                let task = Task { transaction, difficulty, finder: self.me, salt };
                let from = self.rng.random_range(0..1_u64 << 31);
                let candidates = (from..).map(|index| self.rules.puzzle.candidate(&task, index));
                let solves = |seed: &Seed| {
                    self.rules.puzzle.check_digest(seed, transaction, difficulty).is_ok()
                };
                let seed = candidates.into_iter().find(solves).expect("few bits are asked for");
                said.push(Message::Solution { peer: self.me, transaction, seed });
            }
            _ => {}
        }
    }

    fn id(&self) -> Message {
        Message::Announcement { peer: self.me, key: None, members: None, start: None }
    }

    fn is_judged(&self) -> bool {
        self.rules.decision == Decision::Leader
    }

    fn size(&self) -> usize {
        match self.rules.customs.joining.wait {
            Wait::All => usize::from(self.rules.peers.get()),
            // As many as came in time.
            _ if self.stage != Stage::Joining => self.ids.len(),
            _ => usize::from(self.rules.peers.get()),
        }
    }

    /// Moves on as far as what it has heard allows.
    fn go_on(&mut self, now: Moment, said: &mut Vec<Message>) {
        while self.ended.is_none() && self.step(now, said) {}
    }

    fn step(&mut self, now: Moment, said: &mut Vec<Message>) -> bool {
        let customs = self.rules.customs;
        match self.stage.clone() {
            Stage::Joining => {
                let has_all = self.ids.len() >= usize::from(self.rules.peers.get());
                let is_late =
                    self.join_over && self.ids.len() >= usize::from(customs.joining.min.get());
                if !customs.joining.wait.is_over(has_all, is_late) {
                    return false;
                }
                self.elect_again(now);
            }
            Stage::Electing => {
                let has_all = self.draws.len() >= self.size();
                let wait = customs.drawing.wait;
                if self.draws.is_empty() || !wait.is_over(has_all, self.draws_over) {
                    return false;
                }
                let count = self.draws.len().min(self.size());
                let draws: Vec<_> = match customs.drawing.every {
                    // Others may be heard again: they stay out of the next election.
                    Some(_) => self.draws.clone(),
                    None => self.draws.drain(..count).collect(),
                };
                let winner = electing::winner(self.rules.election, &draws);
                if customs.leading.announced {
                    if winner == self.me {
                        let draw = self.drawn;
                        said.push(Message::Coordinator { peer: self.me, draw });
                    }
                    self.stage = Stage::Following;
                    return true;
                }
                self.leader = Some(winner);
                self.idle(now);
            }
            Stage::Following => {
                let Some(leader) = self.coordinators.pop_front() else { return false };
                self.leader = Some(leader);
                self.idle(now);
            }
            Stage::Idle => match self.challenges.pop_front() {
                None => return false,
                Some((peer, difficulty, row)) => {
                    let is_leader = Some(peer) == self.leader || peer == PeerId::UNNAMED;
                    let row = row.unwrap_or(self.row);
                    // One that was said again.
                    if !is_leader || row < self.row {
                        return true;
                    }
                    self.row = row;
                    self.asked.insert(row, difficulty);
                    self.mine(now);
                }
            },
            Stage::Mining if !self.is_judged() => {
                let Some((finder, row, seed)) = self.solutions.pop_front() else { return false };
                let (transaction, difficulty) = (Transaction::new(row), self.asked[&row]);
                let approve = self.rules.puzzle.check(&seed, transaction, difficulty).is_ok();
                let (peer, voted) = (self.me, seed.clone());
                said.push(Message::Vote { peer, transaction, seed: voted, approve, cause: None });
                if approve {
                    self.stage = Stage::Counting(finder, seed);
                }
            }
            Stage::Counting(finder, seed) => {
                let size = match self.rules.decision {
                    Decision::OfNext { of: Some(of), .. } => usize::from(of.get()),
                    _ => self.size(),
                };
                if self.votes.len() < size {
                    return false;
                }
                let yes = self.votes.drain(..size).filter(|vote| *vote).count();
                let needed = match self.rules.decision {
                    Decision::Majority | Decision::Leader => size / 2 + 1,
                    Decision::AtLeastHalf => size.div_ceil(2),
                    // Python's N / 2 is not rounded.
                    Decision::HalfAndOne => (1..).find(|yes| 2 * yes >= size + 2).expect("one is"),
                    Decision::MoreYes => (1..).find(|yes| *yes > size - yes).expect("one is"),
                    Decision::OfNext { yes: Some(yes), .. } => usize::from(yes.get()),
                    Decision::OfNext { yes: None, .. } => size / 2 + 1,
                };
                match yes >= needed.min(size) {
                    true => self.record(now, self.row, seed, finder),
                    false => self.mine(now),
                }
            }
            Stage::Mining | Stage::Done => return false,
        }
        true
    }

    fn elect_again(&mut self, now: Moment) {
        self.stage = Stage::Electing;
        self.draws_over = false;
        if self.rules.customs.drawing.every.is_some() {
            self.draws.clear();
        }
        self.drawn = match self.rules.election.draw {
            Draw::Number { min, max } => self.rng.random_range(min..=max),
            Draw::NumberThenMember { min, max } if self.leader.is_none() => {
                self.rng.random_range(min..=max)
            }
            _ => {
                let index = self.rng.random_range(0..self.ids.len());
                self.ids[index].number()
            }
        };
        let delay = self.rules.customs.drawing.delay;
        self.plan(now + delay, Plan::SayDraw(self.row));
        if let Some(time) = self.rules.customs.drawing.wait.time() {
            self.plan(now + delay + time, Plan::EndDraws(self.row));
        }
    }

    /// Waits for a challenge, or plans its own.
    fn idle(&mut self, now: Moment) {
        let leading = self.rules.customs.leading;
        if self.rules.rounds.is_some_and(|rounds| self.table.len() as u64 >= rounds.number()) {
            self.stage = Stage::Done;
            return;
        }
        self.stage = Stage::Idle;
        if self.leader == Some(self.me) {
            let first = leading.delay.filter(|_| self.asked.is_empty());
            self.plan(now + first.unwrap_or(self.rules.pause), Plan::Ask(self.row));
        }
    }

    fn mine(&mut self, now: Moment) {
        self.stage = Stage::Mining;
        let rests = self.rules.leader_only_judges() && self.leader == Some(self.me);
        if !rests {
            let time = Duration::from_millis(self.rng.random_range(20..400));
            self.plan(now + time, Plan::Answer(self.row));
        }
    }

    fn record(&mut self, now: Moment, row: u64, seed: Seed, winner: PeerId) {
        self.table.push((row, self.asked[&row].bits(), seed, winner));
        self.row = row + 1;
        match self.rules.election_every {
            ElectionEvery::Once => self.idle(now),
            ElectionEvery::Transaction => self.elect_again(now),
            ElectionEvery::Winner => {
                self.leader = Some(winner);
                self.idle(now);
            }
        }
    }
}
