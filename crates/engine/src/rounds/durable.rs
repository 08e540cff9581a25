use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};
use serde::{Deserialize, Serialize};

use super::seal::{PublicKey, Seal};

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Record {
    /// Its number.
    pub transaction: Transaction,
    /// The challenge.
    pub difficulty: Difficulty,
    /// What solved it.
    pub seed: Seed,
    /// Who found it.
    pub winner: PeerId,
}

/// A row of the table with the votes that decided it, which anyone can check (rule R1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CertifiedRecord {
    /// The row.
    pub record: Record,
    /// The term in which it was decided.
    pub term: Term,
    /// Who said yes, in the order of their ids.
    pub votes: Vec<(PeerId, Option<Seal>)>,
    /// How many said no.
    pub noes: u16,
}

/// What a peer must have on disk before it goes on to its next output.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Durable {
    /// The members it counts with, and their keys.
    Roster(Vec<(PeerId, Option<PublicKey>)>),
    /// Whom it follows.
    Promise(Promise),
    /// What it said yes to.
    Acceptance(Acceptance),
    /// A row of the table.
    Record(CertifiedRecord),
}

/// A peer's word that it follows a leader and votes in no earlier term (rule E3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Promise {
    /// The term.
    pub term: Term,
    /// What it drew.
    pub draw: u128,
    /// Whom it follows.
    pub leader: PeerId,
}

/// A peer's yes to one solution of one row, in one term (rule V2).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Acceptance {
    /// The term of the leader who proposed it.
    pub term: Term,
    /// The row it would be.
    pub record: Record,
}

/// What a peer remembers when it starts again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Recovered {
    /// The members it counted with, and their keys.
    pub roster: Option<Vec<(PeerId, Option<PublicKey>)>>,
    /// Whom it followed last.
    pub promise: Option<Promise>,
    /// What it last said yes to.
    pub accepted: Option<Acceptance>,
    /// The first row it lacks.
    pub next: Transaction,
}
