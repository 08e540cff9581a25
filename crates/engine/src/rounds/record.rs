//! A row of the table, what decided it, and what a member has said yes to.

use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};
use serde::{Deserialize, Serialize};

use super::signature::Signature;
use super::start::StartsDigest;

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Record {
    /// Its number.
    pub transaction: Transaction,
    /// The challenge.
    pub difficulty: Difficulty,
    /// The text that solved it.
    pub seed: Seed,
    /// The peer that found it.
    pub winner: PeerId,
}

/// A row of the table with the votes that decided it, which anyone can check (rule R1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CertifiedRecord {
    /// The row.
    pub record: Record,
    /// The term in which it was decided.
    pub term: Term,
    /// The members that voted yes, in the order of their ids, and their signatures.
    pub votes: Vec<(PeerId, Option<Signature>)>,
    /// How many members voted no.
    pub noes: u16,
    /// The starts of the members that those who voted yes knew of (rule I4).
    //
    // The last field, and left out while it says nothing, so that earlier versions' rows are read.
    #[serde(default, skip_serializing_if = "StartsDigest::is_none")]
    pub starts: StartsDigest,
}

/// A peer's yes to one solution of one row, in one term (rule V2).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Accepted {
    /// The term of the leader that proposed it.
    pub term: Term,
    /// The row that it proposes.
    pub record: Record,
}
