//! Decides solutions: by votes (rules P4, P5, P9 and P11), or by the leader's verdict (rule P10).

use althing_pow::Unsolved;
use althing_types::{PeerId, Seed, Term, Transaction};

use super::queue::{OfRow, QUEUE_MAX};
use super::{Phase, Published};
use crate::rounds::{
    Cause, CertifiedRecord, Counting, Decision, Durable, ElectionEvery, Event, Judging, Message,
    Output, Record, Refusal, Reply, Ruling, StartsDigest, leave_later, refuse,
};

/// A peer claims to have found a solution.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Solution {
    pub(super) finder: PeerId,
    pub(super) transaction: Transaction,
    pub(super) seed: Seed,
}

#[derive(Clone, Debug, Hash)]
pub(super) struct Vote {
    pub(super) voter: PeerId,
    pub(super) transaction: Transaction,
    pub(super) seed: Seed,
    pub(super) approve: bool,
    /// The peer that found the seed, where votes name it.
    pub(super) winner: Option<PeerId>,
}

/// How many rows a message may be ahead of us; no peer is that far, unless we have missed messages.
const AHEAD_MAX: u64 = 64;

/// The same where the leader alone decides, and whoever has missed rows goes on with a later one:
/// two weeks of rows, if each takes a second.
const AHEAD_OF_MEMBER_MAX: u64 = 1 << 20;

impl Vote {
    /// Returns whether it says what it is about: in some networks votes do not.
    fn says_solution(&self) -> bool {
        !self.seed.as_str().is_empty()
    }
}

impl OfRow for Solution {
    fn row(&self) -> Transaction {
        self.transaction
    }
}

impl OfRow for Vote {
    fn row(&self) -> Transaction {
        self.transaction
    }
}

impl Published {
    /// Where only the open row counts, refuses messages about a row that no peer can have reached.
    pub(super) fn check_row(&self, transaction: Transaction) -> Result<(), Refusal> {
        let max = match self.rules.decision {
            Decision::Leader => AHEAD_OF_MEMBER_MAX,
            _ => AHEAD_MAX,
        };
        let is_far = transaction.number().saturating_sub(self.row().number()) > max;
        if self.names_rows() && is_far { Err(Refusal::Ahead { transaction }) } else { Ok(()) }
    }

    /// Votes on the next solution while the row is mined, and returns whether there was one.
    pub(super) fn judge_next(&mut self, out: &mut Vec<Output>) -> bool {
        let next = match self.rules.counting {
            Counting::ArrivalsOfRow => self.solutions.take_of(self.open_row()),
            _ => self.solutions.take(),
        };
        let Some(solution) = next else { return false };
        self.judge(solution, out);
        true
    }

    /// Votes on one solution. It is judged against the challenge of the row it names, and the first
    /// valid one ends the search, whatever row that is (rule P4).
    fn judge(&mut self, solution: Solution, out: &mut Vec<Output>) {
        let Solution { finder, transaction, seed } = solution.clone();
        let Some(difficulty) = self.asked.get(&transaction).copied() else {
            return refuse(finder, Refusal::Ahead { transaction }, out);
        };
        let judged = self.rules.puzzle.check(&seed, transaction, difficulty);
        let approve = judged.is_ok();
        if approve && transaction == self.open_row() && self.solved.len() < QUEUE_MAX {
            self.solved.push(solution.clone());
        }
        // Whether votes say what they are about is the codec's choice.
        let cause = Some(Cause {
            term: Term::FIRST,
            difficulty,
            winner: finder,
            starts: StartsDigest::default(),
        });
        self.say(
            Message::Vote { peer: self.me, transaction, seed: seed.clone(), approve, cause },
            out,
        );
        match judged {
            Err(unsolved) => refuse(finder, Refusal::NotASolution(unsolved), out),
            Ok(()) if self.phase == Phase::Mining => {
                self.search.cancel(out);
                self.search.learn(&seed);
                out.push(Output::Event(Event::SolutionFound { transaction, finder, seed }));
                self.phase = Phase::Voting(solution);
            }
            Ok(()) => {}
        }
    }

    /// Counts the votes once there are enough of them, and returns whether there was anything to
    /// do.
    pub(super) fn count_next(&mut self, solution: Solution, out: &mut Vec<Output>) -> bool {
        let counted = self.rules.votes_counted();
        if self.rules.counting != Counting::ArrivalsOfRow {
            let Some(votes) = self.votes.take_many(counted) else { return false };
            self.count(solution, &votes, out);
            return true;
        }
        let row = self.open_row();
        if self.votes.of(row).nth(counted - 1).is_some()
            && let Some(chosen) = self.chosen(solution)
            && let Some(votes) = self.votes.take_many_of(row, counted)
        {
            self.count(chosen, &votes, out);
            return true;
        }
        // Members vote on every solution of the row while it is open (rule P9).
        self.judge_next(out)
    }

    /// Returns the solution of the open row that its votes decide on: the one to which the leader
    /// said yes first, so that those who follow this rule never record two, in whichever order the
    /// solutions reach them (rule P11). `None` if that vote is still to come.
    ///
    /// `first` is the solution that this peer saw first. It stands if this peer leads, if the
    /// leader's vote says nothing of what it is about, and if the leader has gone on to the next
    /// election without a vote that has reached us.
    fn chosen(&self, first: Solution) -> Option<Solution> {
        if self.leader == Some(self.me) {
            return Some(first);
        }
        let transaction = self.open_row();
        let difficulty = *self.asked.get(&transaction)?;
        let solves = |seed: &Seed| self.rules.puzzle.check(seed, transaction, difficulty).is_ok();
        let is_choice = |vote: &&Vote| {
            let is_leaders = Some(vote.voter) == self.leader && vote.approve;
            is_leaders && (!vote.says_solution() || solves(&vote.seed))
        };
        let Some(vote) = self.votes.of(transaction).find(is_choice) else {
            return self.has_drawn_again(self.leader).then_some(first);
        };
        let mut solved = self.solved.iter();
        match (vote.winner, vote.says_solution()) {
            (Some(finder), true) => Some(Solution { finder, transaction, seed: vote.seed.clone() }),
            // Of those who found the same, the first.
            (None, true) => solved.find(|solution| solution.seed == vote.seed).cloned(),
            (Some(finder), false) => solved.find(|solution| solution.finder == finder).cloned(),
            (None, false) => Some(first),
        }
    }

    /// Counts so many votes, whatever they are for (rule P5).
    fn count(&mut self, solution: Solution, votes: &[Vote], out: &mut Vec<Output>) {
        let transaction = self.open_row();
        let yes = votes.iter().filter(|vote| vote.approve).count();
        let no = votes.len() - yes;
        if !self.rules.is_approved(yes, no) {
            out.push(Output::Event(Event::RoundFailed { transaction, yes, no }));
            return self.mine(out);
        }
        let yes = votes.iter().filter(|vote| vote.approve);
        let votes = yes.map(|vote| vote.voter).collect();
        self.record(transaction, solution.finder, solution.seed, votes, no, out);
    }

    /// As the leader that decides alone, judges the next solution, publishes the verdict, and
    /// returns whether there was a solution (rule P10).
    pub(super) fn rule_next(&mut self, out: &mut Vec<Output>) -> bool {
        let Some(solution) = self.solutions.take() else { return false };
        let Solution { finder: winner, transaction, seed } = solution;
        let judged = self.judge_for_row(transaction, &seed);
        let ruling = match judged {
            Some(Ok(())) if self.phase == Phase::Mining => Ruling::Accepted,
            Some(Err(_)) => Ruling::Wrong,
            None if transaction >= self.row() => Ruling::Wrong,
            Some(Ok(())) | None => Ruling::Late,
        };
        if self.answers(ruling) {
            let (peer, seed) = (self.me, seed.clone());
            self.say(Message::Verdict { peer, transaction, seed, winner, ruling }, out);
        }
        match judged {
            Some(Ok(())) if ruling == Ruling::Accepted => {
                let found =
                    Event::SolutionFound { transaction, finder: winner, seed: seed.clone() };
                out.push(Output::Event(found));
                self.record(transaction, winner, seed, vec![self.me], 0, out);
            }
            Some(Err(unsolved)) => refuse(winner, Refusal::NotASolution(unsolved), out),
            // Not the first, or of a row that is decided.
            _ => {}
        }
        true
    }

    /// Returns whether a leader of this network says such a thing (rule P17).
    fn answers(&self, ruling: Ruling) -> bool {
        let Judging { wrong, late, .. } = self.rules.customs.judging;
        match ruling {
            Ruling::Accepted => true,
            Ruling::Wrong => wrong == Reply::Said,
            Ruling::Late => late == Reply::Said,
        }
    }

    /// Takes the leader's next verdict on a row that is not recorded, and returns whether there was
    /// one. It may be of a row that we left because the next challenge came first (rule P13).
    pub(super) fn obey_next(&mut self, out: &mut Vec<Output>) -> bool {
        let Some(solution) = self.next_verdict() else { return false };
        let Solution { finder: winner, transaction, seed } = solution;
        let Some(difficulty) = self.asked.get(&transaction) else { return true };
        match self.rules.puzzle.check(&seed, transaction, *difficulty) {
            // A verdict on a row that is recorded, said again.
            Ok(()) if transaction < self.next => {}
            Ok(()) => {
                if transaction == self.open_row() {
                    self.search.cancel(out);
                }
                let found =
                    Event::SolutionFound { transaction, finder: winner, seed: seed.clone() };
                out.push(Output::Event(found));
                let votes = self.leader.into_iter().collect();
                self.record(transaction, winner, seed, votes, 0, out);
            }
            // Anyone can forge a verdict of the leader, but not a solution.
            Err(unsolved) => refuse(winner, Refusal::VoteForNoSolution(unsolved), out),
        }
        true
    }

    /// Returns whether `seed` solves the open row, or `None` if it is for another.
    fn judge_for_row(&self, transaction: Transaction, seed: &Seed) -> Option<Result<(), Unsolved>> {
        let difficulty = self.asked.get(&transaction)?;
        let is_open = transaction == self.open_row();
        is_open.then(|| self.rules.puzzle.check_digest(seed, transaction, *difficulty))
    }

    fn record(
        &mut self,
        transaction: Transaction,
        winner: PeerId,
        seed: Seed,
        votes: Vec<PeerId>,
        noes: usize,
        out: &mut Vec<Output>,
    ) {
        let Some(difficulty) = self.asked.get(&transaction).copied() else {
            return;
        };
        let record = CertifiedRecord {
            record: Record { transaction, difficulty, seed, winner },
            term: Term::FIRST,
            votes: votes.into_iter().map(|voter| (voter, None)).collect(),
            noes: u16::try_from(noes).unwrap_or(u16::MAX),
            starts: StartsDigest::default(),
        };
        self.search.learn(&record.record.seed);
        if self.can_tell() {
            self.recorded += 1;
            out.push(Output::Persist(Durable::Record(record.clone())));
            out.push(Output::Event(Event::RoundDecided(record)));
        } else {
            // It plays its part, so that the others can go on (rule P19).
            self.say_missed(out);
        }
        self.next = transaction.next();
        self.verdicts.forget_before(self.next);
        self.claims.forget_before(self.next);
        if transaction != self.open_row() {
            return;
        }
        if self.is_finished() {
            out.push(leave_later());
        }
        if self.rules.counting == Counting::ArrivalsOfRow {
            self.solutions.forget_before(self.row());
            self.votes.forget_before(self.row());
        }
        match self.rules.election_every {
            ElectionEvery::Once => self.await_challenge(out),
            ElectionEvery::Transaction => self.begin_election(out),
            ElectionEvery::Winner => {
                self.follow_winner(winner, out);
                self.await_challenge(out);
            }
        }
    }

    /// Has the winner of a row lead the next one (rule P16), if it is a member.
    fn follow_winner(&mut self, winner: PeerId, out: &mut Vec<Output>) {
        if self.leader == Some(winner) || !self.known.contains(&winner) {
            return;
        }
        self.leader = Some(winner);
        let (leader, term) = (winner, Term::FIRST);
        out.push(Output::Event(Event::LeaderElected {
            leader,
            term,
            draw: None,
            draws: Vec::new(),
        }));
    }
}
