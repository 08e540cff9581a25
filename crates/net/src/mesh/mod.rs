//! A bus without a broker: TCP from each member to each.
//!
//! Each peer listens, and connects to every member it knows of: its contacts, what a tracker
//! lists, and what members announce and pass on. Two peers prove their keys to each other
//! (`handshake`) and keep one connection. What is published goes over all of them, also to those
//! who only observe; an answer goes over one. Nothing is forwarded, and a peer does not hear
//! itself.
//!
//! Nothing is encrypted: one on the way can read along, delay and drop. Messages are signed by
//! those who have written them, so it cannot change or invent any.
//!
//! **What others can take up is bounded.** Connections that have not proven a key:
//! [`NEWCOMERS_MAX`], for [`HANDSHAKE_TIME`] each. Observers, whose keys are not those of members:
//! [`OBSERVERS_MAX`]. One that sends faster than this peer reads has to wait, since no more than
//! [`UNREAD_MAX`] messages are taken from all connections together, which take turns; observers
//! wait besides for their own pace ([`OBSERVERS_MESSAGES`], [`OBSERVERS_BYTES`]). For one that
//! reads too slowly the oldest messages are dropped, and it is disconnected if it takes nothing at
//! all for [`STALL_TIME`].
//!
//! | file | question |
//! | --- | --- |
//! | `announcement` | Where does a peer say that it listens? |
//! | `book` | Which addresses are dialed, and when? |
//! | `connection` | What happens on one connection? |
//! | `driver` | What is dialed and accepted, until the link ends? |
//! | `frame` | How is a stream cut into frames? |
//! | `handshake` | How do two peers prove their keys to each other? |
//! | `lobby` | Who has yet to prove its key, and who gives way? |
//! | `pace` | How fast are observers read? |
//! | `seats` | Who is connected? |
//! | `shared` | What do all connections share? |

mod announcement;
mod book;
mod connection;
mod driver;
mod frame;
mod handshake;
mod lobby;
mod pace;
mod seats;
mod shared;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use althing_types::{Address, PeerKey};
use bytes::Bytes;
use ed25519_dalek::SigningKey;
use tracing::info;

use self::driver::Driver;
use self::shared::Shared;
use crate::accept::{Acceptor, ListenError, listen};
use crate::link::{Asked, Link};

pub use self::book::LISTED_MAX;
pub use self::lobby::{NEWCOMERS_MAX, NEWCOMERS_OF_HOST_MAX};
pub use self::pace::{OBSERVERS_BYTES, OBSERVERS_MESSAGES};
pub use self::seats::{
    OBSERVER_BYTES_MAX, OBSERVER_MESSAGES_MAX, OBSERVERS_MAX, OBSERVERS_OF_HOST_MAX,
};

/// Time within which both sides of a connection must have proven who they are.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(5);

/// Time within which a host must accept a connection.
pub const DIAL_TIME: Duration = Duration::from_secs(5);

/// Time within which a peer must take something of what is sent to it.
pub const STALL_TIME: Duration = Duration::from_secs(20);

/// The maximum number of messages that were taken from connections and not read by our user.
pub const UNREAD_MAX: usize = 64;

/// How a peer takes part in a mesh.
#[derive(Clone, Debug)]
pub struct Options {
    /// What all its peers have in common and others do not, such as the hash of a charter.
    pub network: [u8; 32],
    /// The key of this peer: a member's, or any other of one that observes.
    pub key: SigningKey,
    /// The members.
    pub members: Vec<Member>,
    /// The topic on which it is said that a member is gone.
    pub gone: Arc<str>,
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The address at which others reach it, if it differs from where it listens. Port 0 stands for
    /// the port that it listens at.
    pub advertise: Option<Address>,
    /// Peers to connect to first.
    pub contacts: Vec<Address>,
    /// A tracker with a list of peers.
    pub tracker: Option<Address>,
    /// When this process has started, in milliseconds since 1970; a later start counts.
    pub started: u64,
    /// Where fresh challenges come from: bytes that others cannot guess, and never the same.
    pub entropy: fn() -> [u8; 32],
}

/// A member of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its key.
    pub key: PeerKey,
    /// What is said on [`Options::gone`] when the connection to it has ended.
    pub gone: Bytes,
}

/// A peer's end of a mesh.
#[derive(Debug)]
pub struct Joined {
    /// What is published goes to all, whatever the topic. What arrives comes from the address of a
    /// connection, to which an answer can be sent ([`crate::Publisher::answer`]).
    pub link: Link,
    /// The address at which others reach it.
    pub address: Address,
}

/// Why a peer could not listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The operating system does not let it.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A peer that listens on all interfaces must say at which address it can be reached.
    #[error(
        "no peer can reach {}: give the address for the others with --advertise",
        address.ip()
    )]
    Nowhere {
        /// The address it was to listen at.
        address: SocketAddr,
    },
}

/// Takes part in a mesh. The link is up at once; it is down while no other member is connected.
///
/// # Panics
///
/// Outside of a Tokio runtime.
pub fn join(options: Options) -> Result<Joined, BindError> {
    let address = options.listen;
    if address.ip().is_unspecified() && options.advertise.is_none() {
        return Err(BindError::Nowhere { address });
    }
    let listener = listen(address, None)?;
    let refused = |reason| ListenError::Refused { address, reason };
    let bound = listener.local_addr().map_err(refused)?;
    let address = match &options.advertise {
        Some(address) if address.port() == 0 => {
            Address::new(address.host(), bound.port()).expect("it was a host before")
        }
        Some(address) => address.clone(),
        None => bound.into(),
    };
    info!(%bound, %address, "listening for members");
    let shared = Arc::new(Shared::new(&options, address.clone()));
    let mut link = Link::new(Arc::clone(&shared) as _, Arc::clone(&shared.inbox));
    let (ask, asked) = Asked::channel();
    let acceptor = Acceptor::new(listener, "the mesh");
    let driver = Driver::new(shared, acceptor, options.tracker);
    link.driven_by(tokio::spawn(driver.run(asked)), ask);
    Ok(Joined { link, address })
}
