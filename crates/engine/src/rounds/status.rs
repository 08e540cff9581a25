//! The current state of a peer, for users and scripts.

use althing_text::Name;
use althing_types::{Difficulty, PeerId, Term};
use serde::Serialize;

use super::{PublicKey, Waiting};

/// The current state of a peer of a network with rounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The number of rows in its table. One that came later than the first row, or was cut off for
    /// a while, may lack rows before the last.
    pub rows: u64,
    /// Its membership; empty until it is settled.
    pub members: Vec<PeerId>,
    /// The keys of the members, as far as they have one.
    #[serde(skip)]
    pub keys: Vec<(PeerId, PublicKey)>,
    /// What peers are called, as far as each has said it, in the order of their ids.
    pub names: Vec<(PeerId, Name)>,
    /// The members that have been silent for too long.
    pub silent: Vec<PeerId>,
    /// The latest term it has entered.
    pub term: Term,
    /// The leader it follows in that term, once there is one.
    pub leader: Option<PeerId>,
    /// The difficulty of the open challenge in bits, if there is one.
    pub challenge: Option<Difficulty>,
    /// Whether it has heard a copy of itself, and so no longer votes.
    pub copied: bool,
    /// The members that have contradicted themselves in signed messages.
    pub equivocating: Vec<PeerId>,
    /// What it waits for, if it cannot make progress.
    pub waiting: Option<Waiting>,
}
