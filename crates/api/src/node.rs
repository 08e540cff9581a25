//! What runs in a process, and what it can be asked.

use althing_feed::PeerName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A process with one or more peers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Node {
    /// The version of the program.
    pub version: String,
    /// What the process does.
    pub mode: Mode,
    /// The network, by the name of its dialect; missing where there is none, as with a tracker.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub network: Option<String>,
    /// The rules that all peers of the network share, as in the first line of an exported chain.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rules: Option<Value>,
    /// The name of the profile of other people's programs that it follows, if it follows one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub profile: Option<String>,
    /// When the process began: RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub started: String,
    /// The peers that run in it, in the order in which they were started.
    pub peers: Vec<PeerName>,
    /// The number of the oldest record that it still keeps.
    pub first_sequence: u64,
    /// The number of the next record.
    pub next_sequence: u64,
    /// What it can be asked.
    pub can: Abilities,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It runs a whole network.
    Demo,
    /// It runs one peer.
    Peer,
    /// It runs one that only watches a network, and takes no seat in it.
    Watch,
    /// It runs one peer, for which stock miners mine.
    Stratum,
    /// It runs a tracker, and no peer.
    Tracker,
}

/// What can be asked of a process. Where something is false, the endpoint answers with a problem.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Abilities {
    /// To get an entry into the chain.
    pub submit: bool,
    /// To do things to the network, as in a demo.
    pub control: bool,
    /// To list the entries of the chain.
    pub entries: bool,
    /// To list the rows of the table.
    pub table: bool,
    /// To list the blocks of the chain, and to say what an edited one would break.
    pub blocks: bool,
    /// To count the ballots in the chain.
    pub tally: bool,
}
