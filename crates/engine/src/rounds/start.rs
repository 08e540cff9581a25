//! The starts of a peer, and what proves that one speaks with two voices (rules I1 to I6).

use std::fmt;

use althing_types::PeerId;
use serde::{Deserialize, Deserializer, Serialize};

use super::durable::Accepted;
use super::message::{Cause, Message, Signed};
use super::signature::{PublicKey, Signature};

/// One start of a peer with the same identity (rule I1).
///
/// Its number is on disk before the peer says anything. Two copies of one disk that start beside
/// each other have the same number; so each start draws a random number as well, by which they are
/// told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Start {
    /// One more than that of the start before; 1 for the first.
    pub number: u64,
    /// Drawn at the start.
    pub nonce: u64,
}

impl Start {
    /// The first start, in which a peer cannot have said anything before. Peers do not send it.
    pub const FIRST: Self = Self { number: 1, nonce: 0 };

    /// Returns this start as it is sent: not at all if it is the first.
    pub fn sent(self) -> Option<Self> {
        (self.number > Self::FIRST.number).then_some(self)
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:016x})", self.number, self.nonce)
    }
}

/// Stands for the latest starts of all members that a peer knows of (rule I4): two peers with the
/// same digest know the same ones. Zero while no member is known to have started a second time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct StartsDigest(pub u64);

impl StartsDigest {
    /// Returns whether no member is known to have started a second time; then it is not sent.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub fn is_none(&self) -> bool {
        self.0 == 0
    }
}

/// Rows of earlier versions end where this would stand.
impl<'de> Deserialize<'de> for StartsDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(u64::deserialize(deserializer).map(Self).unwrap_or_default())
    }
}

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
                write!(f, "two starts with the number {number}: its data were copied")
            }
            Self::Votes(both) => {
                let [first, second] = both.each_ref().map(|vote| &vote.choice.record);
                let transaction = first.transaction;
                write!(f, "a yes to {} and to {} in row {transaction}", first.seed, second.seed)
            }
        }
    }
}
