//! Decides solutions: by votes (rules P4, P5 and P9), or by the leader's verdict (rule P10).

use althing_pow::Unsolved;
use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};

use super::queue::OfRow;
use super::{Phase, Published};
use crate::rounds::{
    CertifiedRecord, Counting, Decision, Durable, ElectionEvery, Event, Message, Output, Record,
    Refusal, leave_later, refuse,
};

/// A peer claims to have found a solution.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Solution {
    pub(super) finder: PeerId,
    pub(super) transaction: Transaction,
    pub(super) seed: Seed,
}

#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct Vote {
    pub(super) voter: PeerId,
    pub(super) transaction: Transaction,
    pub(super) approve: bool,
}

/// How many rows a message may be ahead of us; no peer is that far, unless we have missed messages.
const AHEAD_MAX: u64 = 64;

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
        let is_far = transaction.number().saturating_sub(self.row().number()) > AHEAD_MAX;
        let is_of_row = self.rules.counting == Counting::ArrivalsOfRow
            || self.rules.decision == Decision::Leader;
        if is_of_row && is_far { Err(Refusal::Ahead { transaction }) } else { Ok(()) }
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
        let Some(difficulty) = self.difficulty_of(transaction) else {
            return refuse(finder, Refusal::Ahead { transaction }, out);
        };
        let judged = self.rules.puzzle.check(&seed, difficulty);
        let approve = judged.is_ok();
        self.say(
            Message::Vote {
                peer: self.me,
                transaction,
                seed: seed.clone(),
                approve,
                cause: self.cause(finder, difficulty),
            },
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

    /// Counts the votes once there are N of them, and returns whether there was anything to do.
    pub(super) fn count_next(&mut self, solution: Solution, out: &mut Vec<Output>) -> bool {
        let peers = self.rules.membership_size();
        let row = self.open_row();
        let votes = match self.rules.counting {
            Counting::ArrivalsOfRow => self.votes.take_many_of(row, peers),
            _ => self.votes.take_many(peers),
        };
        match votes {
            Some(votes) => self.count(solution, &votes, out),
            // Members vote on every solution of the row while it is open (rule P9).
            None if self.rules.counting == Counting::ArrivalsOfRow => return self.judge_next(out),
            None => return false,
        }
        true
    }

    /// Counts N votes, whatever they are for (rule P5).
    fn count(&mut self, solution: Solution, votes: &[Vote], out: &mut Vec<Output>) {
        let transaction = self.open_row();
        let yes = votes.iter().filter(|vote| vote.approve).count();
        let no = votes.len() - yes;
        if yes < self.rules.votes_needed() {
            out.push(Output::Event(Event::RoundFailed { transaction, yes, no }));
            return self.mine(out);
        }
        let yes = votes.iter().filter(|vote| vote.approve);
        let votes = yes.map(|vote| vote.voter).collect();
        self.record(solution.finder, solution.seed, votes, no, out);
    }

    /// As the leader that decides alone, judges the next solution, publishes the verdict, and
    /// returns whether there was a solution (rule P10).
    pub(super) fn rule_next(&mut self, out: &mut Vec<Output>) -> bool {
        let Some(solution) = self.solutions.take() else { return false };
        let Solution { finder: winner, transaction, seed } = solution;
        let judged = self.judge_for_row(transaction, &seed);
        let accepted = matches!(judged, Some(Ok(()))) && self.phase == Phase::Mining;
        let verdict = seed.clone();
        self.say(
            Message::Verdict { peer: self.me, transaction, seed: verdict, winner, accepted },
            out,
        );
        match judged {
            Some(Ok(())) if accepted => {
                let found =
                    Event::SolutionFound { transaction, finder: winner, seed: seed.clone() };
                out.push(Output::Event(found));
                self.record(winner, seed, vec![self.me], 0, out);
            }
            Some(Err(unsolved)) => refuse(winner, Refusal::NotASolution(unsolved), out),
            // Not the first, or of a row that is decided.
            _ => {}
        }
        true
    }

    /// Takes the leader's next verdict on the open row, and returns whether there was one.
    pub(super) fn obey_next(&mut self, out: &mut Vec<Output>) -> bool {
        let Some(solution) = self.verdicts.take_of(self.open_row()) else { return false };
        let Solution { finder: winner, transaction, seed } = solution;
        match self.judge_for_row(transaction, &seed) {
            Some(Ok(())) => {
                self.search.cancel(out);
                let found =
                    Event::SolutionFound { transaction, finder: winner, seed: seed.clone() };
                out.push(Output::Event(found));
                let votes = self.leader.into_iter().collect();
                self.record(winner, seed, votes, 0, out);
            }
            // Anyone can forge a verdict of the leader, but not a solution.
            Some(Err(unsolved)) => refuse(winner, Refusal::VoteForNoSolution(unsolved), out),
            None => {}
        }
        true
    }

    /// Returns whether `seed` solves the open row, or `None` if it is for another.
    fn judge_for_row(&self, transaction: Transaction, seed: &Seed) -> Option<Result<(), Unsolved>> {
        let difficulty = self.asked.last().filter(|_| transaction == self.open_row())?;
        Some(self.rules.puzzle.check(seed, *difficulty))
    }

    fn record(
        &mut self,
        winner: PeerId,
        seed: Seed,
        votes: Vec<PeerId>,
        noes: usize,
        out: &mut Vec<Output>,
    ) {
        let Some(difficulty) = self.asked.last().copied() else {
            return;
        };
        let transaction = self.open_row();
        let record = CertifiedRecord {
            record: Record { transaction, difficulty, seed, winner },
            term: Term::FIRST,
            votes: votes.into_iter().map(|voter| (voter, None)).collect(),
            noes: u16::try_from(noes).unwrap_or(u16::MAX),
        };
        self.search.learn(&record.record.seed);
        out.push(Output::Persist(Durable::Record(record.clone())));
        out.push(Output::Event(Event::RoundDecided(record)));
        if self.is_finished() {
            out.push(leave_later());
        }
        self.verdicts.forget_before(self.row());
        if self.rules.counting == Counting::ArrivalsOfRow {
            self.solutions.forget_before(self.row());
            self.votes.forget_before(self.row());
        }
        match self.rules.election_every {
            ElectionEvery::Once => self.await_challenge(out),
            ElectionEvery::Transaction => self.begin_election(out),
        }
    }

    /// Returns the challenge of a row.
    fn difficulty_of(&self, transaction: Transaction) -> Option<Difficulty> {
        let index = transaction.number().checked_sub(self.first.number())?;
        self.asked.get(usize::try_from(index).ok()?).copied()
    }
}
