//! What can happen among miners that speak Stratum.

use std::net::SocketAddr;

use althing_stratum::{self as stratum, Tally, Worker};
use althing_types::{BlockHash, Height};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Event;

/// What can happen among the miners of a peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum MinersEvent {
    /// Miners can connect.
    ListeningForMiners {
        /// The address they connect to, over TCP.
        #[schemars(with = "String")]
        address: SocketAddr,
    },
    /// A worker has been authorized.
    WorkerJoined {
        /// Its name; empty if none was given yet.
        worker: String,
        /// The address it connects from.
        #[schemars(with = "String")]
        from: SocketAddr,
        /// Workers there are now.
        workers: usize,
    },
    /// The connection of a worker has ended.
    WorkerLeft {
        /// Its name.
        worker: String,
        /// The address it connected from.
        #[schemars(with = "String")]
        from: SocketAddr,
        /// Workers there are now.
        workers: usize,
        /// What it has done.
        #[serde(flatten)]
        shares: Shares,
    },
    /// The peer has ended a connection.
    WorkerDropped {
        /// Its name; empty if none was given yet.
        worker: String,
        /// The address it connected from.
        #[schemars(with = "String")]
        from: SocketAddr,
        /// Workers there are now.
        workers: usize,
        /// The rule that it broke.
        reason: String,
        /// What it has done.
        #[serde(flatten)]
        shares: Shares,
    },
    /// More came and went within a second than were told of.
    WorkersMoved {
        /// Workers that came or went in that second without an event of their own.
        count: u64,
    },
    /// A worker's share is a block; `block_mined` follows if it counts.
    BlockFound {
        /// Its name.
        worker: String,
        /// The address it connects from.
        #[schemars(with = "String")]
        from: SocketAddr,
        /// The height of the block.
        #[schemars(with = "u64")]
        height: Height,
        /// The hash of the block.
        #[serde(with = "crate::text_form")]
        #[schemars(with = "String")]
        hash: BlockHash,
    },
    /// What a worker has done; of each, every `--summary-every`.
    SharesAccepted {
        /// Its name.
        worker: String,
        /// The address it connects from.
        #[schemars(with = "String")]
        from: SocketAddr,
        /// Hashes a second, by its shares since the last time.
        hash_rate: u64,
        /// The difficulty of its shares now, in bits.
        share_bits: u32,
        /// What it has done.
        #[serde(flatten)]
        shares: Shares,
    },
}

/// The shares of a worker since it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shares {
    /// Shares that counted.
    pub accepted: u64,
    /// Shares that came too late.
    pub stale: u64,
    /// Shares that were wrong, or there already.
    pub invalid: u64,
    /// Shares that were blocks.
    pub blocks: u64,
}

impl From<Tally> for Shares {
    fn from(tally: Tally) -> Self {
        let Tally { accepted, stale, invalid, blocks, .. } = tally;
        Self { accepted, stale, invalid, blocks }
    }
}

impl From<stratum::Event> for Event {
    fn from(event: stratum::Event) -> Self {
        use stratum::Event as Of;
        Self::Miners(match event {
            Of::WorkerJoined { worker: Worker { name: worker, from }, workers } => {
                MinersEvent::WorkerJoined { worker, from, workers }
            }
            Of::WorkerLeft { worker: Worker { name: worker, from }, tally, workers } => {
                MinersEvent::WorkerLeft { worker, from, workers, shares: tally.into() }
            }
            Of::WorkerDropped { worker: Worker { name: worker, from }, tally, workers, reason } => {
                let (reason, shares) = (reason.to_string(), tally.into());
                MinersEvent::WorkerDropped { worker, from, workers, reason, shares }
            }
            Of::BlockFound { worker: Worker { name: worker, from }, hash, height } => {
                MinersEvent::BlockFound { worker, from, height, hash }
            }
            Of::Shares { worker: Worker { name: worker, from }, tally, hash_rate, difficulty } => {
                let (share_bits, shares) = (difficulty.bits().into(), tally.into());
                MinersEvent::SharesAccepted { worker, from, hash_rate, share_bits, shares }
            }
        })
    }
}
