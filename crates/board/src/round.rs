//! One transaction from its challenge to its record.

use std::collections::BTreeMap;
use std::time::Duration;

use althing_feed as feed;
use althing_types::{Difficulty, Moment, PeerId, Seed, Transaction};

use super::peers::PEERS_MAX;

/// Solutions kept of one challenge; one a peer is enough.
pub(crate) const SOLUTIONS_MAX: usize = PEERS_MAX;

/// Votes kept of one row; one a peer is enough.
pub(crate) const VOTES_MAX: usize = PEERS_MAX;

/// All that is known about one transaction.
#[derive(Debug)]
pub struct Round {
    /// The number of the row.
    pub transaction: Transaction,
    /// When it was first heard of.
    pub since: Moment,
    /// The challenge that counts now, if one is known.
    pub challenge: Option<Challenge>,
    /// The solutions with their finders, in the order in which they were reported.
    pub solutions: Vec<(PeerId, Seed)>,
    votes: BTreeMap<PeerId, bool>,
    /// How often the vote was lost and the row mined again.
    pub failures: u32,
    /// Its row, once it is decided.
    pub row: Option<Row>,
}

/// A challenge of the leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// How hard a solution is to find.
    pub difficulty: Difficulty,
    /// The leader that asks for it.
    pub leader: PeerId,
    /// When the first peer reported it.
    pub issued: Moment,
}

/// A row of the table, and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The number of the row.
    pub transaction: Transaction,
    /// How hard a solution is to find.
    pub difficulty: Difficulty,
    /// The text that solves the challenge.
    pub seed: Seed,
    /// The peer that found it.
    pub winner: PeerId,
    /// Votes for it, as far as they are known.
    pub yes: usize,
    /// Votes against it, as far as they are known.
    pub no: usize,
    /// From the challenge to the record; not known of rows that were caught up with.
    pub took: Option<Duration>,
}

/// The stage of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// There is no challenge yet.
    Opening,
    /// There is a challenge and no solution.
    Mining,
    /// There is a solution, and no decision.
    Voting,
    /// The row is recorded.
    Decided,
}

impl Round {
    /// Returns the round of a row that is first heard of at `since`.
    pub fn new(transaction: Transaction, since: Moment) -> Self {
        Self {
            transaction,
            since,
            challenge: None,
            solutions: Vec::new(),
            votes: BTreeMap::new(),
            failures: 0,
            row: None,
        }
    }

    /// Notes a challenge. One that is easier, or a new leader's, replaces the one before, and
    /// with it what was found and said.
    pub fn challenge(&mut self, challenge: Challenge, leader: Option<PeerId>) {
        let is_news = self.challenge.is_none_or(|before| {
            if before.leader == challenge.leader {
                challenge.difficulty < before.difficulty
            } else {
                leader == Some(challenge.leader)
            }
        });
        if is_news {
            if self.challenge.is_some() {
                self.start_again();
            }
            self.challenge = Some(challenge);
        }
    }

    /// Notes a solution; a peer's first one counts.
    pub fn solution(&mut self, finder: PeerId, seed: &Seed) {
        let is_known = self.solutions.iter().any(|(peer, _)| *peer == finder);
        if !is_known && self.solutions.len() < SOLUTIONS_MAX {
            self.solutions.push((finder, seed.clone()));
        }
    }

    /// Notes a vote, and returns whether it is news. A peer may say no to one solution and yes to
    /// another, but takes no yes back.
    pub fn vote(&mut self, voter: PeerId, approve: bool) -> bool {
        let is_news = match self.votes.get(&voter) {
            Some(before) => approve && !before,
            None => self.votes.len() < VOTES_MAX,
        };
        if is_news {
            self.votes.insert(voter, approve);
            let (yes, no) = (self.yes(), self.no());
            if let Some(row) = &mut self.row {
                (row.yes, row.no) = (row.yes.max(yes), row.no.max(no));
            }
        }
        is_news
    }

    /// Notes that a vote was lost, if this is the `failures`th time.
    pub fn fail(&mut self, failures: u32) {
        if failures > self.failures {
            self.failures = failures;
            self.start_again();
        }
    }

    /// Notes the row that was decided, and whose votes for it were counted.
    pub fn decide(&mut self, at: Moment, decided: &feed::Row, voters: &[feed::Id]) {
        for voter in voters.iter().take(VOTES_MAX) {
            self.vote(voter.peer(), true);
        }
        self.row = Some(Row {
            transaction: decided.transaction,
            difficulty: decided.challenge,
            seed: decided.seed.clone(),
            winner: decided.winner.peer(),
            // Networks that count arrivals count a voter as often as it is heard.
            yes: self.yes().max(decided.yes),
            no: self.no().max(decided.no.into()),
            took: self.challenge.map(|challenge| at - challenge.issued),
        });
    }

    /// Returns the stage of the round.
    pub fn phase(&self) -> Phase {
        if self.row.is_some() {
            Phase::Decided
        } else if !self.solutions.is_empty() || !self.votes.is_empty() {
            Phase::Voting
        } else if self.challenge.is_some() {
            Phase::Mining
        } else {
            Phase::Opening
        }
    }

    /// Returns how a peer has voted, if it has.
    pub fn vote_of(&self, peer: PeerId) -> Option<bool> {
        self.votes.get(&peer).copied()
    }

    /// Returns how many peers have voted for a solution, and how many against one.
    pub fn votes(&self) -> (usize, usize) {
        (self.yes(), self.no())
    }

    /// Returns how many peers have voted for a solution.
    pub fn yes(&self) -> usize {
        self.votes.values().filter(|approve| **approve).count()
    }

    /// Returns how many peers have voted against one.
    pub fn no(&self) -> usize {
        self.votes.len() - self.yes()
    }

    /// Returns the finder and the seed of the row, or of the first solution that may become it.
    pub fn winner(&self) -> Option<(PeerId, &Seed)> {
        match &self.row {
            Some(row) => Some((row.winner, &row.seed)),
            None => self.solutions.first().map(|(finder, seed)| (*finder, seed)),
        }
    }

    /// Returns whether every list is within its bound.
    pub(crate) fn is_bounded(&self) -> bool {
        self.solutions.len() <= SOLUTIONS_MAX && self.votes.len() <= VOTES_MAX
    }

    /// Returns the solutions that have not won, or are not the first, with their finders.
    pub fn losing(&self) -> impl Iterator<Item = (PeerId, &Seed)> {
        let winner = self.winner().map(|(winner, _)| winner);
        let all = self.solutions.iter().map(|(finder, seed)| (*finder, seed));
        all.filter(move |(finder, _)| Some(*finder) != winner)
    }

    fn start_again(&mut self) {
        self.solutions.clear();
        self.votes.clear();
    }
}
