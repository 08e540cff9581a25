//! The tracker of a network: who is there, over TCP.
//!
//! A peer connects and says where it is (SYN); a peer that leaves says so (FIN). At each such word
//! the tracker sends all that are connected the list of all peers. It is the one that the programs
//! of `cs60` use, but for how it fails: a peer whose connection ends has left, whatever it said
//! last; who sends what makes no sense, or does not read, loses its own connection and nothing
//! else; lists are sent whole however long they are, and understood however they are cut.
//!
//! [`Tracker`] is the tracker, [`join`] is the peer's side. Neither can know whether a peer is
//! where it says it is.

mod connection;
mod directory;
mod membership;
mod room;
mod server;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use althing_types::Address;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

pub use self::connection::{NAMELESS_TIME, READING_TIME, WORD_BYTES_MAX, WORDS_MAX};
pub use self::membership::{ANSWER_TIME, DIAL_TIME, join};
pub use self::room::{ADDRESSES_MAX, LIST_BYTES_MAX};
pub use self::server::{CONNECTIONS_MAX, Options, StartError, Tracker};

/// Silence after which the system asks whether the other side is still there.
pub const KEEP_ALIVE_TIME: Duration = Duration::from_secs(20);

/// Time between two such questions, of which [`KEEP_ALIVE_TRIES`] stay unanswered.
pub const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(5);

/// Questions without an answer after which the other side is dead.
pub const KEEP_ALIVE_TRIES: u32 = 3;

/// What has happened at a tracker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A peer says that it is there, for the first time.
    Joined {
        /// Where it says it is.
        peer: Address,
        /// How many are there now.
        peers: usize,
    },
    /// A peer has said that it leaves.
    Left {
        /// Where it was.
        peer: Address,
        /// How many are there now.
        peers: usize,
    },
    /// The connection of a peer has ended, and with it the peer, for all we know.
    Gone {
        /// Where it was.
        peer: Address,
        /// How many are there now.
        peers: usize,
    },
    /// A connection was ended, or never begun.
    Refused {
        /// Where it came from.
        from: SocketAddr,
        /// Why.
        reason: Refusal,
    },
}

/// Why a tracker ends a connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There are [`CONNECTIONS_MAX`] already.
    #[error("there are {CONNECTIONS_MAX} connections already")]
    TooManyConnections,
    /// What came is not a word of a peer.
    #[error("it says what is no word of a peer: {0}")]
    Malformed(String),
    /// It has said [`WORDS_MAX`] words.
    #[error("it says more than {WORDS_MAX} words")]
    TooManyWords,
    /// It says that it is at more than [`ADDRESSES_MAX`] addresses.
    #[error("it says that it is at more than {ADDRESSES_MAX} addresses")]
    TooManyAddresses,
    /// The list would have more than [`LIST_BYTES_MAX`] bytes.
    #[error("the list of all peers would have more than {LIST_BYTES_MAX} bytes")]
    ListFull,
    /// It did not take a list within [`READING_TIME`].
    #[error("it does not read the lists that it is sent")]
    NotReading,
    /// It has no address, or none any more, and this for [`NAMELESS_TIME`].
    #[error("it does not say where it is")]
    Nameless,
}

/// Has the system notice when the other side of a connection dies without a word.
fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    let questions = TcpKeepalive::new()
        .with_time(KEEP_ALIVE_TIME)
        .with_interval(KEEP_ALIVE_INTERVAL)
        .with_retries(KEEP_ALIVE_TRIES);
    socket.set_tcp_keepalive(&questions)?;
    // Nothing is asked while something sent is not acknowledged: that has a limit of its own.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let patience = KEEP_ALIVE_TIME + KEEP_ALIVE_INTERVAL * KEEP_ALIVE_TRIES;
        socket.set_tcp_user_timeout(Some(patience))?;
    }
    Ok(())
}
