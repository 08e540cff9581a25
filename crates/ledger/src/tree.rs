//! All blocks that a peer knows, as a tree: parents, heights, work, and where branches end.
//!
//! The tree does not say which of its branches counts; that is `ledger/fork_choice`. It is told,
//! and keeps the best chain apart, since that one may have a million blocks, and the others are
//! few.
//!
//! | file | question |
//! | --- | --- |
//! | `best_chain` | what is known of each block of the chain that counts? |
//! | `branches` | which blocks lie beside it, and which goes first when there are too many? |

mod best_chain;
mod branches;

use std::sync::Arc;

use althing_types::{BlockHash, Height, UnixTime, Work};

pub(crate) use self::best_chain::BestChain;
use self::branches::Branches;
pub use self::branches::SIDE_BLOCKS_MAX;
use crate::block::{Block, HashedBlock};

/// Where a block, or a header without one, stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    pub(crate) parent: Option<BlockHash>,
    pub(crate) height: Height,
    /// What it states; zero where blocks have no times.
    pub(crate) time: UnixTime,
    /// Of the whole chain up to here.
    pub(crate) work: Work,
}

/// Blocks, each after its parent; there may be several without one.
#[derive(Debug, Default)]
pub(crate) struct BlockTree {
    best: BestChain,
    branches: Branches,
}

impl BlockTree {
    /// Returns the chain that counts.
    pub(crate) fn best(&self) -> &BestChain {
        &self.best
    }

    /// Returns how many blocks lie beside the chain that counts.
    pub(crate) fn side_blocks(&self) -> usize {
        self.branches.len()
    }

    /// Returns a block beside the chain that counts.
    pub(crate) fn side_block(&self, hash: &BlockHash) -> Option<&Arc<Block>> {
        self.branches.block(hash)
    }

    pub(crate) fn contains(&self, hash: &BlockHash) -> bool {
        self.best.find(hash).is_some() || self.branches.block(hash).is_some()
    }

    /// Returns where a block stands.
    pub(crate) fn placed(&self, hash: &BlockHash) -> Option<Placed> {
        match self.best.find(hash) {
            Some(height) => self.best.placed(height),
            None => self.branches.placed(hash),
        }
    }

    /// Returns the blocks at a height.
    pub(crate) fn at(&self, height: Height) -> impl Iterator<Item = BlockHash> {
        let side = self.branches.at(height).iter().copied();
        self.best.hash_at(height.number()).into_iter().chain(side)
    }

    /// Returns the blocks from the best chain, exclusive, up to `tip`; the lowest first.
    pub(crate) fn branch_to(&self, tip: Option<BlockHash>) -> Vec<HashedBlock> {
        let mut branch = Vec::new();
        let mut next = tip;
        while let Some(hash) = next
            && let Some(block) = self.branches.block(&hash)
        {
            branch.push(HashedBlock { hash, block: Arc::clone(block) });
            next = self.branches.placed(&hash).and_then(|placed| placed.parent);
        }
        branch.reverse();
        branch
    }

    /// Puts a block beside the best chain. Its parent must be here.
    pub(crate) fn insert(&mut self, block: &HashedBlock, placed: Placed) {
        self.branches.insert(block.hash, placed, Arc::clone(&block.block));
    }

    /// Makes a block, whose parent is the end of the best chain, its new end.
    pub(crate) fn connect(&mut self, block: &HashedBlock, work: Work) {
        self.branches.remove(&block.hash);
        self.best.push(block.hash, work, &block.block);
    }

    /// Puts the last block of the best chain, which is this one, beside it.
    pub(crate) fn disconnect(&mut self, block: &HashedBlock) {
        let placed = self.placed(&block.hash).expect("the tip is in the tree");
        self.best.pop();
        self.branches.insert_below(block.hash, placed, Arc::clone(&block.block));
    }

    /// Takes out a block beside the best chain, and all that come after it.
    pub(crate) fn remove_branch(&mut self, root: BlockHash) {
        self.branches.remove_branch(root);
    }

    /// Takes out the last block of the least worthy branch.
    pub(crate) fn remove_least(&mut self) {
        self.branches.remove_least();
    }
}
