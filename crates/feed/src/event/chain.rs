//! What can happen in a network with a chain.

use althing_engine::nakamoto::{self, Message, Nakamoto, Status};
use althing_engine::{Ground, Origin};
use althing_ledger::{Entry, SignedEntry};
use althing_text::hex;
use althing_types::{Address, BlockHash, Height};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Event, Observed};
use crate::{PeerEvent, PeerName};

/// What can happen to a peer of a network with a chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ChainEvent {
    /// A peer was heard for the first time, or again after it was lost.
    PeerFound {
        /// Its address.
        #[serde(with = "crate::text_form")]
        #[schemars(with = "String")]
        found: Address,
        /// Peers known now.
        known: usize,
    },
    /// The best chain is another, and on disk.
    TipChanged {
        /// The height of its last block.
        #[schemars(with = "u64")]
        height: Height,
        /// The hash of its last block.
        #[serde(with = "crate::text_form")]
        #[schemars(with = "String")]
        hash: BlockHash,
        /// Blocks that no longer count.
        disconnected: usize,
        /// Blocks that count now and did not before.
        connected: usize,
    },
    /// This peer has found a block.
    BlockMined {
        /// Its height.
        #[schemars(with = "u64")]
        height: Height,
        /// Its hash.
        #[serde(with = "crate::text_form")]
        #[schemars(with = "String")]
        hash: BlockHash,
    },
    /// Another peer has shown that it has a block that this peer has found.
    BlockHeld {
        /// The address of the first that has.
        #[serde(with = "crate::text_form")]
        #[schemars(with = "String")]
        holder: Address,
        /// The height of the block.
        #[schemars(with = "u64")]
        height: Height,
        /// The hash of the block.
        #[serde(with = "crate::text_form")]
        #[schemars(with = "String")]
        hash: BlockHash,
    },
    /// No other peer is known to have a block that this peer has found, so it may be lost.
    BlockOnlyHere {
        /// The height of the block.
        #[schemars(with = "u64")]
        height: Height,
        /// The hash of the block.
        #[serde(with = "crate::text_form")]
        #[schemars(with = "String")]
        hash: BlockHash,
    },
    /// A chain that others claim to have is being fetched.
    DownloadStarted {
        /// Blocks that it is said to have.
        length: u64,
        /// The hash of the last of them.
        #[serde(with = "crate::text_form")]
        #[schemars(with = "String")]
        hash: BlockHash,
        /// Peers that claim it.
        backers: usize,
    },
    /// A chain that others claim to have could not be fetched.
    DownloadFailed {
        /// Blocks that it is said to have.
        length: u64,
        /// The hash of the last of them.
        #[serde(with = "crate::text_form")]
        #[schemars(with = "String")]
        hash: BlockHash,
        /// The error, in words.
        reason: String,
    },
    /// All headers of a peer's chain are here; only in `open`.
    HeadersFetched {
        /// The peer's address.
        #[serde(with = "crate::text_form")]
        #[schemars(with = "String")]
        from: Address,
        /// Headers whose blocks are still to be fetched.
        ahead: usize,
    },
    /// A peer is not asked for some time.
    PeerShunned {
        /// Its address.
        #[serde(with = "crate::text_form")]
        #[schemars(with = "String")]
        shunned: Address,
        /// How long this peer asks it for nothing, in seconds.
        seconds: f64,
    },
    /// The owner of a key is not heard for some time; only in `open`.
    PeerBanned {
        /// The key.
        key: String,
        /// How long this peer ignores the key, in seconds.
        seconds: f64,
        /// The last rule that its owner broke.
        reason: String,
    },
    /// The clocks of other peers agree, and that of this machine does not.
    ClockWrong {
        /// How many seconds they are ahead of it; less than zero if they are behind.
        ahead_s: i64,
    },
    /// An entry waits for a block.
    EntryPooled {
        /// Its text.
        entry: String,
        /// The key of its author, in networks whose entries are signed.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        author: Option<String>,
    },
    /// An entry can be in no block.
    EntryRefused {
        /// Its text.
        entry: String,
        /// The key of its author, in networks whose entries are signed.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        author: Option<String>,
        /// The rule that it breaks.
        reason: String,
    },
}

impl Observed for Nakamoto {
    fn kind(message: &Message) -> &'static str {
        message.kind()
    }

    fn event(&self, event: nakamoto::Event) -> Event {
        event.into()
    }

    fn speaker(&self, from: &Origin, _: &Message) -> Option<PeerName> {
        from.address.clone().map(PeerName::from)
    }

    fn refusal(&self, event: &nakamoto::Event) -> Option<(Option<PeerName>, Ground, String)> {
        let nakamoto::Event::MessageRefused { from, reason } = event else { return None };
        Some((Some(from.clone().into()), reason.ground(), reason.to_string()))
    }

    fn started(status: &Status, left_out: u64, watching: bool) -> PeerEvent {
        let (blocks, left_out) = (Some(status.blocks), Some(left_out));
        PeerEvent::Started { rows: None, blocks, left_out, watching }
    }
}

impl From<nakamoto::Event> for Event {
    fn from(event: nakamoto::Event) -> Self {
        use nakamoto::Event as Of;
        Self::Chain(match event {
            Of::PeerFound { peer, known } => ChainEvent::PeerFound { found: peer, known },
            Of::TipChanged { tip, disconnected, connected } => ChainEvent::TipChanged {
                height: tip.height,
                hash: tip.hash,
                disconnected: disconnected.len(),
                connected: connected.len(),
            },
            Of::BlockMined { hash, height } => ChainEvent::BlockMined { height, hash },
            Of::BlockHeld { peer, hash, height } => {
                ChainEvent::BlockHeld { holder: peer, height, hash }
            }
            Of::BlockOnlyHere { hash, height } => ChainEvent::BlockOnlyHere { height, hash },
            Of::DownloadStarted { claim, backers } => {
                ChainEvent::DownloadStarted { length: claim.length, hash: claim.hash, backers }
            }
            Of::DownloadFailed { claim, reason } => {
                let reason = reason.to_string();
                ChainEvent::DownloadFailed { length: claim.length, hash: claim.hash, reason }
            }
            Of::HeadersFetched { peer, ahead } => ChainEvent::HeadersFetched { from: peer, ahead },
            Of::PeerShunned { peer, time } => {
                ChainEvent::PeerShunned { shunned: peer, seconds: time.as_secs_f64() }
            }
            Of::PeerBanned { key, time, reason } => ChainEvent::PeerBanned {
                key: key.to_string(),
                seconds: time.as_secs_f64(),
                reason: reason.to_string(),
            },
            Of::ClockWrong { ahead } => ChainEvent::ClockWrong { ahead_s: ahead },
            Of::EntryPooled(entry) => {
                ChainEvent::EntryPooled { entry: entry_text(&entry), author: entry_author(&entry) }
            }
            Of::EntryRefused { entry, reason } => {
                let reason = reason.to_string();
                let author = entry_author(&entry);
                ChainEvent::EntryRefused { entry: entry_text(&entry), author, reason }
            }
            Of::NetworkOverheard { network, peers } => {
                return PeerEvent::overheard(&network, peers).into();
            }
            Of::PeerLost { peer } => return PeerEvent::PeerLost { lost: peer.into() }.into(),
            Of::MessageRefused { from, reason } => {
                let (ground, reason) = (reason.ground(), reason.to_string());
                return PeerEvent::refused_from(&from.into(), ground, reason).into();
            }
        })
    }
}

/// Returns what an entry says, as far as it is a text; of a signed one, what is signed.
pub fn entry_text(entry: &Entry) -> String {
    match SignedEntry::decode(entry) {
        Ok(signed) => String::from_utf8_lossy(&signed.payload).into_owned(),
        Err(_) => String::from_utf8_lossy(entry.as_bytes()).into_owned(),
    }
}

/// Returns the key with which an entry is signed, in hexadecimal digits, if it is of a network
/// whose entries are.
pub fn entry_author(entry: &Entry) -> Option<String> {
    SignedEntry::decode(entry).ok().map(|signed| hex::encode(&signed.author))
}
