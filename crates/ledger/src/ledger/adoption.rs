//! Reorganisation: the change to a better chain (rules F1 to F3, B14).

use std::collections::BTreeSet;

use super::{Contextual, Ledger};
use crate::application::{Application, BlockContext};
use crate::block::HashedBlock;
use crate::entry::Entry;
use crate::snapshots::Snapshots;
use crate::tree::Placed;

/// How the best chain has changed (rule F3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// The blocks that left the best chain, highest first.
    pub disconnected: Vec<HashedBlock>,
    /// The blocks that joined the best chain, lowest first; there is at least one.
    pub connected: Vec<HashedBlock>,
    /// The entries of the disconnected blocks that are in no connected one, in their order.
    pub returned: Vec<Entry>,
}

impl Ledger {
    /// Makes `new`, whose parent is here, the tip of the best chain, unless the application refuses
    /// a block on the way; then that block is bad, with all blocks after it, and the best chain
    /// does not change. `None` if the archive lacks a block that this requires: then `new` waits on
    /// its branch, and nothing has changed.
    pub(super) fn adopt(
        &mut self,
        new: &HashedBlock,
        placed: Placed,
    ) -> Result<Option<Adoption>, Contextual> {
        let mut connected = self.tree.branch_to(placed.parent);
        connected.push(new.clone());
        let fork = connected[0].block.height().number();
        let Some(disconnected) = self.above(fork) else { return Ok(None) };
        if disconnected.is_empty() && connected.len() == 1 {
            self.check_entries(&*self.state, new).map_err(|refused| self.reject(new, refused))?;
            self.state.apply(&BlockContext::of(&new.block), new.block.entries());
            self.snapshots.take(fork + 1, &*self.state);
        } else {
            match self.replay(fork, &connected)? {
                Some((state, snapshots)) => (self.state, self.snapshots) = (state, snapshots),
                None => return Ok(None),
            }
        }
        disconnected.iter().for_each(|block| self.tree.disconnect(block));
        self.blocks.truncate(fork);
        for block in &connected {
            let work = self.tree.placed(&block.hash).unwrap_or(placed).work;
            self.tree.connect(block, work);
            self.blocks.push(block.block.clone());
        }
        let returned = returned(&disconnected, &connected);
        Ok(Some(Adoption { disconnected, connected, returned }))
    }

    /// Returns the blocks of the best chain from a height on, the highest first; `None` if one of
    /// them cannot be read.
    fn above(&self, height: u64) -> Option<Vec<HashedBlock>> {
        let chain = self.tree.best();
        let block = |height: u64| {
            let (hash, block) = (chain.hash_at(height)?, self.blocks.get(chain, height)?);
            Some(HashedBlock { hash, block })
        };
        (height..chain.len()).rev().map(block).collect()
    }

    /// Returns the application after the first `fork` blocks of the best chain and then
    /// `connected`, starting from the last snapshot before the fork, with the snapshots taken on
    /// the way.
    #[expect(clippy::type_complexity, reason = "it is the two fields that are replaced")]
    fn replay(
        &mut self,
        fork: u64,
        connected: &[HashedBlock],
    ) -> Result<Option<(Box<dyn Application>, Snapshots)>, Contextual> {
        let mut snapshots = self.snapshots.up_to(fork);
        let (start, mut state) = snapshots.last();
        for height in start..fork {
            let Some(block) = self.blocks.get(self.tree.best(), height) else { return Ok(None) };
            state.apply(&BlockContext::of(&block), block.entries());
        }
        for (length, block) in (fork + 1..).zip(connected) {
            self.check_entries(&*state, block).map_err(|refused| self.reject(block, refused))?;
            state.apply(&BlockContext::of(&block.block), block.block.entries());
            snapshots.take(length, &*state);
        }
        Ok(Some((state, snapshots)))
    }

    fn check_entries(
        &self,
        state: &dyn Application,
        block: &HashedBlock,
    ) -> Result<(), Contextual> {
        let context = BlockContext::of(&block.block);
        let refused = |reason| Contextual::EntriesRefused { hash: block.hash, reason };
        state.check(&context, block.block.entries()).map_err(refused)
    }

    /// Remembers that a block is bad, and forgets it with all that come after it (rule F4).
    fn reject(&mut self, block: &HashedBlock, refused: Contextual) -> Contextual {
        self.bad.remember(&block.hash, &block.block);
        self.tree.remove_branch(block.hash);
        refused
    }
}

fn returned(disconnected: &[HashedBlock], connected: &[HashedBlock]) -> Vec<Entry> {
    if disconnected.is_empty() {
        return Vec::new();
    }
    let entries = |block: &'_ HashedBlock| block.block.entries().to_vec();
    let kept: BTreeSet<Entry> = connected.iter().flat_map(entries).collect();
    let lost = disconnected.iter().rev().flat_map(entries);
    lost.filter(|entry| !kept.contains(entry)).collect()
}
