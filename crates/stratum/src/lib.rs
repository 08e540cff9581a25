//! Serves work to stock Bitcoin miners over Stratum: a line of JSON for each request, answer and
//! notification, as miners have used since 2012.
//!
//! A block of our own networks has Bitcoin's header, and its *coinbase* is the first leaf under the
//! Merkle root, as in Bitcoin. The two *extranonces* that a miner puts into it are our extra nonce,
//! so it notices no difference. Its *shares* are headers whose hash is low enough to show how much
//! it works; a share that meets the block's target is the block.
//!
//! [`Server`] is the whole protocol, for all connections: it is given the input and the time, and
//! returns what to send. It does not listen at sockets (the node does) and does not know the chain.
//!
//! | file | question |
//! | --- | --- |
//! | `interface` | what goes in, and what comes out? |
//! | `server` | which connections are open, and which must be closed? |
//! | `session` | which jobs has one miner been sent, and which shares has it submitted? |
//! | `job` | what must a miner know about a block, and which block did it find? |
//! | `vardiff`, `difficulty` | how hard are shares to find? |
//! | `gate` | who may become a worker? |
//! | `lines`, `request`, `fault` | what does a line mean? |
//! | `allowance` | does a connection send too much? |
//!
//! The messages on the wire and the limits are in `docs/protocol.md`, *Stratum*.

mod allowance;
mod difficulty;
mod fault;
mod gate;
mod interface;
mod job;
mod lines;
mod request;
mod server;
mod session;
mod vardiff;

#[cfg(test)]
mod tests;

pub use self::allowance::{LINES_AT_ONCE, LINES_PER_SECOND};
pub use self::difficulty::ShareDifficulty;
pub use self::fault::{Fault, WORKER_CHARS_MAX};
pub use self::gate::{GUESS_PAUSE, GUESS_PAUSE_MAX, GUESSERS_MAX, GUESSES_FORGOTTEN};
pub use self::interface::{Config, DropReason, Event, Input, Output, SessionId, Tally, Worker};
pub use self::lines::{LINE_BYTES_MAX, LineReader, LineTooLong};
pub use self::request::{Call, NoRequest, Request, Submission};
pub use self::server::{IDLE_TIME, NAMELESS_TIME, STRANGERS_MAX, Server, TICK};
pub use self::session::{
    ENTRIES_TIME, FAULTS_MAX, JOBS_MAX, REPEAT_TIME, SHARES_MAX, TIME_ROLL_MAX, VERSION_MASK,
};
pub use self::vardiff::SHARE_TIME;
