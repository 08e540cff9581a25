//! The way to a peer that runs in another process: a socket in its `--data` directory, so that
//! whoever may read the directory may ask and tell the peer.
//!
//! One connection is one [`Request`] and its answer, a line of JSON each; `docs/events.md` is
//! their specification.
//!
//! | file | question |
//! | --- | --- |
//! | `server` | what does a peer answer? |
//! | `client` | how is it asked? |

mod client;
mod server;

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use self::client::{ask, ask_running};
pub use self::server::{Asked, Control, entries};

/// What the socket is called.
const SOCKET: &str = "control.sock";

/// What can be asked of a peer, or told it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// How things stand, and what is due.
    #[serde(alias = "overview")]
    Status,
    /// What the chain holds; of a network with a chain.
    Entries,
    /// Get an entry into the chain, and wait until it is; of a network with a chain.
    Add {
        /// The text of the entry.
        entry: String,
    },
}

/// Why a peer could not be asked, or cannot be.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The socket cannot be used.
    #[error("the socket {} cannot be used: {error}", socket.display())]
    Socket {
        /// The path of the socket.
        socket: PathBuf,
        /// What the system says.
        error: io::Error,
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
    /// The peer has left while it was asked.
    #[error("the peer in {} has left without an answer", dir.display())]
    Left {
        /// Its directory.
        dir: PathBuf,
    },
    /// The peer does not do what it was asked.
    #[error("the peer in {} cannot answer: {reason}", dir.display())]
    Refused {
        /// Its directory.
        dir: PathBuf,
        /// What the peer gives as its reason.
        reason: String,
    },
}
