//! What a field of a message says, and how programs name it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a field of a message says.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The sender of the message.
    Id,
    /// A vote in an election.
    Vote,
    /// The number of the row.
    Tx,
    /// How hard the challenge is.
    #[serde(alias = "d")]
    Challenge,
    /// What solves the challenge.
    Solution,
    /// Who found the solution.
    Solver,
    /// The leader's verdict.
    Result,
    /// A member's yes or no.
    Yes,
    /// A key.
    Key,
    /// A signature.
    Sign,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 10] = [
        Self::Id,
        Self::Vote,
        Self::Tx,
        Self::Challenge,
        Self::Solution,
        Self::Solver,
        Self::Result,
        Self::Yes,
        Self::Key,
        Self::Sign,
    ];

    /// Returns how a profile writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Vote => "vote",
            Self::Tx => "tx",
            Self::Challenge => "challenge",
            Self::Solution => "solution",
            Self::Solver => "solver",
            Self::Result => "result",
            Self::Yes => "yes",
            Self::Key => "key",
            Self::Sign => "sign",
        }
    }

    /// Returns the names that programs give to a field with this role. Several roles share some:
    /// in a program's result, `ClientID` is the solver.
    pub fn spellings(self) -> &'static [&'static str] {
        match self {
            Self::Id => ID_SPELLINGS,
            Self::Vote => VOTE_SPELLINGS,
            Self::Tx => TX_SPELLINGS,
            Self::Challenge => &["Challenge", "challenge", "Difficulty", "difficulty", "D", "d"],
            Self::Solution => &["Solution", "solution", "Seed", "seed", "S", "s"],
            Self::Solver => SOLVER_SPELLINGS,
            Self::Result => &["Result", "result", "R", "r"],
            Self::Yes => &["Vote", "vote", "Yes", "yes", "Valid", "valid"],
            Self::Key => &["PubKey", "pubKey", "pubkey", "pub_key", "PublicKey", "public_key"],
            Self::Sign => &["Sign", "sign", "Signature", "signature"],
        }
    }
}

/// How programs name the sender.
pub(crate) const ID_SPELLINGS: &[&str] = &[
    "id",
    "ClientID",
    "NodeId",
    "clientId",
    "clientID",
    "client_id",
    "ClientId",
    "NodeID",
    "nodeId",
    "node_id",
    "ID",
    "Id",
    "cid",
    "C",
    "c",
];

const VOTE_SPELLINGS: &[&str] = &[
    "VoteID",
    "voteId",
    "voteID",
    "vote_id",
    "VoteId",
    "Vote",
    "vote",
    "ElectionNumber",
    "electionNumber",
    "election",
    "V",
    "v",
];

const TX_SPELLINGS: &[&str] = &[
    "TransactionID",
    "transactionId",
    "transactionID",
    "transaction_id",
    "TransactionId",
    "TransactionNumber",
    "transactionNumber",
    "transaction",
    "tx",
    "T",
    "t",
];

const SOLVER_SPELLINGS: &[&str] =
    &["SolutionID", "solutionId", "solver", "Solver", "winner", "Winner"];
