//! What can happen at a tracker.

use std::net::SocketAddr;

use althing_types::Address;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What can happen at a tracker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum TrackerEvent {
    /// The tracker begins.
    Listening {
        /// Its own address.
        #[schemars(with = "String")]
        address: SocketAddr,
    },
    /// A peer says that it is there.
    PeerJoined {
        /// Where it says it is.
        #[serde(with = "crate::text_form")]
        #[schemars(with = "String")]
        address: Address,
        /// Peers that are there now.
        peers: usize,
    },
    /// A peer says that it leaves.
    PeerLeft {
        /// The address it had announced.
        #[serde(with = "crate::text_form")]
        #[schemars(with = "String")]
        address: Address,
        /// Peers that are there now.
        peers: usize,
    },
    /// The connection of a peer has ended.
    PeerGone {
        /// The address it had announced.
        #[serde(with = "crate::text_form")]
        #[schemars(with = "String")]
        address: Address,
        /// Peers that are there now.
        peers: usize,
    },
    /// A connection was ended, or never begun.
    ConnectionRefused {
        /// Where it came from.
        #[schemars(with = "String")]
        from: SocketAddr,
        /// The rule that it broke.
        reason: String,
    },
}
