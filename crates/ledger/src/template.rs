use std::ops::Range;

use althing_types::{BlockHash, UnixTime};
use sha2::{Digest, Sha256};

use crate::block::{AviaryBlock, Block, Cs60Block, Format};
use crate::entry::Entry;
use crate::ledger::Tip;
use crate::target::Target;

/// What a miner puts into a block, besides its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal<'a> {
    /// Its name.
    pub miner: &'a str,
    /// The time.
    pub now: UnixTime,
    /// What the block shall hold.
    pub entries: Vec<Entry>,
}

/// A block that lacks nothing but a nonce: what a miner searches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    block: Block,
    parent: Option<BlockHash>,
    target: Target,
}

/// The bytes that are hashed for a candidate: SHA-256 of `before`, the nonce in decimal digits, and
/// `after`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preimage {
    /// What comes before the nonce.
    pub before: Vec<u8>,
    /// What comes after it.
    pub after: Vec<u8>,
}

impl Template {
    pub(crate) fn new(
        format: Format,
        tip: Option<&Tip>,
        target: Target,
        proposal: Proposal<'_>,
    ) -> Self {
        let Proposal { miner, now, entries } = proposal;
        let parent = tip.map(|tip| tip.hash);
        let height = tip.map(|tip| tip.height.next()).unwrap_or_default();
        let block = match format {
            Format::Cs60 => {
                let datum = entries.into_iter().next().expect("a block has its datum");
                Block::Cs60(Cs60Block { height, parent, datum, nonce: 0 })
            }
            Format::Aviary => Block::Aviary(AviaryBlock {
                height,
                miner: miner.into(),
                messages: entries.into(),
                time: now,
                nonce: "".into(),
                hash: BlockHash::from_bytes([0; 32]),
            }),
        };
        Self { block, parent, target }
    }

    /// Returns the hash of the block that it comes after.
    pub fn parent(&self) -> Option<BlockHash> {
        self.parent
    }

    /// Returns what its hash must meet.
    pub fn target(&self) -> Target {
        self.target
    }

    /// Returns what it holds.
    pub fn entries(&self) -> &[Entry] {
        self.block.entries()
    }

    /// Returns the bytes around the nonce, for a search.
    pub fn preimage(&self) -> Preimage {
        let (before, after) = match &self.block {
            Block::Cs60(block) => block.around_nonce(),
            Block::Aviary(block) => {
                let mut before = Vec::new();
                block.before_nonce(self.parent.as_ref(), |bytes| before.extend_from_slice(bytes));
                (before, Vec::new())
            }
        };
        Preimage { before, after }
    }

    /// Returns the block with this nonce.
    pub fn with_nonce(&self, number: u64) -> Block {
        let mut solved = self.block.clone();
        match &mut solved {
            Block::Cs60(block) => block.nonce = number,
            Block::Aviary(block) => {
                block.nonce = number.to_string().into();
                block.hash = block.hash_after(self.parent.as_ref());
            }
        }
        solved
    }

    /// Returns the first nonce in a range that solves it.
    ///
    /// This is for tests and simulations, where blocks are easy; a miner takes the
    /// [`preimage`](Self::preimage) to as many threads as it has.
    pub fn search(&self, mut nonces: Range<u64>) -> Option<u64> {
        let Preimage { before, after } = self.preimage();
        let start = Sha256::new_with_prefix(before);
        nonces.find(|nonce| {
            let digest = start.clone().chain_update(nonce.to_string()).chain_update(&after);
            self.target.is_met_by(&BlockHash::from_bytes(digest.finalize().into()))
        })
    }
}
