use std::fmt;

use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};
use serde::{Deserialize, Serialize};

use super::durable::{Acceptance, CertifiedRecord};
use super::seal::{PublicKey, Seal};

/// A message and its sender's signature.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sealed {
    /// What was said.
    pub message: Message,
    /// Who vouches that it was said, if the sender signs.
    pub seal: Option<Seal>,
}

/// One word of a peer to all others.
///
/// What stands in an `Option` is what a program that knows only the plain protocol leaves out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// A peer is here (rules G1 to G4).
    Announcement {
        /// Who.
        peer: PeerId,
        /// The key that checks its seals.
        key: Option<PublicKey>,
        /// The members it counts with and their keys, told to newcomers once they are settled.
        roster: Option<Vec<(PeerId, Option<PublicKey>)>>,
    },
    /// A peer's draw for a term, and whom it follows in it (rules E1 to E4).
    Election {
        /// Who.
        peer: PeerId,
        /// What it drew: a number, or the number of a member.
        draw: u128,
        /// Where it stands.
        standing: Option<Standing>,
    },
    /// The leader asks for a solution (rule C1).
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
        /// Who.
        peer: PeerId,
        /// The row it is for.
        transaction: Transaction,
        /// What solves the challenge.
        seed: Seed,
    },
    /// A peer's word on a solution (rules V1 to V5).
    Vote {
        /// Who.
        peer: PeerId,
        /// The row it is for.
        transaction: Transaction,
        /// The solution.
        seed: Seed,
        /// Yes or no.
        approve: bool,
        /// What exactly it says yes or no to.
        cause: Option<Cause>,
    },
    /// The leader puts a solution into the table; only where the leader decides (rule V6).
    Verdict {
        /// The leader.
        peer: PeerId,
        /// The row it is for.
        transaction: Transaction,
        /// The solution.
        seed: Seed,
        /// Who found it.
        winner: PeerId,
        /// Whether it enters the table.
        accepted: bool,
    },
    /// A peer lacks rows and asks another for them (rule R2).
    Request {
        /// Who asks.
        peer: PeerId,
        /// Who shall answer.
        of: PeerId,
        /// The first row it lacks.
        from: Transaction,
    },
    /// A row with the votes that decided it (rule R2).
    Certificate {
        /// Who answers.
        peer: PeerId,
        /// The row.
        record: CertifiedRecord,
    },
}

/// Where a peer stands in an election.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    /// The term its draw is for.
    pub term: Term,
    /// The roster it counts with.
    pub roster: RosterDigest,
    /// Whom it follows in that term, once it has made up its mind.
    pub naming: Option<Naming>,
}

/// A peer's promise to follow a leader, and what that leader must know of its past (rule E4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Naming {
    /// Whom it follows.
    pub leader: PeerId,
    /// The first row it has not recorded.
    pub transaction: Transaction,
    /// The solution of that row it last said yes to.
    pub accepted: Option<Acceptance>,
}

/// Which row a challenge is for, and in which term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The row.
    pub transaction: Transaction,
    /// The term of the leader who asks.
    pub term: Term,
}

/// What a vote says yes or no to, besides the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cause {
    /// The term of the leader who proposed it.
    pub term: Term,
    /// The challenge it solves.
    pub difficulty: Difficulty,
    /// Who found it.
    pub winner: PeerId,
}

/// Stands for a roster: two peers with the same one count the same members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RosterDigest(pub u64);

impl Message {
    /// Returns who claims to have sent it.
    pub fn peer(&self) -> PeerId {
        match self {
            Self::Announcement { peer, .. }
            | Self::Election { peer, .. }
            | Self::Challenge { peer, .. }
            | Self::Solution { peer, .. }
            | Self::Vote { peer, .. }
            | Self::Verdict { peer, .. }
            | Self::Request { peer, .. }
            | Self::Certificate { peer, .. } => *peer,
        }
    }
}

impl fmt::Display for RosterDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
