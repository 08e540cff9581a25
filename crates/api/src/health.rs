//! Whether a process works, and what to do if it does not.

use althing_feed::PeerName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a process works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// Each peer that does not work, with its reason.
    pub troubles: Vec<Trouble>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trouble {
    /// The peer with which it is wrong.
    pub peer: PeerName,
    /// What is wrong, as a sentence.
    pub what: String,
    /// What to do, as a sentence.
    pub advice: String,
}
