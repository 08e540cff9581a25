//! The blocks beside the best chain.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use althing_types::{BlockHash, Height, Work};

use super::Placed;
use crate::block::Block;

/// Blocks beside the best chain that are kept (rule F5). The branch with the least work loses its
/// last block first.
pub const SIDE_BLOCKS_MAX: usize = 16_384;

/// Blocks beside the best chain, each on another one or on a block of that chain; or on nothing, if
/// it is a genesis.
#[derive(Debug, Default)]
pub(super) struct Branches {
    nodes: BTreeMap<BlockHash, Node>,
    at_height: BTreeMap<Height, Vec<BlockHash>>,
    /// The blocks without children, those with the least work first.
    leaves: BTreeSet<Leaf>,
    arrived: u64,
}

#[derive(Debug)]
struct Node {
    block: Arc<Block>,
    placed: Placed,
    /// How many of those here come right after it.
    children: usize,
    /// Counts arrivals. A block that did count once is as good as the first of all.
    order: u64,
}

/// Total work, when it came (the latest first), and which block it is.
type Leaf = (Work, Reverse<u64>, BlockHash);

impl Branches {
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn placed(&self, hash: &BlockHash) -> Option<Placed> {
        self.nodes.get(hash).map(|node| node.placed)
    }

    pub(super) fn block(&self, hash: &BlockHash) -> Option<&Arc<Block>> {
        self.nodes.get(hash).map(|node| &node.block)
    }

    /// Returns the blocks at a height, in the order of their arrival.
    pub(super) fn at(&self, height: Height) -> &[BlockHash] {
        self.at_height.get(&height).map_or(&[], Vec::as_slice)
    }

    /// Puts in a block that has just arrived.
    pub(super) fn insert(&mut self, hash: BlockHash, placed: Placed, block: Arc<Block>) {
        self.arrived += 1;
        let order = self.arrived;
        if let Some((parent, above)) =
            placed.parent.and_then(|parent| Some((parent, self.nodes.get_mut(&parent)?)))
        {
            above.children += 1;
            self.leaves.remove(&(above.placed.work, Reverse(above.order), parent));
        }
        self.put(hash, Node { block, placed, children: 0, order });
    }

    /// Puts in the last block of the best chain, which has just been disconnected from it.
    pub(super) fn insert_below(&mut self, hash: BlockHash, placed: Placed, block: Arc<Block>) {
        let is_child = |other: &&BlockHash| {
            self.nodes.get(*other).is_some_and(|node| node.placed.parent == Some(hash))
        };
        let children = self.at(placed.height.next()).iter().filter(is_child).count();
        self.put(hash, Node { block, placed, children, order: 0 });
    }

    fn put(&mut self, hash: BlockHash, node: Node) {
        if node.children == 0 {
            self.leaves.insert((node.placed.work, Reverse(node.order), hash));
        }
        self.at_height.entry(node.placed.height).or_default().push(hash);
        self.nodes.insert(hash, node);
    }

    /// Takes out a block, whether others come after it or not.
    pub(super) fn remove(&mut self, hash: &BlockHash) {
        let Some(node) = self.nodes.remove(hash) else { return };
        self.leaves.remove(&(node.placed.work, Reverse(node.order), *hash));
        let height = node.placed.height;
        if let Some(hashes) = self.at_height.get_mut(&height) {
            hashes.retain(|other| other != hash);
            if hashes.is_empty() {
                self.at_height.remove(&height);
            }
        }
        let Some(parent) = node.placed.parent else { return };
        if let Some(above) = self.nodes.get_mut(&parent) {
            above.children -= 1;
            if above.children == 0 {
                self.leaves.insert((above.placed.work, Reverse(above.order), parent));
            }
        }
    }

    /// Takes out a block and all that come after it.
    pub(super) fn remove_branch(&mut self, root: BlockHash) {
        let Some(node) = self.nodes.get(&root) else { return };
        let mut height = node.placed.height;
        let mut removed = vec![root];
        let mut parents = BTreeSet::from([root]);
        while !parents.is_empty() {
            height = height.next();
            let follows = |hash: &&BlockHash| {
                let parent = self.nodes.get(*hash).and_then(|node| node.placed.parent);
                parent.is_some_and(|parent| parents.contains(&parent))
            };
            parents = self.at(height).iter().filter(follows).copied().collect();
            removed.extend(&parents);
        }
        removed.iter().rev().for_each(|hash| self.remove(hash));
    }

    /// Removes the last block of the branch with the least work.
    pub(super) fn remove_least(&mut self) {
        if let Some((_, _, hash)) = self.leaves.first().copied() {
            self.remove(&hash);
        }
    }
}
