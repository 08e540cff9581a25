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
    /// How numbers are written.
    pub numbers: NumberForm,
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
    /// Whether those that have a chain give its first block away. Ours do in any case.
    pub serve_genesis: bool,
    /// Where answers to gossip go.
    pub reply_to: ReplyTo,
    /// Other names that programs have for the fields of a block, and what these are called here.
    pub alias: BTreeMap<String, String>,
    /// Which of several chains a peer goes on with.
    pub choose: Choose,
    /// Others that a peer must know before it goes over to a chain of theirs.
    pub min_peers: u16,
    /// The ports that its programs use: those of a contact that is named without one.
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

/// The fields of a block of `aviary`, in the order in which programs write them.
pub(crate) const BLOCK_FIELDS: [&str; 6] =
    ["height", "minedBy", "nonce", "messages", "hash", "timestamp"];

impl GossipName {
    /// Returns the type of the message.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Gossip => "GOSSIP",
            Self::Flood => "FLOOD",
        }
    }
}

impl ReplyName {
    /// Returns the type of the message.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::GossipReply => "GOSSIP_REPLY",
            Self::GossipDashReply => "GOSSIP-REPLY",
            Self::FloodReply => "FLOOD-REPLY",
            Self::FloodUnderscoreReply => "FLOOD_REPLY",
        }
    }
}

/// How numbers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NumberForm {
    /// As numbers.
    #[default]
    Int,
    /// As texts of their digits.
    Text,
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
    /// In older years, as the assignment writes it now.
    #[serde(rename = "FLOOD_REPLY")]
    FloodUnderscoreReply,
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

/// Which of several chains a peer goes on with, and gives the others up for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Choose {
    /// The one that most peers have.
    MostAgreed,
    /// The longest, and of several the first that was seen.
    Highest,
    /// The longest, and of several the one whose last hash is least.
    #[default]
    HighestThenHash,
    /// The one that more than half of the peers have; without such a one, the longest.
    #[serde(rename = ">half")]
    MoreThanHalf,
}

impl Default for AviaryRules {
    fn default() -> Self {
        Self {
            names: GossipName::Gossip,
            numbers: NumberForm::Int,
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
