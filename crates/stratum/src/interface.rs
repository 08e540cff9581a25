use std::net::SocketAddr;
use std::time::Duration;

use althing_ledger::NativeBlock;
use althing_types::{BlockHash, Height};

use crate::difficulty::ShareDifficulty;

/// How miners are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// What the first shares of a connection take.
    pub share_difficulty: ShareDifficulty,
    /// Connections at a time.
    pub workers_max: usize,
    /// What workers must say, if anything.
    pub password: Option<String>,
    /// How often is told what shares there were.
    pub summary_time: Duration,
}

/// Names a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// There is another block to be mined, or none.
    Work(Option<Box<NativeBlock>>),
    /// A miner has connected.
    Connected {
        /// A name that no connection had before.
        session: SessionId,
        /// Where from.
        from: SocketAddr,
    },
    /// A miner has sent something.
    Received {
        /// Which one.
        session: SessionId,
        /// Any part of its stream.
        bytes: Vec<u8>,
    },
    /// A connection has ended.
    Disconnected {
        /// Which one.
        session: SessionId,
    },
    /// A miner does not take what it is sent.
    Stuck {
        /// Which one.
        session: SessionId,
    },
    /// [`TICK`](crate::TICK) is over.
    Tick,
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Output {
    /// Send this.
    Send {
        /// To whom.
        to: SessionId,
        /// Whole lines.
        lines: String,
    },
    /// End a connection, when all has been sent that can be.
    Close {
        /// Which one.
        session: SessionId,
    },
    /// Hand this block in: it meets its target.
    Found(Box<NativeBlock>),
    /// Tell whoever is watching.
    Event(Event),
}

/// What has happened, for people, logs and scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A worker has been authorized.
    WorkerJoined {
        /// Its name, and where it is.
        worker: Worker,
        /// Workers now.
        workers: usize,
    },
    /// The connection of a worker has ended.
    WorkerLeft {
        /// Its name, and where it was.
        worker: Worker,
        /// What it has done.
        tally: Tally,
        /// Workers now.
        workers: usize,
    },
    /// A connection was ended by us.
    WorkerDropped {
        /// Its name, if it had one yet, and where it was.
        worker: Worker,
        /// What it has done.
        tally: Tally,
        /// Workers now.
        workers: usize,
        /// Why.
        reason: DropReason,
    },
    /// A share was a block.
    BlockFound {
        /// Whose.
        worker: Worker,
        /// The block's hash.
        hash: BlockHash,
        /// Where it stands.
        height: Height,
    },
    /// What a worker has done; told of each from time to time.
    Shares {
        /// Which one.
        worker: Worker,
        /// What it has done since it came.
        tally: Tally,
        /// Hashes a second that its shares since the last time are worth.
        hash_rate: u64,
        /// What its shares take now.
        difficulty: ShareDifficulty,
    },
}

/// A worker, as it is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// What it calls itself; empty as long as it has not said so.
    pub name: String,
    /// Where it is.
    pub from: SocketAddr,
}

/// What a worker has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Shares that were counted.
    pub accepted: u64,
    /// Shares that came too late.
    pub stale: u64,
    /// Shares that were wrong, or there already.
    pub invalid: u64,
    /// Shares that were blocks.
    pub blocks: u64,
    /// Hashes that it took on average to find those that were counted.
    pub hashes: u128,
}

/// Why a connection was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DropReason {
    /// It could not be taken.
    #[error("more connections than are served")]
    TooManyConnections,
    /// A line is longer than [`LINE_BYTES_MAX`](crate::LINE_BYTES_MAX).
    #[error("a line is too long")]
    LineTooLong,
    /// A line is none of this protocol.
    #[error("a line is no request")]
    NoRequest,
    /// More lines came than [`LINES_PER_SECOND`](crate::LINES_PER_SECOND).
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
    /// It does not take what it is sent.
    #[error("it does not read")]
    NotReading,
}
