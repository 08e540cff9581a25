//! Going over to a better chain (rules F1 to F3, B14).

use std::collections::BTreeSet;

use althing_types::BlockHash;

use super::{Contextual, Ledger};
use crate::block::Block;
use crate::entry::Entry;

/// How the best chain has changed (rule F3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// The blocks that no longer count, the highest first.
    pub left: Vec<BlockHash>,
    /// The blocks that count now, the lowest first.
    pub joined: Vec<BlockHash>,
    /// The entries of those that left and are in none that joined, in their order.
    pub returned: Vec<Entry>,
}

impl Ledger {
    /// Makes `tip` the end of the best chain, unless the application refuses a block on the way;
    /// then that one is bad, with all that come after it, and the best chain stays what it was.
    pub(super) fn adopt(&mut self, tip: BlockHash) -> Result<Adoption, Contextual> {
        let joined = self.branch_to(tip);
        let fork = self.best.len().min(self.start_of(joined.first()));
        let left: Vec<BlockHash> = self.best[fork..].iter().rev().copied().collect();
        // Only a reorganisation needs the state of the past; it is folded anew from the beginning.
        let mut folded = None;
        if !left.is_empty() {
            let mut state = self.state.fresh();
            self.best[..fork].iter().for_each(|hash| state.apply(self.entries(hash)));
            folded = Some(state);
        }
        for hash in &joined {
            let block = &self.tree.get(hash).expect("the branch is in the tree").block;
            let state = folded.as_mut().unwrap_or(&mut self.state);
            if let Err(reason) = state.check(block.entries()) {
                self.bad.remember(hash, block);
                self.tree.remove_branch(*hash);
                return Err(Contextual::EntriesRefused { hash: *hash, reason });
            }
            state.apply(block.entries());
        }
        let returned = self.returned(&left, &joined);
        if let Some(state) = folded {
            self.state = state;
        }
        self.best.truncate(fork);
        self.best.extend(&joined);
        Ok(Adoption { left, joined, returned })
    }

    /// Returns the blocks from the best chain, exclusive, up to `tip`; the lowest first.
    fn branch_to(&self, tip: BlockHash) -> Vec<BlockHash> {
        let mut branch = Vec::new();
        let mut next = Some(tip);
        while let Some(hash) = next {
            let node = self.tree.get(&hash).expect("a branch is in the tree down to its root");
            if self.hash_at(node.block.height()) == Some(hash) {
                break;
            }
            branch.push(hash);
            next = node.parent;
        }
        branch.reverse();
        branch
    }

    fn start_of(&self, lowest: Option<&BlockHash>) -> usize {
        let height = lowest.and_then(|hash| self.block(hash)).map(Block::height);
        height.and_then(|height| usize::try_from(height.number()).ok()).unwrap_or(usize::MAX)
    }

    fn entries(&self, hash: &BlockHash) -> &[Entry] {
        self.block(hash).map_or(&[], Block::entries)
    }

    fn returned(&self, left: &[BlockHash], joined: &[BlockHash]) -> Vec<Entry> {
        if left.is_empty() {
            return Vec::new();
        }
        let kept: BTreeSet<&Entry> = joined.iter().flat_map(|hash| self.entries(hash)).collect();
        let lost = left.iter().rev().flat_map(|hash| self.entries(hash));
        lost.filter(|entry| !kept.contains(entry)).cloned().collect()
    }
}
