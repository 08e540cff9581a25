//! The messages as JSON. Each struct is one: its fields in the order in which the program writes
//! them, which is the order they are signed in; then what Althing peers add in the page's variant.
//!
//! A signature is over the fields that its sender wrote. What we do not know we could not check,
//! so a signed message with other fields is refused.

use althing_text::Name;
use althing_text::hex::Hex;
use althing_types::{Difficulty, Seed, Term, Transaction};
use serde::{Deserialize, Serialize};

use crate::key_text::KeyText;

pub(super) const INIT: &str = "init";
pub(super) const PUBKEY: &str = "pubkey";
pub(super) const ELECTION: &str = "election";
pub(super) const CHALLENGE: &str = "challenge";
pub(super) const SOLUTION: &str = "solution";
pub(super) const VOTING: &str = "voting";
/// Ours: messages that a program would count as another message of the same peer, or does not know.
pub(super) const SYNC: &str = "sync";

/// The six exchanges of the programs.
pub(super) const PLAIN: [&str; 6] = [INIT, PUBKEY, ELECTION, CHALLENGE, SOLUTION, VOTING];

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Init {
    pub(super) node_id: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PubKey {
    pub(super) node_id: u64,
    pub(super) pub_key: KeyText,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) start: Option<(u64, u64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sign: Option<Hex>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Draw {
    pub(super) node_id: u64,
    pub(super) election_number: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) term: Option<Term>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "Roster")]
    pub(super) members: Option<Hex>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) starts: Option<Hex>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sign: Option<Hex>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Challenge {
    pub(super) node_id: u64,
    pub(super) transaction_number: Transaction,
    pub(super) challenge: Difficulty,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) term: Option<Term>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sign: Option<Hex>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Solution {
    pub(super) node_id: u64,
    pub(super) transaction_number: Transaction,
    pub(super) seed: Seed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sign: Option<Hex>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Vote {
    pub(super) node_id: u64,
    #[serde(rename = "SolutionID")]
    pub(super) solution_id: u64,
    pub(super) transaction_number: Transaction,
    pub(super) seed: Seed,
    pub(super) vote: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) term: Option<Term>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) challenge: Option<Difficulty>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) starts: Option<Hex>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sign: Option<Hex>,
}

/// What is said on our own exchange. The kind is signed as well.
#[derive(Serialize, Deserialize)]
#[serde(tag = "Kind", rename_all = "PascalCase")]
pub(super) enum Sync {
    Members(Members),
    #[serde(rename = "Naming")]
    Promise(Promise),
    Request(Request),
    Certificate(Certificate),
    Confirmation(Confirmation),
    Called(Called),
}

/// What a peer is called.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Called {
    pub(super) node_id: u64,
    pub(super) name: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sign: Option<Hex>,
}

/// An announcement of a settled member.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Members {
    pub(super) node_id: u64,
    pub(super) pub_key: KeyText,
    pub(super) members: Vec<(u64, KeyText)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) start: Option<(u64, u64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sign: Option<Hex>,
}

/// A promise: an election message with a leader.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Promise {
    pub(super) node_id: u64,
    pub(super) election_number: u64,
    pub(super) term: Term,
    #[serde(rename = "Roster")]
    pub(super) members: Hex,
    pub(super) leader: u64,
    pub(super) transaction_number: Transaction,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) accepted: Option<WireAccepted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) starts: Option<Hex>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sign: Option<Hex>,
}

/// The solution of the named row that its peer last accepted.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct WireAccepted {
    #[serde(rename = "SolutionID")]
    pub(super) solution_id: u64,
    pub(super) seed: Seed,
    pub(super) term: Term,
    pub(super) challenge: Difficulty,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Request {
    pub(super) node_id: u64,
    pub(super) of: u64,
    pub(super) from: Transaction,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sign: Option<Hex>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Certificate {
    pub(super) node_id: u64,
    #[serde(rename = "SolutionID")]
    pub(super) solution_id: u64,
    pub(super) transaction_number: Transaction,
    pub(super) seed: Seed,
    pub(super) term: Term,
    pub(super) challenge: Difficulty,
    pub(super) votes: Vec<(u64, Hex)>,
    pub(super) noes: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) starts: Option<Hex>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sign: Option<Hex>,
}

/// What a member has promised and accepted, for those that have started again.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Confirmation {
    pub(super) node_id: u64,
    pub(super) confirms: Vec<(u64, u64, u64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "Roster")]
    pub(super) members: Option<Hex>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) term: Option<Term>,
    pub(super) transaction_number: Transaction,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) accepted: Option<WireAccepted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sign: Option<Hex>,
}
