//! The ways in which an invariant of chains can be broken.

use althing_ledger::Entry;
use althing_types::{BlockHash, Height, PeerKey, Work};

/// A broken invariant: an honest peer of a network with a chain did what must never happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// Rule F1: a peer has left a chain for one with less work.
    #[error("peer {peer} went from a chain with work {before} to one with {after}")]
    WorkFell {
        /// The peer.
        peer: usize,
        /// The work of its chain before.
        before: Work,
        /// The work of the chain that it went to.
        after: Work,
    },
    /// A peer has an invalid block on disk.
    #[error("peer {peer} has an invalid block at height {height}: {reason}")]
    InvalidBlock {
        /// The peer.
        peer: usize,
        /// The height of the block.
        height: Height,
        /// The rule that it breaks, in words.
        reason: String,
    },
    /// Rule X2: a peer has banned the key of an honest one.
    #[error("peer {peer} has banned {key}, the key of an honest peer")]
    HonestBanned {
        /// The peer.
        peer: usize,
        /// The key.
        key: PeerKey,
    },
    /// Rule M7: an entry that a user was told is in the chain is gone after a restart.
    #[error("peer {peer} came back without the entry {entry:?} that was in its chain")]
    Vanished {
        /// The peer.
        peer: usize,
        /// The entry.
        entry: Entry,
    },
    /// After a restart, a peer follows another chain than the one on its disk.
    #[error("peer {peer} had a chain that ends with {had:?}, and came back with {found:?}")]
    Forgotten {
        /// The peer.
        peer: usize,
        /// The last block that it has written.
        had: Option<BlockHash>,
        /// The last block that it follows now.
        found: Option<BlockHash>,
    },
}
