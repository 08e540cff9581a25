//! What is said of the latest rows (rules S2, V1 and V3).

use std::collections::{BTreeMap, BTreeSet};

use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};

use super::SPEAKERS_MAX;
use crate::rounds::{Accepted, CertifiedRecord, Equivocation, Refusal, SignedVote};

/// Rows that are remembered, the latest ones: for what is said of them late, or twice.
pub(super) const ROWS_MAX: usize = 64;

/// Challenges of one row that are remembered. Each leader of the row may ask, and ask for less.
const CHALLENGES_MAX: usize = 64;

/// What was heard of the latest rows.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Rows(BTreeMap<Transaction, Row>);

/// What was heard of one row.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Row {
    challenges: Vec<(Term, PeerId, Difficulty)>,
    solutions: BTreeMap<PeerId, Seed>,
    votes: BTreeMap<(Term, PeerId), SignedVote>,
    noes: BTreeSet<PeerId>,
    /// Those that have started again since it was first heard of.
    restarted: BTreeSet<PeerId>,
}

impl Rows {
    /// Returns what was heard of a row, unless it is too long ago.
    pub(super) fn of(&mut self, row: Transaction) -> Option<&mut Row> {
        if !self.0.contains_key(&row) && self.0.len() >= ROWS_MAX {
            let first = *self.0.first_key_value()?.0;
            if row < first {
                return None;
            }
            self.0.remove(&first);
        }
        Some(self.0.entry(row).or_default())
    }

    /// Returns the difficulty of the latest challenge of the latest row.
    pub(super) fn challenge(&self) -> Option<Difficulty> {
        self.0.last_key_value()?.1.challenges.last().map(|(.., difficulty)| *difficulty)
    }

    /// Takes note that a peer has started again: it finds other solutions.
    pub(super) fn note_restart(&mut self, peer: PeerId) {
        for row in self.0.values_mut() {
            if row.restarted.len() < SPEAKERS_MAX {
                row.restarted.insert(peer);
            }
        }
    }

    /// Forgets the rows after a gap in what was heard.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns how much was heard of the row of which most was.
    pub(super) fn largest(&self) -> usize {
        let count = |row: &Row| row.solutions.len().max(row.votes.len()).max(row.noes.len());
        self.0.values().map(count).max().unwrap_or_default()
    }
}

impl Row {
    /// Takes note of a challenge, and returns whether it is another than before.
    pub(super) fn note_challenge(&mut self, term: Term, by: PeerId, bits: Difficulty) -> bool {
        let challenge = (term, by, bits);
        let is_new = !self.challenges.contains(&challenge);
        if is_new && self.challenges.len() < CHALLENGES_MAX {
            self.challenges.push(challenge);
        }
        is_new
    }

    /// Returns the difficulties that were asked for.
    pub(super) fn difficulties(&self) -> impl Iterator<Item = Difficulty> {
        self.challenges.iter().map(|(.., difficulty)| *difficulty)
    }

    /// Returns the one peer that has asked for this in this term, if it is only one.
    pub(super) fn asker(&self, term: Term, difficulty: Difficulty) -> Option<PeerId> {
        let is_it = |it: &&(Term, PeerId, Difficulty)| it.0 == term && it.2 == difficulty;
        let mut askers = self.challenges.iter().filter(is_it).map(|(_, peer, _)| *peer);
        let first = askers.next()?;
        askers.all(|peer| peer == first).then_some(first)
    }

    /// Takes note of a solution, and returns whether it is a member's first.
    pub(super) fn note_solution(
        &mut self,
        transaction: Transaction,
        peer: PeerId,
        seed: &Seed,
    ) -> Result<bool, Refusal> {
        match self.solutions.get(&peer) {
            Some(known) if known == seed => Ok(false),
            // It may have been asked another time.
            Some(_) if self.challenges.len() > 1 || self.restarted.contains(&peer) => Ok(false),
            Some(_) => Err(Refusal::SecondSolution { transaction }),
            None if self.solutions.len() >= SPEAKERS_MAX => Ok(false),
            None => {
                self.solutions.insert(peer, seed.clone());
                Ok(true)
            }
        }
    }

    /// Takes note of a yes, and returns whether it is new.
    pub(super) fn note_yes(
        &mut self,
        vote: SignedVote,
    ) -> Result<bool, (Refusal, Option<Equivocation>)> {
        let at = (vote.choice.term, vote.peer);
        match self.votes.get(&at) {
            Some(known) if known.choice == vote.choice => Ok(false),
            Some(known) => {
                let transaction = vote.choice.record.transaction;
                let are_signed = known.signature.is_some() && vote.signature.is_some();
                let both = [known.clone(), vote];
                let proof = are_signed.then(|| Equivocation::Votes(Box::new(both)));
                Err((Refusal::SecondVote { transaction }, proof))
            }
            None if self.votes.len() >= SPEAKERS_MAX => Ok(false),
            None => {
                self.votes.insert(at, vote);
                Ok(true)
            }
        }
    }

    /// Takes note of a no, and returns whether it is a member's first.
    pub(super) fn note_no(&mut self, peer: PeerId) -> bool {
        self.noes.len() < SPEAKERS_MAX && self.noes.insert(peer)
    }

    /// Returns the row with the votes for `choice`, if so many have voted for it of those that
    /// count (rule V1).
    pub(super) fn decided(
        &self,
        choice: &Accepted,
        needed: usize,
        counts: impl Fn(PeerId) -> bool,
    ) -> Option<CertifiedRecord> {
        let is_for_it = |vote: &&SignedVote| vote.choice == *choice && counts(vote.peer);
        let votes: Vec<_> = self.votes.values().filter(is_for_it).collect();
        let starts = votes.last()?.starts;
        (votes.len() >= needed).then(|| CertifiedRecord {
            record: choice.record.clone(),
            term: choice.term,
            votes: votes.into_iter().map(|vote| (vote.peer, vote.signature.clone())).collect(),
            noes: u16::try_from(self.noes.len()).unwrap_or(u16::MAX),
            starts,
        })
    }
}
