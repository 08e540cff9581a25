//! The way to a peer that runs in another process: a socket in its `--data` directory, at which
//! only the user who runs the peer may ask it and give it commands.
//!
//! One connection is one [`Request`] and its answer, a line of JSON each; `docs/events.md` is
//! their specification.
//!
//! | file | question |
//! | --- | --- |
//! | `server` | what does a peer answer? |
//! | `socket` | who can ask it, how many at a time, and for how long? |
//! | `client` | how is it asked? |
//! | `path` | how is the socket reached, if its path is long? |

mod client;
mod path;
mod server;
mod socket;

use std::io;
use std::num::NonZeroU64;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use self::client::{KeptChain, ask, ask_running, blocks};
pub use self::server::{Asked, entries};
pub use self::socket::{CALLERS_MAX, Control, REQUEST_BYTES_MAX, REQUEST_TIME};

/// The file name of the socket.
const SOCKET: &str = "control.sock";

/// Rows of the table that one answer has at most.
pub const ROWS_MAX: usize = 1000;

/// A question to a peer, or a command for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// Report the peer's status, and its running timers.
    #[serde(alias = "overview")]
    Status,
    /// List rows of the table, at most [`ROWS_MAX`]; only in a network with rounds.
    Table {
        /// How many rows to pass over. In a published variant they are those of the current run.
        #[serde(default)]
        from: u64,
    },
    /// List the entries of the chain; only in a network with a chain.
    Entries,
    /// List the blocks of the chain as they are kept, in hexadecimal digits, and name its network;
    /// only in a network with a chain.
    Blocks,
    /// Get an entry into a block, and wait until it is; only in a network with a chain.
    Add {
        /// The text of the entry.
        entry: String,
        /// Give up when another block comes first, where peers mine their own entries alone.
        #[serde(default, skip_serializing_if = "is_false")]
        once: bool,
        /// How many blocks must make it hard to undo, its own included; as many as is usual in the
        /// network if this is not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confirmations: Option<NonZeroU64>,
    },
}

/// Why a peer could not be asked, or why it cannot be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The socket cannot be used.
    #[error("the socket {} cannot be used: {error}", socket.display())]
    Socket {
        /// The path of the socket.
        socket: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The path of the socket is too long for this system.
    #[error(
        "the socket in the peer's directory would have a path of {bytes} bytes, and a socket's may \
         have about 100; use a --data directory with a shorter path"
    )]
    TooLong {
        /// How long its path would be.
        bytes: usize,
    },
    /// No peer runs in that directory.
    #[error(
        "no peer runs in {0}; start one, as in althing peer --data {0}, with the options of its \
         network",
        dir.display()
    )]
    NotRunning {
        /// The directory.
        dir: PathBuf,
    },
    /// The peer has left before it answered.
    #[error("the peer in {} has left without an answer", dir.display())]
    Left {
        /// Its directory.
        dir: PathBuf,
    },
    /// The peer has refused the request.
    #[error("the peer in {} cannot answer: {reason}", dir.display())]
    Refused {
        /// Its directory.
        dir: PathBuf,
        /// The reason, in the peer's words.
        reason: String,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "that is how serde asks")]
fn is_false(value: &bool) -> bool {
    !value
}
