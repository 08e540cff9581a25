//! All blocks that a peer knows, by hash and by height.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use althing_types::{BlockHash, Height, Work};

use crate::block::Block;

/// Blocks beside the best chain that are kept (rule F5). The branch with the least work loses its
/// last block first.
pub const SIDE_BLOCKS_MAX: usize = 16_384;

/// Blocks, each after its parent; there may be several without one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    nodes: BTreeMap<BlockHash, Node>,
    at_height: BTreeMap<Height, Vec<BlockHash>>,
    /// The blocks without children, the least worthy first.
    leaves: BTreeSet<Leaf>,
    arrived: u64,
}

/// A block and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) block: Block,
    pub(crate) parent: Option<BlockHash>,
    /// Of the whole chain up to here.
    pub(crate) work: Work,
    children: usize,
    /// Counts arrivals.
    order: u64,
}

/// Total work, when it came (the latest first), and which block it is.
type Leaf = (Work, Reverse<u64>, BlockHash);

impl Tree {
    pub(crate) fn get(&self, hash: &BlockHash) -> Option<&Node> {
        self.nodes.get(hash)
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Returns the blocks at a height, in the order of their arrival.
    pub(crate) fn at(&self, height: Height) -> &[BlockHash] {
        self.at_height.get(&height).map_or(&[], Vec::as_slice)
    }

    /// Puts a block under its parent, which must be there, and returns the work of its chain.
    pub(crate) fn insert(
        &mut self,
        hash: BlockHash,
        parent: Option<BlockHash>,
        block: Block,
        work: Work,
    ) -> Work {
        let mut total = work;
        if let Some(parent) = parent {
            let above = self.nodes.get_mut(&parent).expect("the parent was looked up before");
            total += above.work;
            above.children += 1;
            self.leaves.remove(&(above.work, Reverse(above.order), parent));
        }
        self.arrived += 1;
        let order = self.arrived;
        self.leaves.insert((total, Reverse(order), hash));
        self.at_height.entry(block.height()).or_default().push(hash);
        self.nodes.insert(hash, Node { block, parent, work: total, children: 0, order });
        total
    }

    /// Takes out a block and all that come after it.
    pub(crate) fn remove_branch(&mut self, root: BlockHash) {
        let Some(node) = self.nodes.get(&root) else { return };
        let mut height = node.block.height();
        let mut branch = vec![root];
        let mut removed = BTreeSet::from([root]);
        while !branch.is_empty() {
            height = height.next();
            branch = self.at(height).to_vec();
            branch.retain(|hash| {
                let parent = self.nodes.get(hash).and_then(|node| node.parent);
                parent.is_some_and(|parent| removed.contains(&parent))
            });
            removed.extend(branch.iter().copied());
        }
        // Children before their parents, so that what is taken out is always a leaf.
        let mut removed: Vec<BlockHash> = removed.into_iter().collect();
        removed.sort_by_key(|hash| Reverse(self.nodes.get(hash).map(|node| node.block.height())));
        removed.iter().for_each(|hash| self.remove_leaf(hash));
    }

    /// Takes out the last block of the least worthy branch.
    pub(crate) fn remove_least(&mut self) {
        if let Some((_, _, hash)) = self.leaves.first().copied() {
            self.remove_leaf(&hash);
        }
    }

    fn remove_leaf(&mut self, hash: &BlockHash) {
        let Some(node) = self.nodes.remove(hash) else { return };
        self.leaves.remove(&(node.work, Reverse(node.order), *hash));
        let height = node.block.height();
        if let Some(hashes) = self.at_height.get_mut(&height) {
            hashes.retain(|other| other != hash);
            if hashes.is_empty() {
                self.at_height.remove(&height);
            }
        }
        let Some(parent) = node.parent else { return };
        let above = self.nodes.get_mut(&parent).expect("a parent outlives its children");
        above.children -= 1;
        if above.children == 0 {
            self.leaves.insert((above.work, Reverse(above.order), parent));
        }
    }
}
