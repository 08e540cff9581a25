//! What can happen to any peer, whatever its network.

use std::collections::BTreeMap;

use althing_engine::{Ground, OtherNetwork};
use althing_types::{Address, BlockHash, Channel, PeerId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Id, PeerName};

/// Bytes that are shown of what is no message.
const BYTES_SHOWN: usize = 64;

/// What can happen to any peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum PeerEvent {
    /// The peer begins.
    Started {
        /// Rows in its table from before, in a network with rounds.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        rows: Option<u64>,
        /// Blocks in its chain from before, in a network with a chain.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        blocks: Option<u64>,
        /// Blocks on disk that are not valid, in a network with a chain.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        left_out: Option<u64>,
        /// Whether it only watches, and takes no seat; left out if it takes part.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        watching: bool,
    },
    /// The peer can be reached, or its broker or tracker is back.
    Connected {},
    /// The peer accepts connections of others, in an assembly without a broker.
    Reachable {
        /// Where others reach it, as they say after `--contact`.
        #[serde(with = "crate::text_form")]
        #[schemars(with = "String")]
        address: Address,
    },
    /// The HTTP API can be asked, and its page be opened.
    Serving {
        /// Where, as in `http://127.0.0.1:8080`.
        url: String,
    },
    /// The clock of this machine was set, forward or back.
    ClockSet {
        /// By how many milliseconds; less than zero if it was set back.
        by_ms: i64,
    },
    /// This machine was asleep, and the peer with it.
    Slept {
        /// For so many seconds.
        seconds: u64,
    },
    /// The connection broke; the peer tries again by itself.
    Disconnected {
        /// The error, in words.
        reason: String,
    },
    /// A peer has been silent for long, its connection broke, or it is off the tracker's list.
    PeerLost {
        /// The peer that is lost.
        lost: PeerName,
    },
    /// A peer that was lost is heard again, in a network with rounds.
    PeerHeard {
        /// The peer.
        heard: PeerName,
    },
    /// A message was dropped, or several.
    MessageRefused {
        /// The sender it names, in a network with rounds.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        claimed: Option<Id>,
        /// The topic it came on, if its bytes are no message of the network.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        topic: Option<String>,
        /// The address it came from, in a network with a chain.
        #[serde(
            skip_serializing_if = "Option::is_none",
            default,
            with = "crate::text_form::option"
        )]
        #[schemars(with = "Option<String>")]
        from: Option<Address>,
        /// How many were refused beyond twenty in one second, of which no more is told.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        count: Option<u64>,
        /// What was wrong with it, in snake case, as in `second_vote`; it does not change with the
        /// version. `further` where `count` is given.
        #[serde(default)]
        kind: String,
        /// The rule of `docs/protocol.md` that is behind it, where there is one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        rule: Option<String>,
        /// The first bytes, if they are no message of the network; what is not a letter, digit or
        /// sign is escaped as in a string of Python's.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        bytes: Option<String>,
        /// The same in words.
        reason: String,
    },
    /// Peers of another network are in this room: most likely a peer was given other options.
    NetworkOverheard {
        /// How many of them were heard; none of them is known to this network.
        peers: usize,
        /// How they speak, as in "as the published program".
        speech: String,
        /// What to do to join them, as in "use --variant published".
        advice: String,
    },
    /// The peer has sent a message. Told only where messages are followed: in a demo with a screen,
    /// `--http` or `--record`.
    MessageSent {
        /// The kind of the message, as in `vote`.
        kind: String,
        /// The peer that it is for; missing if it is for all.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        to: Option<PeerName>,
    },
    /// A message of another peer was heard, by one that watches its network: see `althing watch`.
    MessageHeard {
        /// The kind of the message, as in `vote`.
        kind: String,
        /// The peer that has sent it, by its own word or by its address.
        from: PeerName,
    },
    /// What a peer has said while it was watched; one for each, at the end of `althing watch`.
    PeerWatched {
        /// The peer; missing for what names no sender.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        watched: Option<PeerName>,
        /// How many messages of each kind were heard of it.
        said: BTreeMap<String, u64>,
        /// How often it was elected.
        led: u64,
        /// The rules that it broke, if it is the peer that it said it is.
        broken: Vec<BrokenRule>,
    },
    /// A message did not reach a peer, because of a fault that the user has set.
    MessageLost {
        /// The kind of the message, as in `vote`.
        kind: String,
        /// The peer that has sent it.
        from: PeerName,
        /// The peer that it has not reached.
        to: PeerName,
        /// The fault: `partition`, `cut` or `lost`.
        reason: String,
    },
    /// Further messages were sent or lost in the same second, of which no more is told.
    MessagesUntold {
        /// How many of them, of all peers of the process together.
        count: u64,
    },
    /// Events are missing here, because this reader was too slow for them.
    Lagged {
        /// How many are missing.
        missed: u64,
    },
    /// The last line of a run.
    Summary {
        /// Rows in its table, in a network with rounds.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        rows: Option<u64>,
        /// Blocks in its chain, in a network with a chain.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        blocks: Option<u64>,
        /// The hash of the last block, if there is one.
        #[serde(
            skip_serializing_if = "Option::is_none",
            default,
            with = "crate::text_form::option"
        )]
        #[schemars(with = "Option<String>")]
        tip: Option<BlockHash>,
        /// Messages that have arrived.
        received: u64,
        /// Messages that were refused.
        refused: u64,
        /// Hashes tried; not told of a demo.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        hashes: Option<u64>,
    },
}

/// A rule that a peer broke while it was watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BrokenRule {
    /// What was wrong, in snake case, as in `second_vote`.
    pub kind: String,
    /// The rule of `docs/protocol.md`, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<String>,
    /// How often it was broken since the watching began.
    pub count: u64,
    /// The first time, in words.
    pub example: String,
}

impl PeerEvent {
    /// A message that names `claimed` as its sender was dropped; one that names no sender where it
    /// is [`PeerId::UNNAMED`].
    pub fn refused(claimed: PeerId, ground: Ground, reason: String) -> Self {
        let claimed = (claimed != PeerId::UNNAMED).then(|| claimed.into());
        Self::dropped(claimed, None, ground, reason)
    }

    /// What came from a topic or an address was dropped.
    pub fn refused_from(channel: &Channel, ground: Ground, reason: String) -> Self {
        Self::dropped(None, Some(channel), ground, reason)
    }

    /// What came from a topic or an address was dropped, since it is no message.
    pub fn not_understood(
        channel: &Channel,
        ground: Ground,
        reason: String,
        payload: &[u8],
    ) -> Self {
        let mut event = Self::refused_from(channel, ground, reason);
        if let Self::MessageRefused { bytes, .. } = &mut event {
            let start = payload.get(..BYTES_SHOWN).unwrap_or(payload);
            *bytes = Some(start.escape_ascii().to_string());
        }
        event
    }

    fn dropped(
        claimed: Option<Id>,
        channel: Option<&Channel>,
        ground: Ground,
        reason: String,
    ) -> Self {
        let topic = channel.and_then(Channel::as_topic).map(str::to_owned);
        let from = channel.and_then(Channel::as_address).cloned();
        let (kind, rule) = (ground.kind.to_owned(), ground.rule.map(str::to_owned));
        Self::MessageRefused { claimed, topic, from, count: None, kind, rule, bytes: None, reason }
    }

    /// So many peers of another network were heard.
    pub(crate) fn overheard(network: &OtherNetwork, peers: usize) -> Self {
        let (speech, advice) = (network.speech.to_string(), network.advice.to_string());
        Self::NetworkOverheard { peers, speech, advice }
    }

    /// So many more messages were dropped in the same second.
    pub fn further_refused(count: u64) -> Self {
        let ground = Ground { kind: "further", rule: None, is_breach: false };
        let mut event =
            Self::dropped(None, None, ground, "further messages in the same second".to_owned());
        if let Self::MessageRefused { count: told, .. } = &mut event {
            *told = Some(count);
        }
        event
    }
}
