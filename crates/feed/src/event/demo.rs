//! What the user of a network in one process does to it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::PeerName;

/// What the user of a network in one process does to it. No peer tells of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum DemoEvent {
    /// Something goes wrong from now on.
    FaultSet {
        /// The number of the fault.
        fault: u64,
        /// What kind it is: `partition`, `cut`, `delay`, `lose`, `duplicate`, `corrupt` or
        /// `byzantine`.
        kind: String,
        /// The fault in words, as in "30 % of what peer 2 sends is lost".
        sentence: String,
        /// Decides what the fault leaves to chance; missing if that is nothing.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        seed: Option<u64>,
    },
    /// A fault is over.
    FaultCleared {
        /// Its number.
        fault: u64,
    },
    /// A peer was made to crash.
    PeerCrashed {
        /// The peer.
        crashed: PeerName,
    },
    /// A peer was started again, with what it has on disk.
    PeerRestarted {
        /// The peer.
        restarted: PeerName,
        /// How it breaks the rules from now on, as in `votes-twice`; missing if it is honest.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        byzantine: Option<String>,
    },
    /// A peer stands still: it neither reads nor sends, and its connections stay.
    PeerFrozen {
        /// The peer.
        frozen: PeerName,
    },
    /// A peer that stood still goes on, and reads what has come meanwhile.
    PeerThawed {
        /// The peer.
        thawed: PeerName,
    },
    /// The clock of the network goes at another speed, or stands still.
    PaceChanged {
        /// Whether it stands still.
        paused: bool,
        /// Seconds of it in a second, while it goes.
        speed: f64,
    },
}
