//! Block templates: blocks that lack only their nonce.

use std::ops::Range;

use althing_types::{BlockHash, Height, UnixTime};
use bitcoin::CompactTarget;
use sha2::{Digest, Sha256};

use crate::block::{AviaryBlock, Block, Coinbase, Cs60Block, Format, NativeBlock};
use crate::entry::Entry;
use crate::merkle;
use crate::target::Target;
use crate::tip::Tip;

/// What a miner puts into a block, besides its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal<'a> {
    /// Its name.
    pub miner: &'a str,
    /// The time.
    pub now: UnixTime,
    /// The entries of the block.
    pub entries: Vec<Entry>,
}

/// A block that lacks only its nonce, for which a miner searches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    block: Block,
    parent: Option<BlockHash>,
    target: Target,
}

/// The bytes that are hashed for a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preimage {
    /// SHA-256 of `before`, the nonce in decimal digits, and `after`.
    Decimal {
        /// What comes before the nonce.
        before: Vec<u8>,
        /// What comes after it.
        after: Vec<u8>,
    },
    /// SHA-256 of SHA-256 of a header of Bitcoin, whose last four bytes are the lower half of the
    /// nonce, the lowest byte first. The upper half must be the one that this was asked for.
    Header(Box<[u8; 80]>),
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
                Block::Cs60(Cs60Block { height, parent, datum, ..Cs60Block::genesis() })
            }
            Format::Aviary { timed } => Block::Aviary(AviaryBlock {
                height,
                miner: miner.into(),
                messages: entries.into(),
                time: timed.then_some(now),
                nonce: "".into(),
                hash: BlockHash::from_bytes([0; 32]),
            }),
            Format::Native => {
                let time = u32::try_from(now.seconds()).unwrap_or(u32::MAX);
                let coinbase = Coinbase { height, miner: miner.into(), extra_nonce: 0 };
                let bits = bits(target);
                Block::Native(NativeBlock::new(parent, time, bits, coinbase, entries.into()))
            }
        };
        Self { block, parent, target }
    }

    /// Returns the template of a block of our own that lacks only its nonce.
    pub(crate) fn of_native(block: NativeBlock, target: Target) -> Self {
        Self { parent: block.parent(), block: Block::Native(block), target }
    }

    /// Returns the hash of the block that it comes after.
    pub fn parent(&self) -> Option<BlockHash> {
        self.parent
    }

    /// Returns what its hash must meet.
    pub fn target(&self) -> Target {
        self.target
    }

    /// Returns its height.
    pub fn height(&self) -> Height {
        self.block.height()
    }

    /// Returns what it holds.
    pub fn entries(&self) -> &[Entry] {
        self.block.entries()
    }

    /// Returns the block without its work, if it has a header in Bitcoin's format: what a miner of
    /// its kind is to be told.
    pub fn native(&self) -> Option<&NativeBlock> {
        match &self.block {
            Block::Native(block) => Some(block),
            Block::Cs60(_) | Block::Aviary(_) => None,
        }
    }

    /// As [`native`](Self::native), for a caller that needs nothing else.
    pub fn into_native(self) -> Option<NativeBlock> {
        match self.block {
            Block::Native(block) => Some(block),
            Block::Cs60(_) | Block::Aviary(_) => None,
        }
    }

    /// Returns the bytes around the nonce, for a search among those whose upper half is `high`.
    pub fn preimage(&self, high: u32) -> Preimage {
        match &self.block {
            Block::Cs60(block) => {
                let (before, after) = block.around_nonce();
                Preimage::Decimal { before, after }
            }
            Block::Aviary(block) => {
                let (mut before, after) = (Vec::new(), Vec::new());
                block.before_nonce(self.parent.as_ref(), |bytes| before.extend_from_slice(bytes));
                Preimage::Decimal { before, after }
            }
            Block::Native(block) => {
                let mut block = block.clone();
                block.set_nonce(u64::from(high) << 32);
                Preimage::Header(Box::new(Block::header_bytes(&block.header)))
            }
        }
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
            Block::Native(block) => block.set_nonce(number),
        }
        solved
    }

    /// Returns the first nonce in a range that solves it.
    ///
    /// This is for tests and simulations, where blocks are easy; a miner takes the
    /// [`preimage`](Self::preimage) to as many threads as it has.
    pub fn search(&self, mut nonces: Range<u64>) -> Option<u64> {
        match self.preimage(0) {
            Preimage::Decimal { before, after } => {
                let start = Sha256::new_with_prefix(before);
                nonces.find(|nonce| {
                    let digest = start.clone().chain_update(nonce.to_string()).chain_update(&after);
                    self.target.is_met_by(&BlockHash::from_bytes(digest.finalize().into()))
                })
            }
            Preimage::Header(mut bytes) => {
                let mut current = 0;
                nonces.find(|nonce| {
                    let [a, b, c, d, low @ ..] = nonce.to_be_bytes();
                    let high = u32::from_be_bytes([a, b, c, d]);
                    if high != current
                        && let Preimage::Header(other) = self.preimage(high)
                    {
                        (bytes, current) = (other, high);
                    }
                    bytes[76..].copy_from_slice(&u32::from_be_bytes(low).to_le_bytes());
                    self.target.is_met_by(&BlockHash::from_bytes(merkle::leaf(&*bytes)))
                })
            }
        }
    }
}

/// Returns a target as a header has it.
fn bits(target: Target) -> CompactTarget {
    match target {
        Target::AtMost(bits) => bits,
        Target::LeadingZeros(_) | Target::TrailingZeros(_) => {
            unreachable!("a network with headers has targets that fit into them")
        }
    }
}
