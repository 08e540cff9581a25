//! Headers whose blocks have not arrived, checked as far as possible (rule Y7).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use althing_types::{BlockHash, Height, UnixTime, Work};
use bitcoin::block::Header;
use bitcoin::hashes::Hash;

use crate::block::Block;
use crate::difficulty::DifficultyRule;
use crate::ledger::{BAD_BLOCKS_MAX, Contextual, Invalid, Ledger};
use crate::recent::RecentTimes;
use crate::semantic::Semantic;
use crate::structural::Structural;
use crate::target::Target;
use crate::tree::Placed;

/// The maximum number of headers without blocks (rule Y7): about 200 bytes each, 30 MB in all.
pub const HEADERS_MAX: usize = 131_072;

/// Headers whose blocks have not arrived, above the blocks of a ledger.
///
/// A header proves its work by itself, so a chain of headers can be compared with others, and its
/// blocks can be fetched from any peer in any order.
#[derive(Clone, Debug, Default)]
pub struct Headers {
    nodes: BTreeMap<BlockHash, Node>,
    best: Option<Rank>,
    arrived: u64,
    /// The one that was added last, if it is still here: the next one usually follows it.
    last: Option<Last>,
    bad: BTreeSet<BlockHash>,
    bad_order: VecDeque<BlockHash>,
}

#[derive(Clone, Debug)]
struct Node {
    placed: Placed,
    order: u64,
}

/// The work of the chain up to a header, when it came (the latest first), and which it is.
type Rank = (Work, Reverse<u64>, BlockHash);

#[derive(Clone, Copy, Debug)]
struct Last {
    hash: BlockHash,
    placed: Placed,
    times: RecentTimes,
}

/// The result of adding a valid header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderOutcome {
    /// It, or its block, was there before.
    Known,
    /// Its predecessor is not here, so it cannot be checked.
    ParentMissing,
    /// It was added.
    Added,
    /// It is valid, and there is no room for it.
    Full,
}

impl Headers {
    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Returns whether the header with this hash is here.
    pub fn contains(&self, hash: &BlockHash) -> bool {
        self.nodes.contains_key(hash)
    }

    /// Adds a header, if it is valid after the ones before it, here and in `ledger`.
    pub fn add(&mut self, ledger: &Ledger, header: &Header) -> Result<HeaderOutcome, Invalid> {
        let hash = Block::hash_of_header(header);
        if self.contains(&hash) || ledger.contains(&hash) {
            return Ok(HeaderOutcome::Known);
        }
        if self.bad.contains(&hash) {
            return Err(Contextual::KnownBad { hash }.into());
        }
        let parent = BlockHash::from_bytes(header.prev_blockhash.to_byte_array());
        let last = self.last.filter(|last| last.hash == parent);
        let Some(before) = last.or_else(|| self.find(ledger, parent)) else {
            return Ok(HeaderOutcome::ParentMissing);
        };
        let Last { placed: before, times, .. } = before;
        let height = before.height.next();
        let stated = Target::AtMost(header.bits);
        if bitcoin::Target::from_compact(header.bits) == bitcoin::Target::ZERO {
            return Err(Semantic::Unfindable { height }.into());
        }
        if !stated.is_met_by(&hash) {
            return Err(Semantic::WorkTooLow { hash, wanted: stated }.into());
        }
        let DifficultyRule::Asert(rule) = &ledger.rules().difficulty else {
            return Err(Structural::Format.into());
        };
        let anchor = ledger.anchor().ok_or(Structural::Format)?;
        if rule.next(anchor, (before.time, before.height)) != header.bits {
            return Err(Contextual::DifficultyWrong { hash, stated }.into());
        }
        let time = UnixTime::from_seconds(header.time.into());
        ledger.check_time(hash, time, &times)?;
        if self.len() >= HEADERS_MAX {
            self.keep_best();
            // The rest may fill all the room, and the predecessor may be gone.
            if self.len() >= HEADERS_MAX || self.placed(ledger, &parent).is_none() {
                return Ok(HeaderOutcome::Full);
            }
        }
        let work = before.work + stated.work();
        self.arrived += 1;
        let order = self.arrived;
        self.best = self.best.max(Some((work, Reverse(order), hash)));
        let placed = Placed { parent: Some(parent), height, time, work };
        self.nodes.insert(hash, Node { placed, order });
        self.last = Some(Last { hash, placed, times: times.with(time) });
        Ok(HeaderOutcome::Added)
    }

    /// Returns the last header of the chain with the most work, the first seen among equals.
    pub fn best(&self) -> Option<(BlockHash, Work)> {
        self.best.map(|(work, _, hash)| (hash, work))
    }

    /// Returns the hashes from the ledger's blocks, exclusive, up to `tip`; the lowest first.
    pub fn path(&self, tip: BlockHash) -> Vec<BlockHash> {
        let mut path: Vec<BlockHash> = self.down_from(tip).collect();
        path.reverse();
        path
    }

    /// Returns the hashes from `base`, exclusive, up to `tip`, if it comes after that; the lowest
    /// first.
    pub fn path_after(&self, base: BlockHash, tip: BlockHash) -> Option<Vec<BlockHash>> {
        let mut path: Vec<BlockHash> =
            self.down_from(tip).take_while(|hash| *hash != base).collect();
        let lowest = self.nodes.get(path.last()?)?;
        path.reverse();
        (lowest.placed.parent == Some(base)).then_some(path)
    }

    fn down_from(&self, tip: BlockHash) -> impl Iterator<Item = BlockHash> {
        let here = |hash: BlockHash| self.contains(&hash).then_some(hash);
        std::iter::successors(here(tip), move |hash| here(self.nodes.get(hash)?.placed.parent?))
    }

    /// Forgets a header, since its block is in the ledger now.
    pub fn remove(&mut self, hash: &BlockHash) {
        if self.nodes.remove(hash).is_some() {
            self.last = None;
            if self.best.is_some_and(|(_, _, best)| best == *hash) {
                self.find_best();
            }
        }
    }

    /// Remembers that the block with this header is bad (rule F4).
    pub fn remember_bad(&mut self, hash: BlockHash) {
        if self.bad.insert(hash) {
            self.bad_order.push_back(hash);
        }
        if self.bad_order.len() > BAD_BLOCKS_MAX
            && let Some(oldest) = self.bad_order.pop_front()
        {
            self.bad.remove(&oldest);
        }
    }

    /// Forgets the headers that no longer stand on a block of the ledger, or on one that does.
    pub fn remove_unfounded(&mut self, ledger: &Ledger) {
        let mut by_height: Vec<(Height, BlockHash, Option<BlockHash>)> = Vec::new();
        for (hash, node) in &self.nodes {
            by_height.push((node.placed.height, *hash, node.placed.parent));
        }
        by_height.sort_unstable();
        for (_, hash, parent) in by_height {
            if parent.is_none_or(|parent| self.placed(ledger, &parent).is_none()) {
                self.nodes.remove(&hash);
            }
        }
        self.last = None;
        self.find_best();
    }

    fn find_best(&mut self) {
        let rank = |(hash, node): (&BlockHash, &Node)| -> Rank {
            (node.placed.work, Reverse(node.order), *hash)
        };
        self.best = self.nodes.iter().map(rank).max();
    }

    /// Forgets all but the chain with the most work: headers on an early block are cheap.
    fn keep_best(&mut self) {
        let best = self.best().map(|(tip, _)| self.path(tip)).unwrap_or_default();
        let best: BTreeSet<BlockHash> = best.into_iter().collect();
        self.last = None;
        self.nodes.retain(|hash, _| best.contains(hash));
    }

    fn placed(&self, ledger: &Ledger, hash: &BlockHash) -> Option<Placed> {
        self.nodes.get(hash).map(|node| node.placed).or_else(|| ledger.placed(hash))
    }

    /// Looks up a header, or a block of the ledger, and the times before it.
    fn find(&self, ledger: &Ledger, hash: BlockHash) -> Option<Last> {
        let placed = self.placed(ledger, &hash)?;
        let next = |placed: &Placed| self.placed(ledger, &placed.parent?);
        let chain = std::iter::successors(Some(placed), next);
        Some(Last { hash, placed, times: RecentTimes::new(chain.map(|placed| placed.time)) })
    }
}
