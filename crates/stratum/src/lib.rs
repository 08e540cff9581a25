//! Work for miners of Bitcoin's kind, over Stratum: a line of JSON for each request, answer and
//! notification, as stock miners speak it since 2012.
//!
//! A block of our own networks has Bitcoin's header, and its *imprint* is the first leaf under the
//! Merkle root, where Bitcoin has the coinbase. So a miner that puts its two *extranonces* into
//! what it takes for a coinbase makes the imprint's salt of them, and knows no difference. Its
//! *shares* are headers whose hash is good enough to show how much it works; a share that meets
//! the block's target is the block.
//!
//! [`Server`] is all of the protocol, for all connections: it is handed what comes, and the time,
//! and says what to send. What it does not do: listen at sockets (the node's), or know the chain.
//!
//! | file | question |
//! | --- | --- |
//! | `server` | who is there, and who has to go? |
//! | `session` | what was one miner asked for, and what has it sent? |
//! | `job` | what does a miner have to know of a block, and which block does it mean? |
//! | `pace`, `difficulty` | how hard are shares to find? |
//! | `lines`, `request`, `fault` | what does a line say? |
//! | `allowance` | is it too much? |
//!
//! The words on the wire, and the limits, are in `docs/protocol.md`, *Stratum*.

mod allowance;
mod difficulty;
mod fault;
mod interface;
mod job;
mod lines;
mod pace;
mod request;
mod server;
mod session;

#[cfg(test)]
mod tests;

pub use self::allowance::{LINES_AT_ONCE, LINES_PER_SECOND};
pub use self::difficulty::ShareDifficulty;
pub use self::fault::Fault;
pub use self::interface::{Config, DropReason, Event, Input, Output, SessionId, Tally, Worker};
pub use self::lines::{LINE_BYTES_MAX, LineReader, LineTooLong};
pub use self::pace::SHARE_TIME;
pub use self::request::{Call, NoRequest, Request, Submission};
pub use self::server::{IDLE_TIME, NAMELESS_TIME, Server, TICK};
pub use self::session::{
    ENTRIES_TIME, FAULTS_MAX, JOBS_MAX, REPEAT_TIME, SHARES_MAX, TIME_ROLL_MAX, WORKER_CHARS_MAX,
};
