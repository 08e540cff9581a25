//! What is in a chain, and how something gets into it.

use std::num::NonZeroU64;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A block of the best chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Block {
    /// The number of blocks before it.
    pub height: u64,
    /// Its hash.
    pub hash: String,
    /// The hash of the block before it; null of the first.
    pub previous: Option<String>,
    /// The time that its miner states, in seconds since 1970, where blocks have one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub time: Option<u64>,
    /// The name that its miner states, where blocks have one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub miner: Option<String>,
    /// How many hashes it takes on average to find it: a number in decimal.
    pub work: String,
    /// How hard it is to find, in bits: the logarithm of its work.
    pub difficulty: f64,
    /// Its entries, in order.
    pub entries: Vec<Entry>,
    /// What a quorum of the members has signed about it, in hexadecimal digits, where members
    /// commit blocks; missing if it was committed with a block after it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub certificate: Option<String>,
    /// How many bytes it has as it is kept.
    pub size: u64,
    /// The block as it is kept, in hexadecimal digits.
    pub bytes: String,
}

/// An entry of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// The height of the block that holds it.
    pub height: u64,
    /// Its place in that block, from 0 on.
    pub place: u64,
    /// Its text; of a signed one, what is signed.
    pub text: String,
    /// The key of its author, where entries are signed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub author: Option<String>,
    /// What the charter calls its author, if that is a member of an assembly.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// The application that it is for, where entries are signed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub application: Option<String>,
    /// The time that its block states, in seconds since 1970, where blocks have one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub time: Option<u64>,
    /// Its hash, where entries are signed: no other entry of the chain has the same.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hash: Option<String>,
}

/// What the members of an assembly have agreed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Charter {
    /// Its hash, which is the id of the chain.
    pub chain: String,
    /// The charter as a document, in TOML.
    pub document: String,
}

/// An entry that is to get into the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEntry {
    /// Its text, which the network may refuse.
    pub text: String,
    /// How many blocks must make it hard to undo, its own included; as many as is usual in the
    /// network if this is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmations: Option<NonZeroU64>,
    /// Whether to give up when another block comes first, where peers mine their own entries alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
    /// Whether to add it even if its names look like others in the chain: it is meant as it is
    /// written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_written: bool,
}

/// What has become of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Submitted {
    /// It is in a block.
    Added {
        /// The height of the block.
        height: u64,
        /// How often another block came first.
        lost_races: u32,
        /// How many blocks make it hard to undo, its own included.
        confirmations: u64,
        /// Whether another peer has the block, as far as is known.
        held: bool,
        /// The view in which the block was proposed, where members vote on blocks.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        view: Option<u64>,
        /// The hash of the entry, by which it is found again, where entries are signed.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        entry: Option<String>,
    },
    /// It can be in no block.
    Invalid {
        /// The rule that it breaks.
        reason: String,
    },
    /// Its names look like others in the chain, and what is there cannot be mended; it is added if
    /// it is given again with `as_written`.
    Doubted {
        /// Which name looks like which, and what to do if it is meant.
        reason: String,
    },
    /// Another block came first, and it was to be tried only once.
    Overtaken {},
}

/// A ballot in a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ballot {
    /// The height of the block that holds it.
    pub height: u64,
    /// The voter.
    pub voter: String,
    /// The choice; null of a ballot without one, which uses up the vote of its voter.
    pub choice: Option<String>,
}

/// The ballots in a chain, counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tally {
    /// The choices, the one with most votes first.
    pub choices: Vec<Choice>,
    /// How many have voted.
    pub voters: u64,
    /// The height of the last block that was counted; null if there is none.
    pub height: Option<u64>,
}

/// A choice with its votes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    /// The choice.
    pub choice: String,
    /// How many have made it.
    pub votes: u64,
}

/// A change to one byte of a block, in thought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The height of the block.
    pub height: u64,
    /// Which byte of it, as it is kept, counted from 0.
    pub offset: u64,
    /// Which bits of the byte to flip: 1 to 255.
    #[schemars(range(min = 1, max = 255))]
    pub xor: u8,
}

/// What an [`Edit`] would do to the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    /// The blocks that would no longer be valid, in order; at most a thousand of them.
    pub broken: Vec<Broken>,
    /// How many would no longer be valid in all.
    pub total: u64,
}

/// A block that would no longer be valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Broken {
    /// Its height.
    pub height: u64,
    /// The rule that it would break, by its number in `docs/protocol.md`; missing where it would
    /// not even be a block.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<String>,
    /// What would be wrong with it, in words.
    pub reason: String,
}
