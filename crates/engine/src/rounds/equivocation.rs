//! What proves that a peer speaks with two voices (rules I4 and I6).

use std::fmt;

use althing_types::PeerId;
use serde::{Deserialize, Serialize};

use super::message::{Cause, Message, Signed};
use super::record::Accepted;
use super::signature::{PublicKey, Signature};
use super::start::{Start, StartsDigest};

/// A member's announcement of a start, with its signature, so that others can pass it on and keep
/// it as evidence.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SignedStart {
    /// The member.
    pub peer: PeerId,
    /// Its key.
    pub key: Option<PublicKey>,
    /// The start that it announces.
    pub start: Start,
    /// Its signature under the announcement.
    pub signature: Option<Signature>,
}

/// A yes with its signature, kept as evidence.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SignedVote {
    /// The member that voted.
    pub peer: PeerId,
    /// What it said yes to.
    pub choice: Accepted,
    /// The starts that it knew of.
    pub starts: StartsDigest,
    /// Its signature under the vote.
    pub signature: Option<Signature>,
}

/// Two signed messages of one member of which an honest one says at most one (rule I6).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Equivocation {
    /// Two starts with one number: its data were copied, and both copies run.
    Starts(Box<[SignedStart; 2]>),
    /// Two yes votes for different solutions of one row, in one term.
    Votes(Box<[SignedVote; 2]>),
}

impl SignedStart {
    /// Returns the announcement, as its sender has signed it.
    pub fn message(&self) -> Signed {
        let Self { peer, key, start, signature } = self.clone();
        let message = Message::Announcement { peer, key, members: None, start: start.sent() };
        Signed { message, signature }
    }
}

impl SignedVote {
    /// Returns the vote, as its sender has signed it.
    pub fn message(&self) -> Signed {
        let Self { peer, choice, starts, signature } = self.clone();
        let record = choice.record;
        let cause = Some(Cause {
            term: choice.term,
            difficulty: record.difficulty,
            winner: record.winner,
            starts,
        });
        let message = Message::Vote {
            peer,
            transaction: record.transaction,
            seed: record.seed,
            approve: true,
            cause,
        };
        Signed { message, signature }
    }
}

impl Equivocation {
    /// Returns the member that has said both.
    pub fn peer(&self) -> PeerId {
        match self {
            Self::Starts(both) => both[0].peer,
            Self::Votes(both) => both[0].peer,
        }
    }

    /// Returns both messages as their sender has signed them, so that anyone can check them.
    pub fn messages(&self) -> [Signed; 2] {
        match self {
            Self::Starts(both) => both.each_ref().map(SignedStart::message),
            Self::Votes(both) => both.each_ref().map(SignedVote::message),
        }
    }
}

impl fmt::Display for Equivocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starts(both) => {
                let number = both[0].start.number;
                write!(
                    f,
                    "two starts with the number {number}: its data were copied, or are an old \
                     backup"
                )
            }
            Self::Votes(both) => {
                let [first, second] = both.each_ref().map(|vote| &vote.choice.record);
                let transaction = first.transaction;
                write!(f, "a yes to {} and to {} in row {transaction}", first.seed, second.seed)
            }
        }
    }
}
