//! Which of two chains counts (rules F1, F2 and F6).

use std::collections::BTreeMap;

use althing_types::BlockHash;

use super::{Adoption, Invalid, Ledger};
use crate::block::{BlockId, HashedBlock};
use crate::rules::{Choice, Ties};
use crate::tree::Placed;

impl Ledger {
    /// Returns whether a chain whose last block has this hash and stands there replaces the best
    /// chain: it needs more work (Nakamoto, *Bitcoin*, 2008, section 5, where it is the longest),
    /// or must win the tie. Where peers agree on a chain, a block only ever goes on with it.
    pub(super) fn is_better(&self, placed: &Placed, hash: &BlockHash) -> bool {
        let Some(tip) = self.tip() else { return true };
        match self.rules.choice {
            Choice::Agreed(_) => placed.parent == Some(tip.hash),
            Choice::MostWork(_) if placed.work == tip.work => self.breaks_tie(hash),
            Choice::MostWork(_) => placed.work > tip.work,
        }
    }

    /// Returns whether a chain that ends with the block `hash`, and has as much work as the best
    /// chain, replaces it (rule F2).
    pub fn breaks_tie(&self, hash: &BlockHash) -> bool {
        match self.rules.choice {
            Choice::MostWork(Ties::FirstSeen) | Choice::Agreed(_) => false,
            Choice::MostWork(Ties::LeastHash) => {
                self.tree.best().last().is_none_or(|tip| hash < tip)
            }
        }
    }

    /// Makes a chain the best one that ends beside it, with the block `hash`, however much work it
    /// shows: the peers have agreed on it (rule F6). `None` if there is no such block, or one on
    /// the way cannot be read now; an error if the application refuses one, which is bad then.
    pub fn follow(&mut self, hash: &BlockHash) -> Result<Option<Adoption>, Invalid> {
        let side = self.tree.side_block(hash).cloned().zip(self.placed(hash));
        let Some((block, placed)) = side else { return Ok(None) };
        let adoption = self.adopt(&HashedBlock { hash: *hash, block }, placed)?;
        self.blocks.evict(self.tree.best());
        Ok(adoption)
    }

    /// Returns where the branches leave the best chain that blocks beside it are on: of each of
    /// these blocks, and of those before it in its branch, the first one that is not in that chain.
    /// No block is passed twice, so the work is bounded by the number of blocks, however many of
    /// one branch are asked for.
    pub fn branches_of(
        &self,
        hashes: impl IntoIterator<Item = BlockHash>,
    ) -> BTreeMap<BlockHash, BlockId> {
        let mut firsts: BTreeMap<BlockHash, BlockId> = BTreeMap::new();
        for hash in hashes {
            let (mut at, mut passed) = (Some(hash), Vec::new());
            while let Some(hash) = at.filter(|hash| !firsts.contains_key(hash))
                && self.tree.side_block(&hash).is_some()
                && let Some(placed) = self.placed(&hash)
            {
                passed.push(BlockId { height: placed.height, hash });
                at = placed.parent;
            }
            let known = at.and_then(|hash| firsts.get(&hash)).copied();
            if let Some(first) = known.or(passed.last().copied()) {
                firsts.extend(passed.into_iter().map(|block| (block.hash, first)));
            }
        }
        firsts
    }
}
