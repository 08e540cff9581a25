//! A peer's commands, timers and events.

use std::time::Duration;

use althing_ledger::{Block, BlockId, Entry, EntryRefused, Invalid, Tip};
use althing_types::{Address, BlockHash, Height, PeerKey};

use super::message::Claim;
use super::requests::RequestId;
use crate::{Ground, OtherNetwork};

/// What the user of a peer, or a miner that works for it, may ask it to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Add this entry to the chain.
    Submit(Entry),
    /// Try no longer to add this entry, if it is in no block yet. Other peers that have been told
    /// of it go on.
    Withdraw(Entry),
    /// Accept a block that a miner outside this process has found for one of the last searches.
    Mined(Box<Block>),
}

/// What a timer was for. One that comes late is recognised by its content and dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Announce this peer, and check who is silent.
    Gossip,
    /// Ask others for their chains.
    Tips,
    /// Go on alone if no peer has answered (rule M4).
    Joined,
    /// Check who answers of those that are no longer on the tracker's list (rule N6).
    Unlisted,
    /// Report if no other peer has this block of ours (rule M5).
    Held(BlockHash),
    /// It is our turn to mine (rule M6).
    Turn,
    /// Tell how many peers of other networks were heard (rule A6).
    Overheard,
    /// Ask a peer of a tracker's first list for a chain.
    Newcomer,
    /// Check whether requests were answered.
    Request(RequestId),
}

/// What has happened, for users, logs and scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A peer has been heard for the first time, or again after it was lost.
    PeerFound {
        /// Its address.
        peer: Address,
        /// The number of known peers.
        known: usize,
    },
    /// A peer has been silent for long, is no longer on the tracker's list and does not answer, or
    /// gave its place to another one.
    PeerLost {
        /// Its address.
        peer: Address,
    },
    /// The best chain has changed, and is on disk.
    TipChanged {
        /// Its last block.
        tip: Tip,
        /// The blocks that left the best chain, highest first.
        disconnected: Vec<BlockId>,
        /// The blocks that joined the best chain, lowest first.
        connected: Vec<BlockId>,
    },
    /// This peer has found a block.
    BlockMined {
        /// Its hash.
        hash: BlockHash,
        /// Its height.
        height: Height,
    },
    /// Another peer has shown that it has a block that this peer has found.
    BlockHeld {
        /// The first peer that has shown it.
        peer: Address,
        /// The block's hash.
        hash: BlockHash,
        /// The block's height.
        height: Height,
    },
    /// No other peer is known to have a block that this peer has found, so it may be lost.
    BlockOnlyHere {
        /// The block's hash.
        hash: BlockHash,
        /// The block's height.
        height: Height,
    },
    /// A chain that others claim to have is being fetched.
    DownloadStarted {
        /// The claim.
        claim: Claim,
        /// The number of peers that claim it.
        backers: usize,
    },
    /// A chain could not be fetched.
    DownloadFailed {
        /// The claim.
        claim: Claim,
        /// The reason; other peers may still have the chain.
        reason: DownloadFailure,
    },
    /// All headers of a peer's chain are here.
    HeadersFetched {
        /// The peer whose chain it is.
        peer: Address,
        /// The number of headers without blocks; the blocks are fetched next.
        ahead: usize,
    },
    /// A peer will not be asked for some time.
    PeerShunned {
        /// The peer whose chain could not be had.
        peer: Address,
        /// The time for which it is not asked.
        time: Duration,
    },
    /// A key is banned: its owner has proven to be dishonest, and is ignored for some time.
    PeerBanned {
        /// The banned key.
        key: PeerKey,
        /// The time for which nothing is accepted that it signs.
        time: Duration,
        /// Its last misconduct.
        reason: Misbehaviour,
    },
    /// The clocks of other peers agree, and ours does not (rule B13).
    ClockWrong {
        /// How many seconds they are ahead of it.
        ahead: i64,
    },
    /// Peers of another network speak to this one: most likely one of them was given other options
    /// (rule A6).
    NetworkOverheard {
        /// The network.
        network: OtherNetwork,
        /// How many of its peers were heard.
        peers: usize,
    },
    /// An entry waits for a block.
    EntryPooled(Entry),
    /// An entry cannot get into the chain.
    EntryRefused {
        /// The entry.
        entry: Entry,
        /// The reason, which may pass if the chain changes.
        reason: NotAdmitted,
    },
    /// A message was dropped.
    MessageRefused {
        /// Where it came from.
        from: Address,
        /// The rule that it broke.
        reason: Refusal,
    },
}

/// Things that no honest peer signs (rule X2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// A block, or the header of one, that is invalid at any time.
    #[error("an invalid block: {0}")]
    Block(Invalid),
    /// An entry that can be in no block of this chain.
    #[error("an invalid entry: {0}")]
    Entry(EntryRefused),
    /// Bytes that are not a message.
    #[error("what is no message")]
    Malformed,
}

/// Why an entry does not wait for a block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// It can be in no block.
    #[error(transparent)]
    Refused(#[from] EntryRefused),
    /// Rule M2.
    #[error("more entries wait than this peer keeps")]
    Full,
}

/// Why a chain could not be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DownloadFailure {
    /// Rule Y4.
    #[error("no peer that claims it sends the block at height {height}")]
    Unobtainable {
        /// The block that is missing.
        height: Height,
    },
    /// Rule Y4.
    #[error(
        "its blocks do not lead to the hash that was claimed; programs that count their blocks \
         otherwise (stats_height in their profile) claim chains like that"
    )]
    OtherEnd,
    /// Rule Y5.
    #[error("it has an invalid block")]
    Bad,
}

/// Why a message was dropped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Rule N1.
    #[error("the sender is not known")]
    Stranger,
    /// Rule N7.
    #[error("more peers than this peer keeps")]
    TooManyPeers,
    /// Rule N8.
    #[error("more requests than this peer answers at a time")]
    TooManyQuestions,
    /// Rule T2.
    #[error(
        "it claims {claimed} blocks up to one that is the last of {length}: its program counts \
         otherwise (stats_height in its profile), or it lies"
    )]
    LengthWrong {
        /// The length that is claimed.
        claimed: u64,
        /// The length of a chain up to that block.
        length: u64,
    },
    /// Rule Y3.
    #[error("it was not requested")]
    Unasked,
    /// A rule of validity.
    #[error("an invalid block: {0}")]
    InvalidBlock(Invalid),
    /// Rule Y4.
    #[error("the block at height {height} was not the one of the chain that the sender claims")]
    BlockOfAnotherChain {
        /// Its height.
        height: Height,
    },
    /// A rule of validity.
    #[error("an invalid entry: {0}")]
    InvalidEntry(EntryRefused),
    /// Rule Y7.
    #[error("headers that do not follow any requested block")]
    HeadersApart,
    /// Rule M2.
    #[error("more entries wait than this peer keeps")]
    MempoolFull,
    /// Rule N10.
    #[error("the cookie is not the one that was sent to this address")]
    CookieWrong,
    /// Rule N9.
    #[error("this network has no such message")]
    Unexpected,
}

impl Refusal {
    /// Returns what it is, for scripts and pages.
    pub fn ground(&self) -> Ground {
        use Ground as Of;
        match self {
            Self::Stranger => Of::harmless("stranger", "N1"),
            Self::TooManyPeers => Of::harmless("too_many_peers", "N7"),
            Self::TooManyQuestions => Of::harmless("too_many_questions", "N8"),
            // It may be the answer to a request that was given up.
            Self::Unasked => Of::harmless("unasked", "Y3"),
            Self::InvalidBlock(invalid) => {
                let is_breach = Misbehaviour::of_block(invalid).is_some();
                Of { kind: "invalid_block", rule: Some(invalid.rule()), is_breach }
            }
            // Its chain may be another by now.
            Self::BlockOfAnotherChain { .. } => Of::harmless("block_of_another_chain", "Y4"),
            Self::InvalidEntry(reason) => {
                let is_breach = !matches!(reason, EntryRefused::Application(_));
                Of { kind: "invalid_entry", rule: Some(reason.rule()), is_breach }
            }
            Self::LengthWrong { .. } => Of::breach("length_wrong", "T2"),
            Self::HeadersApart => Of::harmless("headers_apart", "Y7"),
            Self::MempoolFull => Of::harmless("mempool_full", "M2"),
            Self::CookieWrong => Of::harmless("cookie_wrong", "N10"),
            Self::Unexpected => Of::breach("unexpected", "N9"),
        }
    }
}
