//! The messages of a network with rounds.

use std::fmt;

use althing_text::Name;
use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};
use serde::{Deserialize, Serialize};

use super::record::{Accepted, CertifiedRecord};
use super::signature::{PublicKey, Signature};
use super::start::{Start, StartsDigest};

/// A message and its sender's signature.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Signed {
    /// The message itself.
    pub message: Message,
    /// The sender's signature under it, if the sender signs.
    pub signature: Option<Signature>,
}

/// One message of a peer to all others.
///
/// Fields in an `Option` are those that a program with only the plain protocol omits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// A peer is here (rules G1 to G4).
    Announcement {
        /// The peer that is here.
        peer: PeerId,
        /// The key that checks its signatures.
        key: Option<PublicKey>,
        /// Its membership with keys, sent to newcomers once it is settled.
        members: Option<Vec<(PeerId, Option<PublicKey>)>>,
        /// Which of its starts this is; `None` for the first (rule I1).
        start: Option<Start>,
    },
    /// A peer's draw for a term, and its promise in that term (rules E1 to E4).
    Election {
        /// The member that draws.
        peer: PeerId,
        /// Its draw: a number, or the number of a member.
        draw: u128,
        /// Its term and, once it has made one, its promise.
        state: Option<ElectionState>,
    },
    /// A peer that has won its own election says that it leads; only where programs do so (rule
    /// P15).
    Coordinator {
        /// The peer that was elected.
        peer: PeerId,
        /// The draw that it was elected with; 0 where messages do not say it.
        draw: u128,
    },
    /// The leader issues a challenge (rule C1).
    Challenge {
        /// The leader.
        peer: PeerId,
        /// How hard it is.
        difficulty: Difficulty,
        /// Which row it is for.
        place: Option<Place>,
    },
    /// A peer has found a solution (rule S1).
    Solution {
        /// The peer that found it.
        peer: PeerId,
        /// The row it is for.
        transaction: Transaction,
        /// What solves the challenge.
        seed: Seed,
    },
    /// A member's yes or no to a solution (rules V1 to V5).
    Vote {
        /// The member that votes.
        peer: PeerId,
        /// The row it is for.
        transaction: Transaction,
        /// The solution.
        seed: Seed,
        /// Yes or no.
        approve: bool,
        /// What exactly it votes on.
        cause: Option<Cause>,
    },
    /// The leader's verdict on a solution; only where the leader decides (rule V6).
    Verdict {
        /// The leader.
        peer: PeerId,
        /// The row it is for.
        transaction: Transaction,
        /// The solution.
        seed: Seed,
        /// The member that found it.
        winner: PeerId,
        /// Whether it enters the table, or why not.
        ruling: Ruling,
    },
    /// A peer requests rows that it lacks (rule R2).
    Request {
        /// The peer that lacks rows.
        peer: PeerId,
        /// The peer that should answer.
        of: PeerId,
        /// The first row it lacks.
        from: Transaction,
    },
    /// What a member has promised and accepted, to members that have started again (rule I3).
    Confirmation {
        /// The member that has heard them.
        peer: PeerId,
        /// Their starts, which it has put on disk: from now on it counts no earlier ones.
        of: Vec<(PeerId, Start)>,
        /// Its membership; `None` if it has promised nothing under any.
        members: Option<MembershipDigest>,
        /// The term of its latest promise.
        promised: Option<Term>,
        /// The first row it has not recorded.
        transaction: Transaction,
        /// The solution of that row that it last accepted.
        accepted: Option<Accepted>,
    },
    /// What a peer is called by the person that runs it (rule G8).
    Name {
        /// The peer.
        peer: PeerId,
        /// Its name.
        name: Name,
    },
    /// A row with the votes that decided it (rule R2).
    Certificate {
        /// The member that has the row.
        peer: PeerId,
        /// The row.
        record: CertifiedRecord,
    },
}

/// The state of a peer in an election.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ElectionState {
    /// The term its draw is for.
    pub term: Term,
    /// Its membership.
    pub members: MembershipDigest,
    /// Its promise in that term, once it has made one.
    pub promise: Option<Promise>,
    /// The starts of the members that it knows of (rule I4).
    pub starts: StartsDigest,
}

/// A peer's promise to follow a leader, with what that leader must know of earlier terms (rule E4;
/// phase 1b of Paxos).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Promise {
    /// The leader that it follows.
    pub leader: PeerId,
    /// The first row it has not recorded.
    pub transaction: Transaction,
    /// The solution of that row that it last accepted.
    pub accepted: Option<Accepted>,
}

/// Which row a challenge is for, and in which term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The row.
    pub transaction: Transaction,
    /// The term of the leader that issued it.
    pub term: Term,
}

/// What a vote is about, besides the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cause {
    /// The term of the leader that proposed it.
    pub term: Term,
    /// The challenge it solves.
    pub difficulty: Difficulty,
    /// The member that found it.
    pub winner: PeerId,
    /// The starts of the members that the voter knows of (rule I4).
    pub starts: StartsDigest,
}

/// Identifies a membership: two peers with the same digest count the same members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MembershipDigest(pub u64);

/// What a leader says of a solution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ruling {
    /// It enters the table.
    Accepted,
    /// It does not solve the challenge.
    Wrong,
    /// Its row is decided, or was never open.
    Late,
}

impl Message {
    /// Returns what kind of message it is, in a word or two, as in `vote`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Announcement { .. } => "announcement",
            Self::Election { .. } => "election",
            Self::Coordinator { .. } => "coordinator",
            Self::Challenge { .. } => "challenge",
            Self::Solution { .. } => "solution",
            Self::Vote { .. } => "vote",
            Self::Verdict { .. } => "verdict",
            Self::Request { .. } => "request",
            Self::Confirmation { .. } => "confirmation",
            Self::Name { .. } => "name",
            Self::Certificate { .. } => "certificate",
        }
    }

    /// Returns the peer that it names as its sender.
    pub fn peer(&self) -> PeerId {
        match self {
            Self::Announcement { peer, .. }
            | Self::Election { peer, .. }
            | Self::Coordinator { peer, .. }
            | Self::Challenge { peer, .. }
            | Self::Solution { peer, .. }
            | Self::Vote { peer, .. }
            | Self::Verdict { peer, .. }
            | Self::Request { peer, .. }
            | Self::Confirmation { peer, .. }
            | Self::Name { peer, .. }
            | Self::Certificate { peer, .. } => *peer,
        }
    }

    /// Returns it as a published program would send it, without what Althing peers add; a message
    /// of a kind that the programs do not have stays as it is.
    #[must_use]
    pub fn plain(self) -> Self {
        match self {
            Self::Announcement { peer, .. } => {
                Self::Announcement { peer, key: None, members: None, start: None }
            }
            Self::Election { peer, draw, .. } => Self::Election { peer, draw, state: None },
            Self::Challenge { peer, difficulty, .. } => {
                Self::Challenge { peer, difficulty, place: None }
            }
            Self::Vote { peer, transaction, seed, approve, .. } => {
                Self::Vote { peer, transaction, seed, approve, cause: None }
            }
            other => other,
        }
    }
}

impl fmt::Display for MembershipDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
