//! One transaction from its challenge to its record.

use std::collections::BTreeMap;
use std::time::Duration;

use althing_engine::rounds::CertifiedRecord;
use althing_types::{Difficulty, Moment, PeerId, Seed, Transaction};

use super::peers::PEERS_MAX;

/// Solutions kept of one challenge; one a peer is enough.
pub(super) const SOLUTIONS_MAX: usize = PEERS_MAX;

/// Votes kept of one row; one a peer is enough.
pub(super) const VOTES_MAX: usize = PEERS_MAX;

/// What is known of one transaction.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) transaction: Transaction,
    /// When it was first heard of.
    pub(super) since: Moment,
    pub(super) challenge: Option<Challenge>,
    /// Who found which, in the order of their being told.
    pub(super) solutions: Vec<(PeerId, Seed)>,
    votes: BTreeMap<PeerId, bool>,
    /// How often the vote was lost and the row mined again.
    pub(super) failures: u32,
    /// Its row, once it is decided.
    pub(super) row: Option<Row>,
}

/// What the leader asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) difficulty: Difficulty,
    pub(super) leader: PeerId,
    pub(super) issued: Moment,
}

/// A row of the table, and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) transaction: Transaction,
    pub(super) difficulty: Difficulty,
    pub(super) seed: Seed,
    pub(super) winner: PeerId,
    pub(super) yes: usize,
    pub(super) no: usize,
    /// From the challenge to the record; not known of rows that were caught up with.
    pub(super) took: Option<Duration>,
}

/// Where a round is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Opening,
    Mining,
    Voting,
    Decided,
}

impl Round {
    pub(super) fn new(transaction: Transaction, since: Moment) -> Self {
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
    pub(super) fn challenge(&mut self, challenge: Challenge, leader: Option<PeerId>) {
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
    pub(super) fn solution(&mut self, finder: PeerId, seed: &Seed) {
        let is_known = self.solutions.iter().any(|(peer, _)| *peer == finder);
        if !is_known && self.solutions.len() < SOLUTIONS_MAX {
            self.solutions.push((finder, seed.clone()));
        }
    }

    /// Notes a vote, and returns whether it is news. A peer may say no to one solution and yes to
    /// another, but takes no yes back.
    pub(super) fn vote(&mut self, voter: PeerId, approve: bool) -> bool {
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
    pub(super) fn fail(&mut self, failures: u32) {
        if failures > self.failures {
            self.failures = failures;
            self.start_again();
        }
    }

    /// Notes the row that this has come to.
    pub(super) fn decide(&mut self, at: Moment, certified: &CertifiedRecord) {
        for (voter, _) in certified.votes.iter().take(VOTES_MAX) {
            self.vote(*voter, true);
        }
        let record = &certified.record;
        self.row = Some(Row {
            transaction: record.transaction,
            difficulty: record.difficulty,
            seed: record.seed.clone(),
            winner: record.winner,
            // Networks that count arrivals count a voter as often as it is heard.
            yes: self.yes().max(certified.votes.len()),
            no: self.no().max(certified.noes.into()),
            took: self.challenge.map(|challenge| at - challenge.issued),
        });
    }

    pub(super) fn phase(&self) -> Phase {
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

    pub(super) fn vote_of(&self, peer: PeerId) -> Option<bool> {
        self.votes.get(&peer).copied()
    }

    pub(super) fn yes(&self) -> usize {
        self.votes.values().filter(|approve| **approve).count()
    }

    pub(super) fn no(&self) -> usize {
        self.votes.len() - self.yes()
    }

    /// Returns the finder and the seed of the row, or of the first solution that may become it.
    pub(super) fn winner(&self) -> Option<(PeerId, &Seed)> {
        match &self.row {
            Some(row) => Some((row.winner, &row.seed)),
            None => self.solutions.first().map(|(finder, seed)| (*finder, seed)),
        }
    }

    fn start_again(&mut self) {
        self.solutions.clear();
        self.votes.clear();
    }
}
