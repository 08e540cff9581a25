//! The promises and votes of a peer over all its lives.

use std::collections::BTreeMap;

use althing_engine::rounds::{Durable, Message, Record};
use althing_types::{PeerId, Term, Transaction};

/// A deliberate bug of a peer, to see that the checker notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// The peer works as it should.
    None,
    /// It finds no promise on its disk when it starts again.
    ForgetsPromise,
    /// It finds no vote on its disk when it starts again.
    ForgetsVote,
}

/// The promises and votes of a peer over all its lives, which it must not contradict.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct History {
    promises: BTreeMap<Term, PeerId>,
    votes: BTreeMap<(Transaction, Term), Record>,
    pub(crate) contradiction: Option<Contradiction>,
}

/// A contradiction between two messages of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Contradiction {
    /// It has promised to follow two leaders in one term (rule E3).
    TwoPromises,
    /// It has said yes to two solutions in one term of a row (rule V2).
    TwoVotes,
}

impl History {
    /// Notes a write of the peer, which comes before the message about it.
    pub(crate) fn note_durable(&mut self, durable: &Durable) {
        match durable {
            Durable::Promised(promised) => self.note_promise(promised.term, promised.leader),
            Durable::Accepted(accepted) => self.note_vote(accepted.term, &accepted.record),
            Durable::Membership(_)
            | Durable::Record(_)
            | Durable::Session
            | Durable::Named(..)
            | Durable::Unnamed(_)
            | Durable::Started(_)
            | Durable::Start(_)
            | Durable::Copied
            | Durable::Equivocation(_) => {}
        }
    }

    /// Notes a message of the peer.
    pub(crate) fn note_message(&mut self, message: &Message) {
        match message {
            Message::Election { state: Some(state), .. } => {
                if let Some(promise) = &state.promise {
                    self.note_promise(state.term, promise.leader);
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

    fn note_promise(&mut self, term: Term, leader: PeerId) {
        if *self.promises.entry(term).or_insert(leader) != leader {
            self.contradiction = Some(Contradiction::TwoPromises);
        }
    }

    fn note_vote(&mut self, term: Term, record: &Record) {
        let first = self.votes.entry((record.transaction, term));
        if first.or_insert_with(|| record.clone()) != record {
            self.contradiction = Some(Contradiction::TwoVotes);
        }
    }
}
