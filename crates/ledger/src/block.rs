//! What a block looks like in each network.
//!
//! | file | question |
//! | --- | --- |
//! | `aviary` | what is a block of `aviary`? |
//! | `cs60` | what is a block of `cs60`? |
//! | `native` | what is a block of a network of our own? |

mod aviary;
mod cs60;
mod native;

use std::sync::Arc;

use althing_types::{BlockHash, Height, UnixTime};
use bitcoin::block::Header;
use bitcoin::consensus::Encodable;
use bitcoin::hashes::Hash;
use serde::{Deserialize, Serialize};

pub use self::aviary::AviaryBlock;
pub use self::cs60::{Cs60Block, Odd};
pub use self::native::{Coinbase, NativeBlock};
use crate::entry::Entry;

/// One block, as its miner made it. Nothing about it has been checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Block {
    /// Of a `cs60` network.
    Cs60(Cs60Block),
    /// Of an `aviary` network.
    Aviary(AviaryBlock),
    /// Of a network of our own.
    Native(NativeBlock),
}

/// Identifies one block of a chain without its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlockId {
    /// The number of blocks before it.
    pub height: Height,
    /// Its hash, which identifies the block and all before it.
    pub hash: BlockHash,
}

/// Which kind of block a network has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// [`Block::Cs60`].
    Cs60,
    /// [`Block::Aviary`].
    Aviary {
        /// Whether they state a time.
        timed: bool,
    },
    /// [`Block::Native`].
    Native,
}

/// What a block states about the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parent {
    /// There is none: this is a genesis.
    None,
    /// Its hash.
    Named(BlockHash),
    /// Only that it is one height below; the block's own hash fits only after the right one.
    Unnamed,
}

/// A block with its hash, which takes time to find and, where blocks do not name their parents, its
/// place in a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashedBlock {
    /// Its hash where it stands.
    pub hash: BlockHash,
    /// The block.
    pub block: Arc<Block>,
}

impl HashedBlock {
    /// Returns what identifies it in its chain.
    pub fn id(&self) -> BlockId {
        BlockId { height: self.block.height(), hash: self.hash }
    }
}

impl Block {
    /// Returns which kind it is.
    pub fn format(&self) -> Format {
        match self {
            Self::Cs60(_) => Format::Cs60,
            Self::Aviary(block) => Format::Aviary { timed: block.time.is_some() },
            Self::Native(_) => Format::Native,
        }
    }

    /// Returns the height that it claims.
    pub fn height(&self) -> Height {
        match self {
            Self::Cs60(block) => block.height,
            Self::Aviary(block) => block.height,
            Self::Native(block) => block.coinbase.height,
        }
    }

    /// Returns what it states about the block before it.
    pub fn parent(&self) -> Parent {
        match self {
            Self::Cs60(Cs60Block { parent: None, .. }) => Parent::None,
            Self::Cs60(Cs60Block { parent: Some(parent), .. }) => Parent::Named(*parent),
            Self::Aviary(block) if block.height == Height::GENESIS => Parent::None,
            Self::Aviary(_) => Parent::Unnamed,
            Self::Native(block) => block.parent().map_or(Parent::None, Parent::Named),
        }
    }

    /// Returns what it holds.
    pub fn entries(&self) -> &[Entry] {
        match self {
            Self::Cs60(block) => std::slice::from_ref(&block.datum),
            Self::Aviary(block) => &block.messages,
            Self::Native(block) => &block.entries,
        }
    }

    /// Returns the time that its miner states.
    pub fn time(&self) -> Option<UnixTime> {
        match self {
            Self::Cs60(_) => None,
            Self::Aviary(block) => block.time,
            Self::Native(block) => Some(UnixTime::from_seconds(block.header.time.into())),
        }
    }

    /// Returns the name that its miner states.
    pub fn miner(&self) -> Option<&str> {
        match self {
            Self::Cs60(_) => None,
            Self::Aviary(block) => Some(&block.miner),
            Self::Native(block) => Some(&block.coinbase.miner),
        }
    }

    /// Returns the hash that it states, if it states one.
    pub fn claimed_hash(&self) -> Option<BlockHash> {
        match self {
            Self::Cs60(_) | Self::Native(_) => None,
            Self::Aviary(block) => Some(block.hash),
        }
    }

    /// Returns how many bytes the longest message with this block has or, where blocks are sent
    /// together (`cs60`), how many bytes longer it makes that message.
    pub fn sent_bytes(&self) -> usize {
        match self {
            Self::Cs60(block) => block.bytes_in_chain(),
            Self::Aviary(block) => block.reply_bytes(),
            Self::Native(block) => block.sent_bytes(),
        }
    }

    /// Returns a digest that no block with another content has, if its hash is not already one.
    pub(crate) fn content(&self) -> Option<[u8; 32]> {
        match self {
            Self::Cs60(_) | Self::Native(_) => None,
            Self::Aviary(block) => Some(block.content()),
        }
    }

    /// Returns the 80 bytes of a header that are hashed; the nonce is in the last four.
    pub fn header_bytes(header: &Header) -> [u8; 80] {
        let mut bytes = [0; 80];
        let length = header.consensus_encode(&mut &mut bytes[..]);
        assert_eq!(length.ok(), Some(80), "a header has 80 bytes");
        bytes
    }

    /// Returns the header with these bytes: any are one.
    pub fn header_from_bytes(bytes: &[u8; 80]) -> Header {
        bitcoin::consensus::deserialize(bytes).expect("a header is 80 bytes of any value")
    }

    /// Returns the hash of the block with this header.
    pub fn hash_of_header(header: &Header) -> BlockHash {
        BlockHash::from_bytes(header.block_hash().to_byte_array())
    }

    /// Returns the hash that it has after a block with the hash `parent`. (A block that names its
    /// parent has only one.)
    pub fn hash_after(&self, parent: Option<&BlockHash>) -> BlockHash {
        match self {
            Self::Cs60(block) => block.hash(),
            Self::Aviary(block) => block.hash_after(parent),
            Self::Native(block) => block.hash(),
        }
    }
}
