//! What differs between networks with a chain of one kind.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How programs of `aviary` differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AviaryRules {
    /// How gossip is called.
    pub names: GossipName,
    /// How the answer to gossip is called.
    pub reply: ReplyName,
    /// Whether blocks have a time.
    pub timestamp: bool,
    /// Zeros that a hash must end with.
    #[schemars(range(max = 64))]
    pub difficulty: u8,
    /// What the height in STATS_REPLY is.
    pub stats_height: StatsHeight,
    /// What a peer without a chain answers to STATS.
    pub empty: EmptyStats,
    /// What a peer answers that does not have a block.
    pub null_reply: NullReply,
    /// Whether the first block is given away.
    pub serve_genesis: bool,
    /// Where answers to gossip go.
    pub reply_to: ReplyTo,
    /// Other names of fields, and what they are called here.
    pub alias: BTreeMap<String, String>,
    /// Which chain is chosen.
    pub choose: Choose,
    /// Peers that must be known before a chain is chosen.
    pub min_peers: u16,
    /// The ports that its programs use. Ours listen where they are told.
    pub ports: Vec<u16>,
}

/// How gossip is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum GossipName {
    /// Since 2023.
    #[default]
    Gossip,
    /// In older years.
    Flood,
}

/// How the answer to gossip is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ReplyName {
    /// As the assignment has it.
    #[default]
    #[serde(rename = "GOSSIP_REPLY")]
    GossipReply,
    /// As some programs write it.
    #[serde(rename = "GOSSIP-REPLY")]
    GossipDashReply,
    /// In older years.
    #[serde(rename = "FLOOD-REPLY")]
    FloodReply,
}

/// What the height in STATS_REPLY is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StatsHeight {
    /// The number of blocks.
    #[default]
    Count,
    /// The height of the last block.
    Tip,
}

/// What a peer without a chain answers to STATS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EmptyStats {
    /// Nothing.
    #[default]
    #[serde(rename = "silent")]
    Silent,
    /// A height and a hash of `null`.
    #[serde(rename = "null")]
    Null,
    /// A height of 0.
    #[serde(rename = "0")]
    Zero,
    /// A height of -1.
    #[serde(rename = "-1")]
    MinusOne,
}

/// What a peer answers that does not have a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NullReply {
    /// All fields, with `null`.
    #[default]
    Nulls,
    /// All fields, with the text `None`.
    #[serde(rename = "text None")]
    TextNone,
    /// The type alone.
    Short,
    /// A list of `null`.
    Array,
}

/// Where answers to gossip go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReplyTo {
    /// To the address that the message names.
    #[default]
    Named,
    /// To the address that it came from.
    Source,
}

/// Which chain is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Choose {
    /// The one that most peers have.
    MostAgreed,
    /// The longest.
    Highest,
    /// The longest, and of several the one whose last hash is least.
    #[default]
    HighestThenHash,
    /// The one that more than half of the peers have.
    #[serde(rename = ">half")]
    MoreThanHalf,
}

impl Default for AviaryRules {
    fn default() -> Self {
        Self {
            names: GossipName::Gossip,
            reply: ReplyName::GossipReply,
            timestamp: true,
            difficulty: 8,
            stats_height: StatsHeight::Count,
            empty: EmptyStats::Silent,
            null_reply: NullReply::Nulls,
            serve_genesis: true,
            reply_to: ReplyTo::Named,
            alias: BTreeMap::from([("minedBy:".to_owned(), "minedBy".to_owned())]),
            choose: Choose::HighestThenHash,
            min_peers: 1,
            ports: vec![8999],
        }
    }
}

/// How networks of `cs60` differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cs60Rules {
    /// What the data are.
    pub data: Data,
    /// Zeros that the hash of the first block after the genesis has, less one.
    #[schemars(range(max = 63))]
    pub zeros: u8,
}

impl Default for Cs60Rules {
    fn default() -> Self {
        Self { data: Data::Ballots, zeros: 3 }
    }
}

/// What the data of a network of `cs60` are.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Data {
    /// Ballots, one of each voter.
    #[default]
    Ballots,
    /// Any text.
    Texts,
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ballots => "ballots",
            Self::Texts => "texts",
        })
    }
}
