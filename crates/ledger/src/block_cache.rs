//! The blocks of the best chain: the last ones in memory, and the others in the archive.

use std::collections::VecDeque;
use std::sync::Arc;

use althing_types::{BlockHash, Height};

use crate::archive::Archive;
use crate::block::Block;
use crate::tree::BestChain;

/// How many blocks of the best chain stay in memory: more than a reorganisation, or a peer that was
/// away for some hours, needs. (Where nothing is on disk, all of them stay.)
pub const CACHED_BLOCKS: usize = 512;

/// The blocks of the best chain, wherever they are.
#[derive(Debug)]
pub(crate) struct BlockCache {
    archive: Box<dyn Archive>,
    /// The genesis that every peer has, which is not on disk.
    genesis: Option<Arc<Block>>,
    /// The height of the first block of `recent`.
    from: u64,
    /// All blocks from there to the tip.
    recent: VecDeque<Arc<Block>>,
    /// The blocks below this height are known to be in the archive as they are in the chain.
    durable: u64,
}

impl BlockCache {
    pub(crate) fn new(archive: Box<dyn Archive>) -> Self {
        Self { archive, genesis: None, from: 0, recent: VecDeque::new(), durable: 0 }
    }

    pub(crate) fn archive(&self) -> &dyn Archive {
        &*self.archive
    }

    /// Keeps this block, which is at height zero, for good.
    pub(crate) fn keep_genesis(&mut self, block: &Arc<Block>) {
        self.genesis = Some(Arc::clone(block));
    }

    /// Returns the block at a height of `chain`. `None` if the archive does not have it, which is
    /// so only after an error of the disk.
    pub(crate) fn get(&self, chain: &BestChain, height: u64) -> Option<Arc<Block>> {
        match (height.checked_sub(self.from), &self.genesis) {
            (Some(place), _) => self.recent.get(usize::try_from(place).ok()?).cloned(),
            (None, Some(genesis)) if height == 0 => Some(Arc::clone(genesis)),
            (None, _) => self.read(chain, height).map(Arc::new),
        }
    }

    fn read(&self, chain: &BestChain, height: u64) -> Option<Block> {
        let block = self.archive.block(Height::new(height))?;
        let is_it = Some(hash_in(chain, height, &block)) == chain.hash_at(height);
        is_it.then_some(block)
    }

    /// Adds the block after the last one.
    pub(crate) fn push(&mut self, block: Arc<Block>) {
        self.recent.push_back(block);
    }

    /// Forgets the blocks from a height on, since they are no longer in the chain.
    pub(crate) fn truncate(&mut self, length: u64) {
        self.durable = self.durable.min(length);
        match length.checked_sub(self.from) {
            Some(kept) => self.recent.truncate(usize::try_from(kept).unwrap_or(usize::MAX)),
            None => {
                self.recent.clear();
                self.from = length;
            }
        }
    }

    /// Notes that the blocks below `height` were read from the archive.
    pub(crate) fn set_durable(&mut self, height: u64) {
        self.durable = self.durable.max(height);
    }

    /// Drops the oldest blocks from memory, as far as they are in the archive. Blocks that are not
    /// yet written stay, however many there are.
    pub(crate) fn evict(&mut self, chain: &BestChain) {
        while self.recent.len() > CACHED_BLOCKS && self.is_durable(chain, self.from) {
            self.recent.pop_front();
            self.from += 1;
        }
    }

    /// The archive may still have a block that the chain has left, so each is compared, once.
    fn is_durable(&mut self, chain: &BestChain, height: u64) -> bool {
        if height < self.durable || (height == 0 && self.genesis.is_some()) {
            return true;
        }
        let is_there =
            self.archive.heights().contains(&height) && self.read(chain, height).is_some();
        if is_there {
            self.durable = height + 1;
        }
        is_there
    }

    /// Returns how many blocks are in memory.
    pub(crate) fn in_memory(&self) -> usize {
        self.recent.len()
    }
}

/// Returns the hash of a block at a height of `chain`, if it belonged there.
fn hash_in(chain: &BestChain, height: u64, block: &Block) -> BlockHash {
    let parent = height.checked_sub(1).and_then(|before| chain.hash_at(before));
    block.hash_after(parent.as_ref())
}
