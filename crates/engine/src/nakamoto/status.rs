//! The current state of a peer, for users and scripts.

use althing_ledger::Tip;
use althing_types::{Address, Height};

use super::Mining;

/// The current state of a peer of a network with a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The last block of its chain, if it has one.
    pub tip: Option<Tip>,
    /// The number of blocks in its chain.
    pub blocks: u64,
    /// The addresses of the peers that it knows.
    pub peers: Vec<Address>,
    /// The number of entries that wait for a block.
    pub mempool: usize,
    /// Whether it mines.
    pub mining: Mining,
    /// The height of the block that it searches for now.
    pub searching: Option<Height>,
    /// Whether it has met its network, as far as it can know; before, it does not mine (rule M4).
    pub joined: bool,
}
