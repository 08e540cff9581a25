//! What is known of the open row: its challenge, solutions and votes (rules S2, V1, V3).

use std::collections::{BTreeMap, BTreeSet};

use althing_types::{Difficulty, Moment, PeerId, Seed, Term, Transaction};

use crate::rounds::{Accepted, CertifiedRecord, Record, Refusal, Signature, StartsDigest};

/// One undecided row: its challenge, the solutions found, and the votes on them.
///
/// It only counts. Of time it knows only when the challenge arrived.
#[derive(Clone, Debug, Hash)]
pub(super) struct Slot {
    pub(super) transaction: Transaction,
    /// The challenge, and the term of the leader that issued it.
    pub(super) challenge: Option<(Term, Difficulty)>,
    /// When the row began, or its latest challenge arrived.
    pub(super) since: Moment,
    /// Whether the leader waits before it issues the challenge.
    pub(super) pausing: bool,
    /// A challenge of this row that no peer solved in time.
    pub(super) unsolved: Option<Difficulty>,
    /// Valid solutions in the order of their arrival; one per peer.
    solutions: Vec<(PeerId, Seed)>,
    votes: BTreeMap<PeerId, Yes>,
    noes: BTreeSet<PeerId>,
}

/// A member's yes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Yes {
    pub(super) choice: Accepted,
    /// The starts that its voter knew of.
    pub(super) starts: StartsDigest,
    /// Whether the member has also said yes to something else in this term: then neither counts.
    pub(super) is_void: bool,
    pub(super) signature: Option<Signature>,
}

/// The result of recording a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noted {
    /// It counts.
    New,
    /// It was known, or a newer one is known.
    Old,
}

impl Slot {
    pub(super) fn new(now: Moment, transaction: Transaction) -> Self {
        Self {
            transaction,
            challenge: None,
            since: now,
            pausing: false,
            unsolved: None,
            solutions: Vec::new(),
            votes: BTreeMap::new(),
            noes: BTreeSet::new(),
        }
    }

    /// Returns how many solutions, votes and noes are kept.
    pub(super) fn lengths(&self) -> [usize; 3] {
        [self.solutions.len(), self.votes.len(), self.noes.len()]
    }

    /// Records a valid solution; each peer has one per row (rule S2).
    pub(super) fn note_solution(&mut self, peer: PeerId, seed: Seed) -> Result<Noted, Refusal> {
        match self.solution_of(peer) {
            Some(first) if *first == seed => Ok(Noted::Old),
            Some(_) => Err(Refusal::SecondSolution { transaction: self.transaction }),
            None => {
                self.solutions.push((peer, seed));
                Ok(Noted::New)
            }
        }
    }

    pub(super) fn solution_of(&self, peer: PeerId) -> Option<&Seed> {
        self.solutions.iter().find(|(finder, _)| *finder == peer).map(|(_, seed)| seed)
    }

    pub(super) fn first_solution(&self) -> Option<&(PeerId, Seed)> {
        self.solutions.first()
    }

    /// Forgets the solutions of an earlier challenge.
    pub(super) fn forget_solutions(&mut self) {
        self.solutions.clear();
    }

    /// Records a yes. One of a later term replaces it. Within a term a second, different one is
    /// refused, and the first counts no longer (rule V3). One for the same, from a voter that knows
    /// of other starts by now, replaces it (rule I4).
    pub(super) fn note_yes(&mut self, peer: PeerId, yes: Yes) -> Result<Noted, Refusal> {
        match self.votes.get_mut(&peer) {
            Some(first) if first.choice.term > yes.choice.term => Ok(Noted::Old),
            Some(first) if first.choice == yes.choice => {
                *first = Yes { is_void: first.is_void, ..yes };
                Ok(Noted::Old)
            }
            Some(first) if first.choice.term == yes.choice.term => {
                first.is_void = true;
                Err(Refusal::SecondVote { transaction: self.transaction })
            }
            _ => {
                self.votes.insert(peer, yes);
                Ok(Noted::New)
            }
        }
    }

    /// Records a no; only the number of noes matters.
    pub(super) fn note_no(&mut self, peer: PeerId) -> Noted {
        if self.noes.insert(peer) { Noted::New } else { Noted::Old }
    }

    pub(super) fn yes_of(&self, peer: PeerId) -> Option<&Yes> {
        self.votes.get(&peer)
    }

    /// Returns the row, if at least `needed` members voted yes on the same solution in the same
    /// term (rule V1), all of whom know the same starts (rule I4).
    pub(super) fn decided(&self, needed: usize) -> Option<CertifiedRecord> {
        if self.votes.len() < needed {
            return None;
        }
        let mut counts = BTreeMap::<Key<'_>, usize>::new();
        for yes in self.votes.values().filter(|yes| !yes.is_void) {
            let Record { difficulty, seed, winner, .. } = &yes.choice.record;
            let key = (yes.choice.term, *difficulty, seed, *winner, yes.starts);
            let count = counts.entry(key).or_default();
            *count += 1;
            if *count >= needed {
                return Some(self.certificate(&yes.choice, yes.starts));
            }
        }
        None
    }

    fn certificate(&self, choice: &Accepted, starts: StartsDigest) -> CertifiedRecord {
        let yeses = self
            .votes
            .iter()
            .filter(|(_, yes)| yes.choice == *choice && !yes.is_void && yes.starts == starts);
        CertifiedRecord {
            record: choice.record.clone(),
            term: choice.term,
            votes: yeses.map(|(peer, yes)| (*peer, yes.signature.clone())).collect(),
            noes: u16::try_from(self.noes.len()).unwrap_or(u16::MAX),
            starts,
        }
    }
}

/// What votes that count together have in common, and the starts that their voters know of.
type Key<'a> = (Term, Difficulty, &'a Seed, PeerId, StartsDigest);

#[cfg(test)]
mod tests {
    use super::*;

    fn yes(term: u64, seed: u64) -> Yes {
        let record = Record {
            transaction: Transaction::FIRST,
            difficulty: Difficulty::MIN,
            seed: Seed::from(seed),
            winner: PeerId::new(1),
        };
        let choice = Accepted { term: Term::new(term), record };
        Yes { choice, starts: StartsDigest(0), is_void: false, signature: None }
    }

    fn peer(number: u128) -> PeerId {
        PeerId::new(number)
    }

    #[test]
    fn a_row_is_decided_by_enough_votes_of_one_term_for_one_solution() {
        let mut round = Slot::new(Moment::START, Transaction::FIRST);
        assert_eq!(round.note_yes(peer(1), yes(0, 6)), Ok(Noted::New));
        assert_eq!(round.note_yes(peer(2), yes(1, 6)), Ok(Noted::New));
        assert_eq!(round.note_yes(peer(3), yes(1, 11)), Ok(Noted::New));
        assert_eq!(round.decided(2), None);
        assert_eq!(round.note_yes(peer(4), yes(1, 6)), Ok(Noted::New));
        let certificate = round.decided(2).expect("two said yes to 6 in term 1");
        assert_eq!(certificate.votes, vec![(peer(2), None), (peer(4), None)]);
        assert_eq!(certificate.record.seed, Seed::from(6));
    }

    #[test]
    fn votes_for_one_seed_at_two_difficulties_are_not_counted_together() {
        let mut round = Slot::new(Moment::START, Transaction::FIRST);
        let mut other = yes(0, 6);
        other.choice.record.difficulty = Difficulty::MAX;
        assert_eq!(round.note_yes(peer(1), yes(0, 6)), Ok(Noted::New));
        assert_eq!(round.note_yes(peer(2), other), Ok(Noted::New));
        assert_eq!(round.decided(2), None);
    }

    #[test]
    fn a_second_vote_of_a_term_is_refused_and_a_later_term_replaces_it() {
        let mut round = Slot::new(Moment::START, Transaction::FIRST);
        assert_eq!(round.note_yes(peer(1), yes(1, 6)), Ok(Noted::New));
        assert_eq!(round.note_yes(peer(1), yes(1, 6)), Ok(Noted::Old));
        let second = Refusal::SecondVote { transaction: Transaction::FIRST };
        assert_eq!(round.note_yes(peer(1), yes(1, 11)), Err(second));
        assert_eq!(round.note_yes(peer(1), yes(0, 11)), Ok(Noted::Old));
        assert_eq!(round.note_yes(peer(1), yes(2, 11)), Ok(Noted::New));
    }
}
