use std::collections::{BTreeMap, BTreeSet};

use althing_engine::rounds::{CertifiedRecord, Counting, Durable, Record, Rules};
use althing_types::{PeerId, Term, Transaction};

/// Watches what peers make durable, and says when it should never have come to that.
#[derive(Debug)]
pub struct Checker {
    rules: Rules,
    table: BTreeMap<Transaction, (Record, PeerId)>,
    /// What each peer said yes to, per row and term.
    votes: BTreeMap<(PeerId, Transaction, Term), Record>,
    promises: BTreeMap<(PeerId, Term), PeerId>,
}

/// Something that no run may ever show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Two peers have different rows.
    #[error("{first_peer} recorded {first:?}, and {second_peer} {second:?}")]
    TwoTables {
        /// Who recorded first.
        first_peer: PeerId,
        /// What.
        first: Box<Record>,
        /// Who recorded something else.
        second_peer: PeerId,
        /// What.
        second: Box<Record>,
    },
    /// A row has fewer votes than it needs.
    #[error("{peer} recorded transaction {transaction} with {votes} votes")]
    TooFewVotes {
        /// Who.
        peer: PeerId,
        /// The row.
        transaction: Transaction,
        /// Different members that voted for it.
        votes: usize,
    },
    /// A row does not solve its challenge.
    #[error("{peer} recorded transaction {transaction} with a seed that is no solution")]
    NotASolution {
        /// Who.
        peer: PeerId,
        /// The row.
        transaction: Transaction,
    },
    /// A peer contradicts its own vote.
    #[error("{peer} said yes twice in transaction {transaction}, term {term}")]
    TwoVotes {
        /// Who.
        peer: PeerId,
        /// The row.
        transaction: Transaction,
        /// The term.
        term: Term,
    },
    /// A row names a vote that its voter never made durable.
    #[error("{peer} recorded a vote of {voter} in transaction {transaction} that it never cast")]
    InventedVote {
        /// Who recorded it.
        peer: PeerId,
        /// Who is said to have voted.
        voter: PeerId,
        /// The row.
        transaction: Transaction,
    },
    /// A peer contradicts its own naming.
    #[error("{peer} named two leaders in term {term}")]
    TwoNamings {
        /// Who.
        peer: PeerId,
        /// The term.
        term: Term,
    },
}

impl Checker {
    /// Returns a checker for a network with these rules.
    pub fn new(rules: Rules) -> Self {
        Self { rules, table: BTreeMap::new(), votes: BTreeMap::new(), promises: BTreeMap::new() }
    }

    /// Returns the rows that any peer has recorded.
    pub fn rows(&self) -> usize {
        self.table.len()
    }

    /// Looks at what `peer` makes durable.
    pub fn check(&mut self, peer: PeerId, durable: &Durable) -> Result<(), Violation> {
        match durable {
            Durable::Roster(_) => {
                // Under another roster terms begin anew; nothing was voted on under the old one.
                self.promises.retain(|(promiser, _), _| *promiser != peer);
                Ok(())
            }
            Durable::Promise(promise) => {
                let term = promise.term;
                let named = *self.promises.entry((peer, term)).or_insert(promise.leader);
                if named == promise.leader {
                    Ok(())
                } else {
                    Err(Violation::TwoNamings { peer, term })
                }
            }
            Durable::Acceptance(accepted) => {
                let (term, transaction) = (accepted.term, accepted.record.transaction);
                let first = self.votes.entry((peer, transaction, term));
                if *first.or_insert_with(|| accepted.record.clone()) == accepted.record {
                    Ok(())
                } else {
                    Err(Violation::TwoVotes { peer, transaction, term })
                }
            }
            Durable::Record(certified) => self.check_record(peer, certified),
        }
    }

    fn check_record(&mut self, peer: PeerId, certified: &CertifiedRecord) -> Result<(), Violation> {
        let CertifiedRecord { record, term, votes, .. } = certified;
        let transaction = record.transaction;
        let (first, first_peer) =
            self.table.entry(transaction).or_insert_with(|| (record.clone(), peer));
        if first != record {
            return Err(Violation::TwoTables {
                first_peer: *first_peer,
                first: Box::new(first.clone()),
                second_peer: peer,
                second: Box::new(record.clone()),
            });
        }
        // Where arrivals are counted, a solution is judged by the row it names, which may be
        // another, and votes belong to no row.
        if self.rules.counting == Counting::Arrivals {
            return Ok(());
        }
        if self.rules.puzzle.check(&record.seed, record.difficulty).is_err() {
            return Err(Violation::NotASolution { peer, transaction });
        }
        let voters: BTreeSet<PeerId> = votes.iter().map(|(voter, _)| *voter).collect();
        if voters.len() < self.rules.votes_needed() {
            return Err(Violation::TooFewVotes { peer, transaction, votes: voters.len() });
        }
        let invented = voters
            .into_iter()
            .find(|voter| self.votes.get(&(*voter, transaction, *term)) != Some(record));
        match invented {
            Some(voter) => Err(Violation::InventedVote { peer, voter, transaction }),
            None => Ok(()),
        }
    }
}
