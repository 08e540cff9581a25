use std::time::Duration;

use althing_ledger::{Block, Entry, EntryRefused, Invalid, Template, Tip};
use althing_types::{Address, BlockHash, Height, PeerKey};

use super::bans::Misbehaviour;
use super::message::{Claim, Message};
use super::pool::NotPooled;
use super::requests::RequestId;

/// What can happen to a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The peer can be reached for the first time.
    Start,
    /// A message has arrived.
    Message {
        /// Where it really came from.
        from: Address,
        /// Who has signed it, where messages are.
        signer: Option<PeerKey>,
        /// What it says.
        message: Message,
    },
    /// Bytes have arrived that are no message, and yet have a valid signature.
    Malformed {
        /// Whose.
        signer: PeerKey,
    },
    /// A timer set by [`Output::SetTimer`] has run out.
    Timer(Timer),
    /// The tracker's list of all peers, this one perhaps among them.
    Peers(Vec<Address>),
    /// The search asked for by [`Output::Mine`] has found a nonce.
    Solved {
        /// Which search.
        search: SearchId,
        /// What it found.
        nonce: u64,
    },
    /// A miner outside of this process has found a block for one of the last templates of
    /// [`Output::Mine`].
    Mined(Box<Block>),
    /// An entry that shall get into the chain.
    Submit(Entry),
}

/// What the driver must now do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Output {
    /// Put this on disk before anything that follows.
    Persist(Durable),
    /// Say this to one peer.
    Send {
        /// Whom.
        to: Address,
        /// What.
        message: Message,
    },
    /// Hand back this timer after a while.
    SetTimer {
        /// How long.
        after: Duration,
        /// What for.
        timer: Timer,
    },
    /// Search for a nonce, instead of any search still running.
    Mine {
        /// Which search this is.
        search: SearchId,
        /// The block to be.
        template: Box<Template>,
    },
    /// End the search.
    CancelMining,
    /// Tell whoever is watching.
    Event(Event),
}

/// What must survive a restart: the best chain, in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Durable {
    /// Forget what is at this height and above,
    pub from: Height,
    /// and have these blocks there instead.
    pub blocks: Vec<Block>,
}

/// What a timer was for. One that comes late is recognised by its content and dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Say that we are here, and see who is silent.
    Gossip,
    /// Ask what chains the others have.
    Tips,
    /// See whether what was asked for has come.
    Request(RequestId),
}

/// Names one search for a nonce.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SearchId(pub(super) u64);

/// What has happened, for people, logs and scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A peer has been heard for the first time, or again after it was lost.
    PeerFound {
        /// Where it is.
        peer: Address,
        /// How many are known now.
        known: usize,
    },
    /// A peer has been silent for long, or is no longer on the tracker's list.
    PeerLost {
        /// Where it was.
        peer: Address,
    },
    /// The best chain has changed, and is on disk.
    TipChanged {
        /// Its last block.
        tip: Tip,
        /// How many blocks no longer count.
        left: usize,
        /// How many count now that did not before.
        joined: usize,
    },
    /// This peer has found a block.
    BlockMined {
        /// Its hash.
        hash: BlockHash,
        /// Where it stands.
        height: Height,
    },
    /// A chain that others claim to have is being fetched.
    DownloadStarted {
        /// What they claim.
        claim: Claim,
        /// How many they are.
        backers: usize,
    },
    /// A chain that was being fetched could not be had.
    DownloadFailed {
        /// What was claimed.
        claim: Claim,
        /// Why.
        reason: DownloadFailure,
    },
    /// All headers of a peer's chain are here.
    HeadersFetched {
        /// Whose chain.
        peer: Address,
        /// How many headers are here without their blocks, which are fetched now.
        ahead: usize,
    },
    /// A peer will not be asked for some time.
    PeerShunned {
        /// Which one.
        peer: Address,
        /// How long.
        time: Duration,
    },
    /// The owner of a key has shown that it is dishonest, and will not be heard for some time.
    PeerBanned {
        /// Whose key.
        key: PeerKey,
        /// How long.
        time: Duration,
        /// What it did last.
        reason: Misbehaviour,
    },
    /// An entry waits for a block.
    EntryPooled(Entry),
    /// An entry cannot get into the chain.
    EntryRefused {
        /// The entry.
        entry: Entry,
        /// Why.
        reason: NotPooled,
    },
    /// A message was dropped.
    MessageRefused {
        /// Where it came from.
        from: Address,
        /// Why.
        reason: Refusal,
    },
}

/// Why a chain could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DownloadFailure {
    /// Rule Y4.
    #[error("nobody who claims it sends the block at height {height}")]
    Unobtainable {
        /// The block that is missing.
        height: Height,
    },
    /// Rule Y4.
    #[error("its blocks do not lead to the hash that was claimed")]
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
    #[error("more questions than this peer answers at a time")]
    TooManyQuestions,
    /// Rule Y3.
    #[error("nobody has asked for this")]
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
    #[error("headers that follow on nothing that was asked about")]
    HeadersApart,
    /// Rule M2.
    #[error("more entries wait than this peer keeps")]
    PoolFull,
    /// Rule N9.
    #[error("this network has no such message")]
    Unexpected,
}
