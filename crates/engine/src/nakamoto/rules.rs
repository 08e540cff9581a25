//! The rules in which networks with a chain differ, as data.

use std::time::Duration;

use althing_ledger::Rules as ChainRules;

/// The rules of a network with a chain: everything in which two such networks differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Which blocks are valid.
    pub chain: ChainRules,
    /// The way in which peers find each other.
    pub discovery: Discovery,
    /// How a peer gets the blocks that it lacks.
    pub sync: SyncMethod,
    /// To how many others a peer passes on a block (rule Y6). The miner of a block sends it to all.
    pub relay: usize,
    /// Whether peers send each other entries (rule M3).
    pub entries: Entries,
    /// What the programs of the network do differently.
    pub customs: Customs,
    /// Whether an address is sent more than it has sent only when it has returned a cookie (rule
    /// N10).
    pub has_cookies: bool,
    /// Timeouts and intervals.
    pub timeouts: Timeouts,
}

/// In what programs of one kind of network differ that speak of blocks by their heights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Customs {
    /// Where an answer to gossip goes (rule N3).
    pub reply_to: ReplyTo,
    /// Whether a peer that has no chain says so when it is asked for one (rule T1).
    pub tells_of_none: bool,
    /// How many others a peer must know before it goes over to a chain of theirs (rule Y9).
    pub peers_min: usize,
    /// Whether those that have a chain give its first block away; otherwise all peers are asked for
    /// it, and not to give it away is held against none (rule Y10).
    pub serves_genesis: bool,
}

impl Default for Customs {
    fn default() -> Self {
        let reply_to = ReplyTo::Origin;
        Self { reply_to, tells_of_none: false, peers_min: 1, serves_genesis: true }
    }
}

/// Where an answer to gossip goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyTo {
    /// To the peer that announces itself, at the address that it states.
    Origin,
    /// To the peer from which the message came; ours tell the one that announces itself as well,
    /// which would otherwise meet none but those that it knows.
    Sender,
}

/// The ways in which peers can find each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discovery {
    /// By gossip; they forget peers that they no longer hear (rules N2 to N5).
    Gossip {
        /// To how many others a peer passes on an announcement.
        forward: usize,
    },
    /// A tracker has the list (rule N6).
    Tracker,
}

/// How a peer gets the blocks that it lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncMethod {
    /// From one peer, in one go where it fits (rule Y1).
    WholeChain,
    /// Block by block, from all peers that claim the same chain (rules Y2 to Y5).
    ByHeight,
    /// Headers first, from one peer, and then the blocks, from all peers that have them (rules Y7,
    /// Y8).
    HeadersFirst,
}

/// What happens to entries that are not in a block yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entries {
    /// They stay with the peer to which they were submitted.
    Kept,
    /// They are sent to the other peers.
    Shared,
}

/// Timeouts and intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// How often a peer announces itself.
    pub gossip: Duration,
    /// A peer that is not heard for this long is forgotten.
    pub silence: Duration,
    /// How often a peer asks others for their chains.
    pub tips: Duration,
    /// After this time a request goes to another peer.
    pub request: Duration,
    /// A peer whose chain could not be fetched is not asked for this long, and for twice as long
    /// each time after that.
    pub shun: Duration,
    /// A dishonest key is banned for this long.
    pub ban: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            gossip: Duration::from_secs(30),
            silence: Duration::from_secs(60),
            tips: Duration::from_secs(10),
            request: Duration::from_secs(2),
            shun: Duration::from_secs(30),
            ban: Duration::from_secs(3600),
        }
    }
}
