//! The sockets of miners that speak Stratum: what they say goes to `althing_stratum`, what that
//! answers goes to them, and the blocks that they find go to the peer.

mod connection;
mod server;

use std::net::SocketAddr;

use althing_stratum::Event;
use althing_types::Moment;

pub use self::connection::{MESSAGES_MAX, WRITING_TIME};
pub use self::server::{Setup, StartError, Stratum};

/// Something that happened among the miners of a peer.
#[derive(Clone, Debug)]
pub struct Report {
    /// When, on the clock of its process.
    pub at: Moment,
    /// What.
    pub happening: Happening,
}

/// What can happen among miners.
#[derive(Clone, Debug)]
pub enum Happening {
    /// Miners can connect.
    Listening {
        /// Where.
        address: SocketAddr,
    },
    /// The protocol tells.
    Stratum(Event),
    /// So many came and went within a second that these were only counted.
    FurtherMoves {
        /// How many.
        count: u64,
    },
}

/// Is told whatever happens. Called by the server itself, so it must not wait.
pub type Reporter = Box<dyn FnMut(Report) + Send>;
