//! The tracker of a network: it keeps the list of all peers, over TCP.
//!
//! A peer connects and sends its address (SYN), and announces that it leaves (FIN). After each such
//! message the tracker sends the list of all peers to every connection. It is compatible with the
//! tracker of the `cs60` programs, but handles failures: a peer whose connection ends has left,
//! whatever it sent last; a peer that sends invalid messages, or does not read, loses only its own
//! connection; lists are sent completely, whatever their length, one at a time with a pause between
//! two, and parsed however they are split.
//!
//! [`Tracker`] is the tracker, [`join`] is the peer's side. Neither can check that a peer really is
//! at the address that it states.
//!
//! | file | question |
//! | --- | --- |
//! | [`codec`] | What do a peer and the tracker send each other? |
//! | `connection` | What does one peer say, and is it well-formed? |
//! | `directory` | Where are the peers on the tracker's list? |
//! | `membership` | How does a peer keep itself on the list? |
//! | `room` | Who is on the list? |
//! | `server` | Who may connect, and how does the tracker start and stop? |

pub mod codec;
mod connection;
mod directory;
mod membership;
mod room;
mod server;

use std::net::SocketAddr;

use althing_types::Address;

pub use crate::accept::{KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIME, KEEP_ALIVE_TRIES};

pub use self::connection::{LIST_PAUSE, NAMELESS_TIME, READING_TIME, WORD_BYTES_MAX, WORDS_MAX};
pub use self::membership::{ANSWER_TIME, DIAL_TIME, join};
pub use self::room::{ADDRESSES_MAX, LIST_BYTES_MAX};
pub use self::server::{CONNECTIONS_MAX, Options, StartError, Tracker};

/// What has happened at a tracker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A peer has registered for the first time.
    Joined {
        /// The address that it registered.
        peer: Address,
        /// How many peers are registered now.
        peers: usize,
    },
    /// A peer has announced that it leaves.
    Left {
        /// The address that it had registered.
        peer: Address,
        /// How many peers are registered now.
        peers: usize,
    },
    /// The connection of a peer has ended, so the peer counts as gone.
    Gone {
        /// The address that it had registered.
        peer: Address,
        /// How many peers are registered now.
        peers: usize,
    },
    /// A connection was closed or refused.
    Refused {
        /// The address it connected from.
        from: SocketAddr,
        /// The rule that it broke.
        reason: Refusal,
    },
}

/// Why a tracker closes a connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There are [`CONNECTIONS_MAX`] already.
    #[error("there are {CONNECTIONS_MAX} connections already")]
    TooManyConnections,
    /// It sent something that is not a message of a peer.
    #[error("it sent something that is not a message of a peer: {0}")]
    Malformed(String),
    /// It has sent [`WORDS_MAX`] messages.
    #[error("it sent more than {WORDS_MAX} messages")]
    TooManyWords,
    /// It registered more than [`ADDRESSES_MAX`] addresses.
    #[error("it registered more than {ADDRESSES_MAX} addresses")]
    TooManyAddresses,
    /// The list would have more than [`LIST_BYTES_MAX`] bytes.
    #[error("the list of all peers would have more than {LIST_BYTES_MAX} bytes")]
    ListFull,
    /// It did not accept a list within [`READING_TIME`].
    #[error("it does not read the lists sent to it")]
    NotReading,
    /// It has had no registered address for [`NAMELESS_TIME`].
    #[error("it registers no address")]
    Nameless,
}
