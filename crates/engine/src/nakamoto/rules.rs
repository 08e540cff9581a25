use std::time::Duration;

use althing_ledger::Rules as ChainRules;

/// How a network with a chain works: everything in which two such networks differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Which blocks are valid.
    pub chain: ChainRules,
    /// How peers meet.
    pub discovery: Discovery,
    /// How a peer gets the blocks that it lacks.
    pub sync: SyncMethod,
    /// How many others a peer tells of a block that it has been told of (rule Y6). Its miner tells
    /// everybody.
    pub relay: usize,
    /// Whether peers send each other entries (rule M3).
    pub entries: Entries,
    /// When waiting ends.
    pub timeouts: Timeouts,
}

/// How peers meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discovery {
    /// They tell each other, and forget those they no longer hear (rules N2 to N5).
    Gossip {
        /// How many others a peer passes a word on to.
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
    /// One by one, from all peers that claim the same chain (rules Y2 to Y5).
    ByHeight,
    /// Headers first, from one peer, and then the blocks, from all who have them (rules Y7, Y8).
    HeadersFirst,
}

/// What happens to entries that are not in a block yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entries {
    /// They stay with the peer that they were given to.
    Kept,
    /// The other peers are told.
    Shared,
}

/// When waiting ends, and with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// A peer says this often that it is here.
    pub gossip: Duration,
    /// A peer not heard for this long is forgotten.
    pub silence: Duration,
    /// A peer asks this often what chains the others have.
    pub tips: Duration,
    /// What a peer has not sent by then is asked of another.
    pub request: Duration,
    /// A peer whose chain could not be had is not asked for this long, and then for twice as long
    /// each time.
    pub shun: Duration,
    /// A key whose owner has shown that it is dishonest is not heard for this long.
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
