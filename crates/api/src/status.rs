//! How things stand with a peer.

use std::collections::BTreeMap;

use althing_feed::{CharterMember, Id, Observer, PeerName, Waiting, Word};
use althing_text::Name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The peers of a process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Peers {
    /// How things stand with each, in the order in which they were started.
    pub items: Vec<PeerStatus>,
}

/// How things stand with a peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PeerStatus {
    /// When this was so: RFC 3339 in UTC, with milliseconds.
    #[schemars(extend("format" = "date-time"))]
    pub time: String,
    /// The network, by the name of its dialect.
    pub network: String,
    /// The peer.
    pub peer: PeerName,
    /// Messages that have arrived.
    pub received: u64,
    /// Those of them that were refused.
    pub refused: u64,
    /// Hashes that it has tried in its own searches.
    pub hashes: u64,
    /// What depends on the kind of network.
    #[serde(flatten)]
    pub engine: EngineStatus,
    /// The running timers, by kind, the first first.
    pub due: Vec<Due>,
}

/// How things stand with a peer, by the kind of its network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum EngineStatus {
    /// In a network with rounds.
    Rounds(RoundsStatus),
    /// In a network with a chain.
    Chain(ChainStatus),
    /// In an assembly.
    Assembly(AssemblyStatus),
}

impl EngineStatus {
    /// Returns what peers are called by their ids; nothing in a network with a chain.
    pub fn into_names(self) -> BTreeMap<Id, Name> {
        match self {
            Self::Rounds(status) => status.names,
            Self::Chain(_) => BTreeMap::new(),
            Self::Assembly(status) => {
                status.members.into_iter().map(|member| (member.id, member.name)).collect()
            }
        }
    }
}

/// How things stand in a network with rounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoundsStatus {
    /// Rows in its table.
    pub rows: u64,
    /// The members, in order.
    pub members: Vec<Id>,
    /// What peers are called, by their ids; missing if none has a name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub names: BTreeMap<Id, Name>,
    /// The members that it has not heard for long.
    pub silent: Vec<Id>,
    /// The term.
    pub term: u64,
    /// The leader of the term, if it knows one.
    pub leader: Option<Id>,
    /// The difficulty of the open challenge in bits, if one is open.
    pub challenge: Option<u16>,
    /// Whether another copy of it has spoken, so that it is silent for good.
    pub copied: bool,
    /// The members that have contradicted themselves.
    pub equivocating: Vec<Id>,
    /// What it waits for, if it does.
    pub waiting: Option<Waits>,
}

/// What a peer waits for: as in the event `waiting`, and in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Waits {
    /// What it waits for, with what is known of that.
    #[serde(flatten)]
    pub kind: Waiting,
    /// The same as a sentence for people, which may change.
    pub sentence: String,
}

impl From<Waiting> for Waits {
    fn from(kind: Waiting) -> Self {
        let sentence = kind.to_string();
        Self { kind, sentence }
    }
}

/// How things stand in a network with a chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChainStatus {
    /// Blocks in its chain.
    pub blocks: u64,
    /// The hash of the last of them, if there is one.
    pub tip: Option<String>,
    /// The height of the last of them, if there is one.
    pub height: Option<u64>,
    /// The addresses of the peers that it knows.
    pub peers: Vec<String>,
    /// Entries that wait for a block.
    pub mempool: usize,
    /// Whether it mines.
    pub mining: bool,
    /// The height of the block that it searches for, if it does.
    pub searching: Option<u64>,
    /// Whether it has met its network, as far as it can know; before, it does not mine.
    pub joined: bool,
}

/// How things stand in an assembly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AssemblyStatus {
    /// The hash of the charter, which is the id of the chain.
    pub chain: String,
    /// The members, in the order of the charter.
    pub members: Vec<CharterMember>,
    /// How many of them decide.
    pub quorum: usize,
    /// Why this peer takes no part in the votes, if it does not.
    pub observing: Option<Observer>,
    /// The members that it has not heard for long.
    pub silent: Vec<Id>,
    /// The view.
    pub view: u64,
    /// The member that was drawn to lead it.
    pub leader: Id,
    /// The height of the last committed block; 0 is that of the genesis, which is not kept.
    pub height: u64,
    /// The hash of that block.
    pub tip: String,
    /// Entries that wait for a block.
    pub mempool: usize,
    /// The height of the block that it searches for, if it does.
    pub searching: Option<u64>,
    /// What proves that members have contradicted themselves; one for each.
    pub contradictions: Vec<Contradiction>,
}

/// Two things that a member has said, signed, of which no honest one says both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Contradiction {
    /// The member.
    pub member: Id,
    /// One of them.
    pub first: Word,
    /// The other one.
    pub second: Word,
}

/// What a peer does next, of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Due {
    /// In how many milliseconds the first of them is due; 0 if it is late.
    pub in_ms: f64,
    /// What it does then, in words.
    pub what: String,
    /// How many of that kind there are.
    pub times: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peer_waits_for_is_a_kind_for_scripts_and_a_sentence_for_people() {
        let waits = Waits::from(Waiting::Majority { here: 2, needed: 3 });
        let json = serde_json::to_value(&waits).expect("it has text keys");
        assert_eq!(
            json,
            serde_json::json!({
                "for": "majority",
                "here": 2,
                "needed": 3,
                "sentence": "waiting for a majority: it takes 3 members, and 2 can be heard",
            })
        );
        let again: Waits = serde_json::from_value(json).expect("it was just written");
        assert_eq!(again, waits);
    }
}
