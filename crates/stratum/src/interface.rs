//! What the server is told, and what it answers: its inputs, outputs and events.

use std::net::SocketAddr;
use std::time::Duration;

use althing_ledger::NativeBlock;
use althing_types::{BlockHash, Height};

use crate::difficulty::ShareDifficulty;

/// How miners are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The share difficulty with which a connection starts.
    pub share_difficulty: ShareDifficulty,
    /// The maximum number of workers at a time. Connections that have no worker yet have places of
    /// their own, [`STRANGERS_MAX`](crate::STRANGERS_MAX).
    pub workers_max: usize,
    /// The password that workers must give, if any.
    pub password: Option<String>,
    /// How often each worker's shares are reported.
    pub summary_time: Duration,
}

/// Identifies a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// Everything that the server is told: what came in, and that time has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The block to be mined has changed; `None` if there is nothing to mine.
    Work(Option<Box<NativeBlock>>),
    /// A miner has connected.
    Connected {
        /// An id that no connection has had before.
        session: SessionId,
        /// The address it connects from.
        from: SocketAddr,
    },
    /// A miner has sent something.
    Received {
        /// The connection.
        session: SessionId,
        /// Bytes of its stream, split at any place.
        bytes: Vec<u8>,
    },
    /// A connection has ended.
    Disconnected {
        /// The connection.
        session: SessionId,
    },
    /// A miner does not accept what it is sent in time.
    Stuck {
        /// The connection.
        session: SessionId,
    },
    /// [`TICK`](crate::TICK) has passed since the last tick.
    Tick,
}

/// What the caller must do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Output {
    /// Send these bytes to a miner.
    Send {
        /// The connection to send them on.
        to: SessionId,
        /// One or more complete lines.
        lines: String,
    },
    /// Close a connection, once everything that can be sent has been sent.
    Close {
        /// The connection.
        session: SessionId,
    },
    /// Submit this block to the chain: it meets its target.
    Found(Box<NativeBlock>),
    /// Report an event to users, logs and scripts.
    Event(Event),
}

/// What has happened, for people, logs and scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A worker has been authorized.
    WorkerJoined {
        /// Its name and address.
        worker: Worker,
        /// How many workers there are now.
        workers: usize,
    },
    /// The connection of a worker has ended.
    WorkerLeft {
        /// Its name and address.
        worker: Worker,
        /// Its counts since it connected.
        tally: Tally,
        /// How many workers there are now.
        workers: usize,
    },
    /// We have closed a connection.
    WorkerDropped {
        /// Its name, if it had one yet, and its address.
        worker: Worker,
        /// Its counts since it connected.
        tally: Tally,
        /// How many workers there are now.
        workers: usize,
        /// Why it was closed.
        reason: DropReason,
    },
    /// A share was a block.
    BlockFound {
        /// The worker that found it.
        worker: Worker,
        /// The block's hash.
        hash: BlockHash,
        /// The block's height.
        height: Height,
    },
    /// A worker's counts, reported for each worker from time to time.
    Shares {
        /// The worker.
        worker: Worker,
        /// Its counts since it connected.
        tally: Tally,
        /// Its hash rate (hashes per second), estimated from its shares since the last summary.
        hash_rate: u64,
        /// The current difficulty of its shares.
        difficulty: ShareDifficulty,
    },
}

/// A worker, as events identify it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// The name that it gives itself; empty until it has given one.
    pub name: String,
    /// The address that it connects from.
    pub from: SocketAddr,
}

/// The counts of a worker's shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Shares that were accepted.
    pub accepted: u64,
    /// Shares that arrived too late.
    pub stale: u64,
    /// Shares that were wrong, or submitted before.
    pub invalid: u64,
    /// Shares that were blocks.
    pub blocks: u64,
    /// The average number of hashes that it takes to find the accepted shares.
    pub hashes: u128,
}

/// Why a connection was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DropReason {
    /// There are as many workers as may be.
    #[error("too many connections")]
    TooManyConnections,
    /// It had no worker yet, and another connection came when there were
    /// [`STRANGERS_MAX`](crate::STRANGERS_MAX) of that kind.
    #[error("too many connections without a worker")]
    TooManyStrangers,
    /// A line is longer than [`LINE_BYTES_MAX`](crate::LINE_BYTES_MAX).
    #[error("a line is too long")]
    LineTooLong,
    /// A line is not a message of this protocol.
    #[error("a line is not a request")]
    NoRequest,
    /// More lines arrived than [`LINES_PER_SECOND`](crate::LINES_PER_SECOND).
    #[error("too many lines")]
    TooManyLines,
    /// There were [`FAULTS_MAX`](crate::FAULTS_MAX).
    #[error("too many faults")]
    TooManyFaults,
    /// No worker was authorized within [`NAMELESS_TIME`](crate::NAMELESS_TIME).
    #[error("no worker was authorized in time")]
    Nameless,
    /// No share came within [`IDLE_TIME`](crate::IDLE_TIME).
    #[error("no share for a long time")]
    Idle,
    /// It does not accept what it is sent.
    #[error("it does not read what it is sent")]
    NotReading,
}
