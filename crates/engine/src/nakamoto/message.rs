use std::fmt;
use std::sync::Arc;

use althing_ledger::{Block, Entry, Header};
use althing_types::{Address, BlockHash, Height};

/// One word of a peer to another. A network has those that its way of meeting and fetching needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A peer is here; to be answered and passed on (rules N2, N3).
    Gossip(Gossip),
    /// A peer has heard of us.
    GossipReply {
        /// Where it says it can be reached.
        address: Address,
        /// What it calls itself.
        name: Label,
    },
    /// Asks for the peer's best chain (rule T1).
    TipRequest,
    /// The peer's best chain, by its word.
    Tip(Claim),
    /// Asks for a look at everybody's chains now (rule T3).
    Consensus,
    /// Asks for the block of the peer's best chain at a height (rule Y2).
    BlockRequest {
        /// The height.
        height: Height,
    },
    /// The answer to that, or to [`Message::BodyRequest`]: a block.
    Block(Block),
    /// The answer to that: it has none there.
    NoBlock,
    /// Asks for the headers of the peer's best chain (rule Y7).
    HeadersRequest {
        /// Blocks of the chain of who asks, the latest first: the answer begins after the first
        /// that the peer has in its own.
        locator: Vec<BlockHash>,
    },
    /// The answer to that: headers in order. There may be more after them.
    Headers(Vec<Header>),
    /// Asks for a block by its hash (rule Y8).
    BodyRequest {
        /// Its hash.
        hash: BlockHash,
    },
    /// Asks for the peer's best chain (rule Y1).
    ChainRequest {
        /// Where to begin. Who does not know this word begins with the first block.
        from: Height,
    },
    /// The answer to that: blocks in order. There may be more after them.
    Chain(Vec<Block>),
    /// A new block, which nobody has asked for (rule Y6).
    Announcement(Block),
    /// An entry for whoever mines (rule M3).
    Entry(Entry),
}

/// A peer's word that it is here, as it goes from peer to peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gossip {
    /// Who is here.
    pub origin: Address,
    /// What it calls itself.
    pub name: Label,
    /// Names this one word of it, so that each peer passes it on once.
    pub id: Label,
}

/// A short text: what a peer, or one word of it, is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(Arc<str>);

/// A text that is too long for a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name of {length} bytes is longer than {}", Label::LENGTH_MAX)]
pub struct LabelTooLong {
    /// Bytes in the text.
    pub length: usize,
}

impl Label {
    /// Bytes that a label may have.
    pub const LENGTH_MAX: usize = 64;

    /// Returns `text` as a label, or an error above [`Self::LENGTH_MAX`] bytes.
    pub fn new(text: &str) -> Result<Self, LabelTooLong> {
        match text.len() {
            length if length <= Self::LENGTH_MAX => Ok(Self(text.into())),
            length => Err(LabelTooLong { length }),
        }
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A chain, as a peer says it has one. Nothing about it has been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// How many blocks it has.
    pub length: u64,
    /// The hash of the last of them.
    pub hash: BlockHash,
}
