//! Which blocks the application has refused before (rule F4).

use std::collections::{BTreeSet, VecDeque};

use althing_types::BlockHash;

use crate::block::Block;

/// The maximum number of blocks that are remembered as bad (rule F4); the oldest is forgotten
/// first.
pub const BAD_BLOCKS_MAX: usize = 4096;

/// Bad blocks, in the order in which they were found to be.
///
/// A digest of the whole block is remembered: where the hash covers less, another block with the
/// same hash may be good.
#[derive(Clone, Debug, Default)]
pub(super) struct Bad {
    digests: BTreeSet<[u8; 32]>,
    order: VecDeque<[u8; 32]>,
}

impl Bad {
    pub(super) fn holds(&self, hash: &BlockHash, block: &Block) -> bool {
        self.digests.contains(&Self::digest(hash, block))
    }

    pub(super) fn remember(&mut self, hash: &BlockHash, block: &Block) {
        let digest = Self::digest(hash, block);
        if self.digests.insert(digest) {
            self.order.push_back(digest);
        }
        if self.order.len() > BAD_BLOCKS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.digests.remove(&oldest);
        }
    }

    fn digest(hash: &BlockHash, block: &Block) -> [u8; 32] {
        block.content().unwrap_or(*hash.as_bytes())
    }
}
