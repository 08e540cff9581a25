//! The messages of a network with a chain.

use std::fmt;
use std::sync::Arc;

use althing_ledger::{Block, Entry, Header};
use althing_types::{Address, BlockHash, Height};

/// A message from one peer to another. A network has those that its rules for meeting and fetching
/// need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A peer announces itself; answered and passed on (rules N2, N3).
    Gossip(Gossip),
    /// The answer to gossip.
    GossipReply {
        /// The address that the peer states.
        address: Address,
        /// Its name.
        name: Label,
    },
    /// Asks for the peer's best chain (rule T1).
    TipRequest,
    /// The peer's claim about its best chain.
    Tip(Claim),
    /// Asks the receiver to ask all peers for their chains now (rule T3).
    Consensus,
    /// Asks for the block of the peer's best chain at a height (rule Y2).
    BlockRequest {
        /// The height.
        height: Height,
    },
    /// The answer to that, or to [`Message::BodyRequest`]: a block.
    Block(Block),
    /// The answer to those: the peer does not have that block.
    NoBlock,
    /// Asks for the headers of the peer's best chain (rule Y7).
    HeadersRequest {
        /// A locator: blocks of the sender's chain, latest first. The answer begins after the first
        /// one that the receiver has in its own chain.
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
        /// The first height that is wanted. A program without this field sends the whole chain.
        from: Height,
    },
    /// The answer to that: blocks in order. There may be more after them.
    Chain(Vec<Block>),
    /// A new block, sent without a request (rule Y6).
    Announcement(Block),
    /// An entry for all miners (rule M3).
    Entry(Entry),
    /// Asks whether the receiver is where its messages come from, before it is sent more than it
    /// has sent (rule N10).
    Challenge(Cookie),
    /// The answer to that: the same cookie.
    Proof(Cookie),
}

/// What only a peer knows that receives what is sent to its address (rule N10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cookie(pub [u8; Cookie::BYTES]);

impl Cookie {
    /// The bytes of a cookie: so many that none is guessed.
    pub const BYTES: usize = 16;
}

/// The most bytes that a message without blocks has on the wire, about.
const SHORT_BYTES: usize = 160;

impl Message {
    /// Returns what kind of message it is, in a word or two, as in `tip_request`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Gossip(_) => "gossip",
            Self::GossipReply { .. } => "gossip_reply",
            Self::TipRequest => "tip_request",
            Self::Tip(_) => "tip",
            Self::Consensus => "consensus",
            Self::BlockRequest { .. } => "block_request",
            Self::Block(_) => "block",
            Self::NoBlock => "no_block",
            Self::HeadersRequest { .. } => "headers_request",
            Self::Headers(_) => "headers",
            Self::BodyRequest { .. } => "body_request",
            Self::ChainRequest { .. } => "chain_request",
            Self::Chain(_) => "chain",
            Self::Announcement(_) => "announcement",
            Self::Entry(_) => "entry",
            Self::Challenge(_) => "challenge",
            Self::Proof(_) => "proof",
        }
    }

    /// Returns how many bytes a message has on the wire, about: exactly where it matters whether it
    /// fits into something.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Block(block) | Self::Announcement(block) => block.sent_bytes(),
            Self::Chain(blocks) => {
                SHORT_BYTES + blocks.iter().map(Block::sent_bytes).sum::<usize>()
            }
            Self::Headers(headers) => SHORT_BYTES + 80 * headers.len(),
            Self::Entry(entry) => SHORT_BYTES + entry.as_bytes().len(),
            _ => SHORT_BYTES,
        }
    }

    /// Returns whether it is an answer, which shows that its sender heard what we asked.
    pub(super) fn is_answer(&self) -> bool {
        matches!(
            self,
            Self::GossipReply { .. }
                | Self::Tip(_)
                | Self::Block(_)
                | Self::NoBlock
                | Self::Headers(_)
                | Self::Chain(_)
                | Self::Proof(_)
        )
    }
}

/// The announcement of a peer, passed on from peer to peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gossip {
    /// The address of the announced peer.
    pub origin: Address,
    /// Its name.
    pub name: Label,
    /// The id of this announcement, so that each peer passes it on once.
    pub id: Label,
}

/// A short text: the name of a peer, or the id of one of its announcements.
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
    /// The maximum length of a label, in bytes.
    pub const LENGTH_MAX: usize = 64;

    /// Returns `text` as a label, or an error above [`Self::LENGTH_MAX`] bytes.
    pub fn new(text: &str) -> Result<Self, LabelTooLong> {
        match text.len() {
            length if length <= Self::LENGTH_MAX => Ok(Self(text.into())),
            length => Err(LabelTooLong { length }),
        }
    }

    /// Returns as much of `text` as a label has room for, in whole characters.
    pub fn cut(text: &str) -> Self {
        let length =
            (0..=Self::LENGTH_MAX.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
        Self(text[..length.unwrap_or_default()].into())
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

impl Claim {
    /// What a peer says that has no chain.
    pub const NONE: Self = Self { length: 0, hash: BlockHash::from_bytes([0; 32]) };
}

/// A chain that a peer claims to have. Nothing about it has been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// The number of its blocks.
    pub length: u64,
    /// The hash of the last of them.
    pub hash: BlockHash,
}
