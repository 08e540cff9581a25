//! What shows to others, who need not trust the peer that says so, that a row was decided or that
//! an entry is in a block.

use althing_feed::{Id, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What decided a row of the table: the signed votes of its members (rule R1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Certificate {
    /// The rules that all peers of the network share, as in `Node`.
    pub rules: Value,
    /// The row.
    pub row: Row,
    /// The term in which it was decided.
    pub term: u64,
    /// What the voters knew of the starts of all members, which each of them has signed as well: 16
    /// hexadecimal digits, all zeros while no member has started a second time.
    pub starts: String,
    /// How many votes of different members it takes.
    pub needed: u64,
    /// The members, in the order of their ids.
    pub members: Vec<MemberKey>,
    /// The votes for it.
    pub votes: Vec<SignedVote>,
}

/// A member and its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberKey {
    /// The member.
    pub peer: Id,
    /// Its public key, in hexadecimal digits; null if it has none.
    pub key: Option<String>,
}

/// A vote for a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignedVote {
    /// The member that has voted.
    pub voter: Id,
    /// Its signature under the vote, in hexadecimal digits; null where votes are not signed.
    pub signature: Option<String>,
}

/// What shows that an entry is in a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntryProof {
    /// What this is: [`EntryProof::FORMAT`].
    #[serde(default = "format")]
    pub format: String,
    /// The version of the format: [`EntryProof::VERSION`].
    #[serde(default = "version")]
    pub version: u32,
    /// The rules that all peers of the network share, as in `Node`.
    pub rules: Value,
    /// The height of the block.
    pub height: u64,
    /// The hash of the block.
    pub hash: String,
    /// The place of the entry in the block, from 0 on.
    pub place: u64,
    /// The entry as it is kept, in hexadecimal digits.
    pub entry: String,
    /// What ties it to the hash.
    pub evidence: Evidence,
}

impl EntryProof {
    /// What a proof calls itself.
    pub const FORMAT: &str = "althing proof";
    /// The version of the format that is written here.
    pub const VERSION: u32 = 1;
}

/// The first proofs did not say what they are.
fn format() -> String {
    EntryProof::FORMAT.to_owned()
}

fn version() -> u32 {
    EntryProof::VERSION
}

/// What ties an entry to the hash of its block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Evidence {
    /// The header, and the path from the entry to its Merkle root; in `open`.
    Header {
        /// The header, in hexadecimal digits.
        header: String,
        /// The place of the entry among the leaves, from 0 on; the first is the coinbase.
        leaf: u64,
        /// The hash beside it at each level, from the leaf up, in hexadecimal digits.
        beside: Vec<String>,
    },
    /// The whole block, where its hash is over all of it.
    Block {
        /// The block as it is kept, in hexadecimal digits.
        block: String,
        /// The hash of the block before it, if there is one: it is hashed as well.
        previous: Option<String>,
    },
    /// What members of a charter have signed, and what leads from there to the entry; in
    /// assemblies. All but the charter is in hexadecimal digits, as `docs/formats.md` describes.
    Certificate {
        /// The charter, as a document. Its hash is the id of the chain.
        charter: String,
        /// The header of the block.
        header: String,
        /// The place of the entry among the leaves, from 0 on; the first is the coinbase.
        leaf: u64,
        /// The hash beside the entry at each level, from the leaf up.
        beside: Vec<String>,
        /// The coinbase of the block, which has its height and its view.
        coinbase: String,
        /// The hash beside the coinbase at each level.
        branch: Vec<String>,
        /// The headers of the blocks after it, up to the one that was finalized.
        headers: Vec<String>,
        /// The certificate by which a quorum of the members has finalized that one.
        certificate: String,
    },
}
