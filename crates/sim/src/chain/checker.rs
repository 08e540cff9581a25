//! The invariants of chains, checked on every write.

use std::collections::BTreeSet;

use althing_dialect::ChainDialect;
use althing_engine::nakamoto::{Durable, Event, Nakamoto};
use althing_ledger::{Block, Choice, Entry, Ledger, Outcome};
use althing_types::{BlockHash, PeerKey, UnixTime, Work};

use super::violation::Violation;
use crate::host::Disk;
use crate::simulated::Checker;

/// Watches the chains that honest peers have on disk.
///
/// Each block is also given to a ledger of the checker's own, so that it does not rely on any peer
/// to know that a block is valid.
pub struct ChainChecker {
    /// All blocks that honest peers have had.
    ledger: Ledger,
    valid: BTreeSet<BlockHash>,
    genesis: Option<BlockHash>,
    /// Whether the chain with the most work is the one that counts.
    by_work: bool,
    peers: Vec<Chain>,
    longest: u64,
}

/// The chain that a peer has on disk, as far as its writes have shown.
#[derive(Clone, Default)]
struct Chain {
    is_byzantine: bool,
    key: Option<PeerKey>,
    /// The height of the first block.
    first: u64,
    blocks: Vec<(BlockHash, Block)>,
    /// The most work that it has had.
    work: Work,
    /// Entries of blocks that no longer count, which are in none that does.
    returned: BTreeSet<Entry>,
    /// Entries of its own user that it keeps on disk.
    own: BTreeSet<Entry>,
    /// Those that were in its chain, so that its user was told so.
    acknowledged: BTreeSet<Entry>,
}

impl ChainChecker {
    pub(super) fn new(
        dialect: &dyn ChainDialect,
        keys: impl Iterator<Item = Option<PeerKey>>,
    ) -> Self {
        let mut ledger = Ledger::new(dialect.rules().chain.clone(), dialect.application());
        // Whether a time is too far ahead depends on when a block has come; peers see to that.
        ledger.set_clock(UnixTime::from_seconds(u64::from(u32::MAX)));
        Self {
            genesis: ledger.tip().map(|tip| tip.hash),
            ledger,
            valid: BTreeSet::new(),
            by_work: matches!(dialect.rules().chain.choice, Choice::MostWork(_)),
            peers: keys.map(|key| Chain { key, ..Chain::default() }).collect(),
            longest: 0,
        }
    }

    /// Returns the entries that a peer had in blocks which no longer count, and which it has found
    /// neither in others since nor refused. Miners have to put them into blocks again.
    pub fn returned(&self, peer: usize) -> &BTreeSet<Entry> {
        &self.peers[peer].returned
    }

    fn check_block(
        &mut self,
        peer: usize,
        hash: BlockHash,
        block: &Block,
    ) -> Result<(), Violation> {
        if self.valid.contains(&hash) {
            return Ok(());
        }
        let height = block.height();
        match self.ledger.add(block.clone()) {
            // A long branch that lost may be forgotten here, and then its end cannot be checked.
            Ok(Outcome::Adopted(_) | Outcome::Side | Outcome::Known | Outcome::ParentMissing) => {
                self.valid.insert(hash);
                Ok(())
            }
            Err(invalid) => {
                Err(Violation::InvalidBlock { peer, height, reason: invalid.to_string() })
            }
        }
    }
}

impl Chain {
    /// Takes in a write of the peer, and returns the new blocks. The disk checks that it leaves no
    /// hole.
    fn write(&mut self, durable: &Durable, genesis: Option<BlockHash>) -> Vec<(BlockHash, Block)> {
        if let Some(own) = &durable.own {
            self.own.extend(own.iter().map(|own| own.entry.clone()));
        }
        let Some((from, blocks)) = durable.replaced() else { return Vec::new() };
        let from = from.number();
        if self.blocks.is_empty() {
            self.first = from;
        }
        let kept = usize::try_from(from.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let disconnected = self.blocks.split_off(kept.min(self.blocks.len()));
        let mut parent = self.blocks.last().map(|(hash, _)| *hash).or(genesis);
        let mut connected = Vec::new();
        for block in blocks {
            let hash = block.hash_after(parent.as_ref());
            connected.push((hash, block.clone()));
            parent = Some(hash);
        }
        let entries = |blocks: &[(BlockHash, Block)]| -> Vec<Entry> {
            blocks.iter().flat_map(|(_, block)| block.entries().to_vec()).collect()
        };
        self.returned.extend(entries(&disconnected));
        entries(&connected).iter().for_each(|entry| {
            self.returned.remove(entry);
            if self.own.contains(entry) {
                self.acknowledged.insert(entry.clone());
            }
        });
        self.blocks.extend(connected.iter().cloned());
        connected
    }

    fn tip(&self) -> Option<BlockHash> {
        self.blocks.last().map(|(hash, _)| *hash)
    }
}

impl Checker<Nakamoto> for ChainChecker {
    type Violation = Violation;

    fn excuse(&mut self, peer: usize) {
        self.peers[peer].is_byzantine = true;
    }

    fn check_write(
        &mut self,
        peer: usize,
        durable: &Durable,
        engine: Option<&Nakamoto>,
    ) -> Result<(), Violation> {
        let chain = &mut self.peers[peer];
        if chain.is_byzantine {
            return Ok(());
        }
        let connected = chain.write(durable, self.genesis);
        self.longest = self.longest.max(chain.first + chain.blocks.len() as u64);
        let followed = engine.and_then(|engine| engine.ledger().tip());
        // While it writes one chain it may already be about to write the next.
        if let Some(tip) = followed.filter(|tip| Some(tip.hash) == chain.tip()) {
            let (before, after) = (chain.work, tip.work);
            // Where peers agree on a chain, it need not be the one with the most work.
            if after < before && self.by_work {
                return Err(Violation::WorkFell { peer, before, after });
            }
            chain.work = after;
        }
        connected.iter().try_for_each(|(hash, block)| self.check_block(peer, *hash, block))
    }

    fn check_start(
        &mut self,
        peer: usize,
        disk: &Disk<Durable>,
        engine: &Nakamoto,
    ) -> Result<(), Violation> {
        let genesis = self.genesis;
        let chain = &mut self.peers[peer];
        if chain.is_byzantine {
            return Ok(());
        }
        let in_chain: BTreeSet<&Entry> =
            chain.blocks.iter().flat_map(|(_, block)| block.entries()).collect();
        let kept = &disk.recovered().state.own;
        let is_safe = |entry: &&Entry| {
            in_chain.contains(entry) || kept.iter().any(|own| own.entry == **entry)
        };
        if let Some(entry) = chain.acknowledged.iter().find(|entry| !is_safe(entry)) {
            return Err(Violation::Vanished { peer, entry: entry.clone() });
        }
        // What waited for a block and is not our own was only in memory.
        let own = &chain.own;
        chain.returned.retain(|entry| own.contains(entry));
        let had = chain.tip().or(genesis);
        let tip = engine.ledger().tip();
        let found = tip.map(|tip| tip.hash);
        if found != had {
            return Err(Violation::Forgotten { peer, had, found });
        }
        let (before, after) = (chain.work, tip.map(|tip| tip.work).unwrap_or_default());
        if after < before && self.by_work {
            return Err(Violation::WorkFell { peer, before, after });
        }
        chain.work = after;
        Ok(())
    }

    fn observe(&mut self, peer: usize, event: &Event) -> Result<(), Violation> {
        match event {
            Event::EntryRefused { entry, .. } => {
                self.peers[peer].returned.remove(entry);
                self.peers[peer].acknowledged.remove(entry);
            }
            Event::PeerBanned { key, .. } => {
                let mut honest = self.peers.iter().filter(|chain| !chain.is_byzantine);
                if honest.any(|chain| chain.key == Some(*key)) {
                    return Err(Violation::HonestBanned { peer, key: *key });
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn checked(&self) -> &'static [&'static str] {
        &[
            "each block in a chain is valid",
            "no chain was replaced by one with less work",
            "each restart found what was kept",
            "no honest key was banned",
        ]
    }

    fn decided(&self) -> u64 {
        self.longest
    }
}
