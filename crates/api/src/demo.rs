//! What can be seen of, and done to, a network that runs in one process.

use althing_feed::PeerName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A network in one process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Demo {
    /// Its peers, in the order in which they were started.
    pub peers: Vec<DemoPeer>,
    /// What was done to it and not undone, the oldest first.
    pub faults: Vec<Fault>,
    /// How fast it goes; null where it goes as fast as it can.
    pub pace: Option<Pace>,
    /// The ways in which a peer can break the rules.
    pub strategies: Vec<Strategy>,
}

/// A peer of a network in one process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DemoPeer {
    /// Its number, from 1 on, which it keeps when it starts again under another name.
    pub number: usize,
    /// Its name in the records.
    pub peer: PeerName,
    /// Whether it runs.
    pub state: PeerState,
    /// The strategy by which it breaks the rules; null of an honest one.
    pub byzantine: Option<String>,
}

/// Whether a peer runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PeerState {
    /// It runs.
    Runs,
    /// It has crashed.
    Crashed,
    /// It stands still, and keeps its connections.
    Paused,
}

/// Something that was done to a network, until it is undone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    /// Its number, by which it is undone.
    pub id: u64,
    /// What it is, as in "peers 1, 2, 3 cannot reach the others".
    pub sentence: String,
    /// What was asked for.
    #[serde(flatten)]
    pub action: Action,
}

/// How fast a network goes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pace {
    /// Whether it stands still.
    pub paused: bool,
    /// How many of its seconds are in a second.
    pub speed: f64,
    /// The lowest and the highest speed.
    pub speeds: [f64; 2],
}

/// A way in which a peer can break the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Strategy {
    /// Its name.
    pub name: String,
    /// What such a peer does, as a sentence.
    pub what: String,
}

/// Something to be done to a network in one process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// A peer crashes.
    Crash {
        /// The peer.
        peer: PeerName,
    },
    /// A peer that has crashed starts again.
    Restart {
        /// The peer.
        peer: PeerName,
    },
    /// A peer stands still, and keeps its connections.
    Freeze {
        /// The peer.
        peer: PeerName,
    },
    /// A peer that stands still goes on.
    Thaw {
        /// The peer.
        peer: PeerName,
    },
    /// Groups of peers cannot reach each other; those that are not named are one more group.
    Partition {
        /// The groups.
        groups: Vec<Vec<PeerName>>,
    },
    /// What one peer sends does not reach another.
    Cut {
        /// The peer that sends.
        from: PeerName,
        /// The peer that is not reached.
        to: PeerName,
    },
    /// What a peer sends takes longer.
    Delay {
        /// The peer; null for all.
        #[serde(default)]
        peer: Option<PeerName>,
        /// How many milliseconds longer.
        ms: u64,
    },
    /// Some of what a peer sends is lost.
    Lose {
        /// The peer; null for all.
        #[serde(default)]
        peer: Option<PeerName>,
        /// Which share of it, from 0 to 1.
        #[schemars(range(min = 0.0, max = 1.0))]
        share: f64,
    },
    /// Some of what a peer sends arrives with wrong bytes.
    Corrupt {
        /// The peer; null for all.
        #[serde(default)]
        peer: Option<PeerName>,
        /// Which share of it, from 0 to 1.
        #[schemars(range(min = 0.0, max = 1.0))]
        share: f64,
    },
    /// Some of what a peer sends arrives twice.
    Duplicate {
        /// The peer; null for all.
        #[serde(default)]
        peer: Option<PeerName>,
        /// Which share of it, from 0 to 1.
        #[schemars(range(min = 0.0, max = 1.0))]
        share: f64,
    },
    /// A peer starts again as one that breaks the rules.
    Byzantine {
        /// The peer.
        peer: PeerName,
        /// How it breaks them: the name of a [`Strategy`].
        strategy: String,
    },
    /// The network stands still.
    Pause {},
    /// The network goes on.
    Resume {},
    /// The network goes on until the next thing happens that can be seen.
    Step {},
    /// The network goes at another speed.
    Speed {
        /// How many of its seconds are in a second.
        speed: f64,
    },
}

/// The outcome of an action that was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Done {
    /// A sentence for people, as in "peer 3 crashed".
    pub sentence: String,
    /// The number of the fault, if there is one to be undone.
    pub fault: Option<u64>,
}
