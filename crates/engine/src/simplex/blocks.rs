//! The blocks after the last committed one, and the state of the application after each.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use althing_ledger::assembly::{Facts, Seal};
use althing_ledger::charter::{ChainId, Charter};
use althing_ledger::{Application, NativeBlock};
use althing_types::{BlockHash, UnixTime, View};

use super::interface::BlockRefused;
use super::mempool::Mempool;

/// Blocks that are kept although no quorum has notarized them, nor a block after them. Those that
/// were notarized are needed, one of each view at most.
pub const UNCOMMITTED_MAX: usize = 256;

/// Bytes of entries that these blocks may have together.
pub const UNCOMMITTED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The blocks after the last committed one.
#[derive(Clone, Debug, Hash)]
pub(super) struct Blocks {
    /// The last committed block.
    root: Judged,
    /// Those that have arrived, whether they make sense or not.
    bodies: BTreeMap<BlockHash, Arc<NativeBlock>>,
    /// Those whose place is right and whose entries the application accepts.
    judged: BTreeMap<BlockHash, Judged>,
    /// Those that a quorum has notarized, or a block of which they are ancestors, and that have not
    /// arrived: the one that was asked for longest ago first.
    wanted: VecDeque<BlockHash>,
    /// The blocks, here or not, that a quorum has notarized, and ancestors of these.
    needed: BTreeSet<BlockHash>,
    /// The other ones that are here, with the view for which each was proposed, and its bytes.
    spare: BTreeMap<BlockHash, (View, usize)>,
}

/// A valid block.
#[derive(Clone, Debug, Hash)]
pub(super) struct Judged {
    pub(super) facts: Facts,
    pub(super) state: Folded,
}

/// An application after all entries up to a block.
pub(super) struct Folded(pub(super) Box<dyn Application>);

/// Who has checked a block before.
#[derive(Clone, Copy)]
pub(super) enum Trust<'a> {
    /// We are about to vote on it: everything is checked, but for the signatures of entries that
    /// wait here, since these were when they came.
    OurOwn(&'a Mempool),
    /// A quorum has notarized it, so honest members have checked its entries' authors, and its time
    /// when it was made.
    Notarized,
}

/// Why a block cannot be said to be valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Undecided {
    /// This block has not arrived: the block itself, or one before it.
    Missing(BlockHash),
    /// It is invalid, or one before it is.
    Refused(BlockRefused),
}

impl Clone for Folded {
    fn clone(&self) -> Self {
        Self(self.0.snapshot())
    }
}

impl fmt::Debug for Folded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

/// The state follows from the blocks before it.
impl Hash for Folded {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Blocks {
    /// Returns the genesis, and no other block.
    pub(super) fn new(genesis: &NativeBlock, state: Box<dyn Application>) -> Self {
        let root = Judged { facts: Facts::of_genesis(genesis), state: Folded(state) };
        let (bodies, judged, wanted) = (BTreeMap::new(), BTreeMap::new(), VecDeque::new());
        Self { root, bodies, judged, wanted, needed: BTreeSet::new(), spare: BTreeMap::new() }
    }

    /// Returns the last committed block.
    pub(super) fn root(&self) -> &Judged {
        &self.root
    }

    /// Returns how many blocks are kept that were not notarized.
    pub(super) fn spare(&self) -> usize {
        self.spare.len()
    }

    /// Returns how many bytes these have.
    pub(super) fn spare_bytes(&self) -> usize {
        self.spare.values().map(|(_, bytes)| bytes).sum()
    }

    pub(super) fn body(&self, hash: &BlockHash) -> Option<&Arc<NativeBlock>> {
        self.bodies.get(hash)
    }

    /// Returns a block that was found valid, or the last committed one.
    pub(super) fn judged(&self, hash: &BlockHash) -> Option<&Judged> {
        if *hash == self.root.facts.hash { Some(&self.root) } else { self.judged.get(hash) }
    }

    /// Keeps a block that was proposed in this view. If there are too many, those of the earliest
    /// views are forgotten that were not notarized there: who builds on one has it, and is asked.
    pub(super) fn keep(&mut self, hash: BlockHash, view: View, block: Arc<NativeBlock>) {
        self.wanted.retain(|wanted| *wanted != hash);
        if block.coinbase.height <= self.root.facts.height {
            return;
        }
        if !self.needed.contains(&hash) {
            let bytes = block.entries.iter().map(|entry| entry.as_bytes().len()).sum();
            let (of, _) = self.spare.entry(hash).or_insert((view, bytes));
            *of = view.max(*of);
        }
        self.bodies.entry(hash).or_insert(block);
        while self.spare() > UNCOMMITTED_MAX || self.spare_bytes() > UNCOMMITTED_BYTES_MAX {
            let Some((first, _)) = self.spare.iter().min_by_key(|(_, (view, _))| *view) else {
                return;
            };
            self.forget(&first.clone());
        }
    }

    /// Forgets a block, unless it is needed.
    pub(super) fn forget(&mut self, hash: &BlockHash) {
        if self.spare.remove(hash).is_some() {
            self.bodies.remove(hash);
            self.judged.remove(hash);
        }
    }

    /// Takes note that a quorum has notarized a block, or one after it, so that it is needed; if it
    /// is not here it is asked for.
    pub(super) fn want(&mut self, hash: BlockHash) {
        if hash == self.root.facts.hash {
            return;
        }
        self.needed.insert(hash);
        self.spare.remove(&hash);
        if self.bodies.contains_key(&hash) || self.wants(&hash) {
            return;
        }
        if self.wanted.len() == UNCOMMITTED_MAX {
            self.wanted.pop_front();
        }
        self.wanted.push_back(hash);
    }

    pub(super) fn wants(&self, hash: &BlockHash) -> bool {
        self.wanted.contains(hash)
    }

    /// Returns up to `count` of the blocks that are missed, by turns.
    pub(super) fn next_wanted(&mut self, count: usize) -> Vec<BlockHash> {
        let next: Vec<BlockHash> = self.wanted.iter().take(count).copied().collect();
        self.wanted.rotate_left(next.len());
        next
    }

    /// Returns what is known of a block, once it and all before it are valid.
    pub(super) fn judge(
        &mut self,
        hash: &BlockHash,
        trust: Trust<'_>,
        (charter, chain): (&Charter, &ChainId),
        now: UnixTime,
    ) -> Result<Facts, Undecided> {
        let mut path = Vec::new();
        let mut at = *hash;
        while self.judged(&at).is_none() {
            let block = self.bodies.get(&at).cloned().ok_or(Undecided::Missing(at))?;
            let wrong = || Undecided::Refused(BlockRefused::ParentWrong);
            if block.coinbase.height <= self.root.facts.height {
                return Err(wrong());
            }
            let parent = block.parent().ok_or_else(wrong)?;
            path.push((at, block));
            at = parent;
        }
        while let Some((next, block)) = path.pop() {
            let is_last = path.is_empty();
            let trust = if is_last { trust } else { Trust::Notarized };
            let parent = self.judged(&at).expect("the walk began there");
            let judged = parent.follow(&block, trust, (charter, chain), now);
            self.judged.insert(next, judged.map_err(Undecided::Refused)?);
            at = next;
        }
        Ok(self.judged(hash).expect("the walk ended there").facts)
    }

    /// Returns the blocks from the first one after the committed ones up to this one, all of which
    /// must be valid.
    pub(super) fn path(&self, hash: &BlockHash) -> Vec<Arc<NativeBlock>> {
        let mut path = Vec::new();
        let mut at = *hash;
        while let Some(block) = self.bodies.get(&at).filter(|_| at != self.root.facts.hash) {
            path.push(Arc::clone(block));
            at = block.parent().unwrap_or(self.root.facts.hash);
        }
        path.reverse();
        path
    }

    /// Commits a valid block with all before it, and forgets all that can never be committed.
    pub(super) fn commit(&mut self, hash: &BlockHash) {
        if let Some(judged) = self.judged.remove(hash) {
            self.set_root(judged);
        }
    }

    /// Goes on from a committed block.
    pub(super) fn set_root(&mut self, root: Judged) {
        let height = root.facts.height;
        self.root = root;
        self.bodies.retain(|_, block| block.coinbase.height > height);
        self.judged.retain(|_, judged| judged.facts.height > height);
        self.wanted.clear();
        self.needed.retain(|hash| self.bodies.contains_key(hash));
        self.spare.retain(|hash, _| self.bodies.contains_key(hash));
    }
}

impl Judged {
    /// Returns what is known after a block that follows this one.
    pub(super) fn follow(
        &self,
        block: &NativeBlock,
        trust: Trust<'_>,
        (charter, chain): (&Charter, &ChainId),
        now: UnixTime,
    ) -> Result<Self, BlockRefused> {
        let view = Seal::of(block).map(|seal| seal.view);
        let view = view.filter(|view| *view > self.facts.view).ok_or(BlockRefused::ParentWrong)?;
        let facts = self.facts.follow(charter, block, view)?;
        if let Trust::OurOwn(mempool) = trust {
            facts.check_entries(chain, block, |entry| mempool.holds(entry), now)?;
        }
        let context = facts.context();
        self.state.0.check(&context, &block.entries)?;
        let mut state = self.state.clone();
        state.0.apply(&context, &block.entries);
        Ok(Self { facts, state })
    }
}
