//! What outlives a crash: a peer's disk, and the word it has given.

use std::collections::BTreeMap;

use althing_engine::rounds::{
    Acceptance, CertifiedRecord, Durable, Message, Promise, PublicKey, Record, Recovered,
};
use althing_types::{PeerId, Term, Transaction};

/// What a peer may do wrong, to see that the checker notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It finds no promise on its disk when it starts again.
    ForgetsPromise,
    /// It finds no vote on its disk when it starts again.
    ForgetsVote,
}

/// What a peer has made durable.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct Disk {
    promise: Option<Promise>,
    accepted: Option<Acceptance>,
    pub(crate) rows: Vec<CertifiedRecord>,
}

impl Disk {
    pub(crate) fn write(&mut self, durable: Durable) {
        match durable {
            // It is settled before the model begins.
            Durable::Roster(_) => {}
            Durable::Promise(promise) => self.promise = Some(promise),
            Durable::Acceptance(accepted) => self.accepted = Some(accepted),
            Durable::Record(record) => {
                self.rows.push(record);
                self.accepted = None;
            }
        }
    }

    pub(crate) fn recovered(
        &self,
        roster: Vec<(PeerId, Option<PublicKey>)>,
        fault: Fault,
    ) -> Recovered {
        Recovered {
            roster: Some(roster),
            promise: self.promise.filter(|_| fault != Fault::ForgetsPromise),
            accepted: self.accepted.clone().filter(|_| fault != Fault::ForgetsVote),
            next: Transaction::new(self.rows.len() as u64),
        }
    }

    pub(crate) fn recall(&self, from: Transaction, count: usize) -> Vec<CertifiedRecord> {
        let from = usize::try_from(from.number()).unwrap_or(usize::MAX);
        self.rows.iter().skip(from).take(count).cloned().collect()
    }
}

/// What a peer has said over all its lives, and must not contradict.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct Words {
    namings: BTreeMap<Term, PeerId>,
    votes: BTreeMap<(Transaction, Term), Record>,
    pub(crate) contradiction: Option<Contradiction>,
}

/// What no peer may ever do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Contradiction {
    /// It has named two leaders in one term (rule E3).
    TwoNamings,
    /// It has said yes to two solutions in one term of a row (rule V2).
    TwoVotes,
}

impl Words {
    /// Notes what the peer writes to its disk before it says it.
    pub(crate) fn note_durable(&mut self, durable: &Durable) {
        match durable {
            Durable::Promise(promise) => self.note_naming(promise.term, promise.leader),
            Durable::Acceptance(accepted) => self.note_vote(accepted.term, &accepted.record),
            Durable::Roster(_) | Durable::Record(_) => {}
        }
    }

    /// Notes what the peer says.
    pub(crate) fn note_message(&mut self, message: &Message) {
        match message {
            Message::Election { standing: Some(standing), .. } => {
                if let Some(naming) = &standing.naming {
                    self.note_naming(standing.term, naming.leader);
                }
            }
            Message::Vote { transaction, seed, approve: true, cause: Some(cause), .. } => {
                let (transaction, seed) = (*transaction, seed.clone());
                let (difficulty, winner) = (cause.difficulty, cause.winner);
                let record = Record { transaction, difficulty, seed, winner };
                self.note_vote(cause.term, &record);
            }
            _ => {}
        }
    }

    /// Returns whether the peer has said yes to `record` in `term`.
    pub(crate) fn has_voted_for(&self, term: Term, record: &Record) -> bool {
        self.votes.get(&(record.transaction, term)) == Some(record)
    }

    fn note_naming(&mut self, term: Term, leader: PeerId) {
        if *self.namings.entry(term).or_insert(leader) != leader {
            self.contradiction = Some(Contradiction::TwoNamings);
        }
    }

    fn note_vote(&mut self, term: Term, record: &Record) {
        let first = self.votes.entry((record.transaction, term));
        if first.or_insert_with(|| record.clone()) != record {
            self.contradiction = Some(Contradiction::TwoVotes);
        }
    }
}
