//! The end of the chain that counts.

use althing_types::{BlockHash, Height, Work};

/// The last block of the best chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The hash of that block.
    pub hash: BlockHash,
    /// Its height.
    pub height: Height,
    /// The work of the whole chain.
    pub work: Work,
}
