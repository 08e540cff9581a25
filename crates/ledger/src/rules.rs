//! What makes a chain valid, as data: everything in which two networks differ here.

use std::ops::RangeInclusive;
use std::time::Duration;

use althing_types::BlockHash;

use crate::block::{Block, Format};
use crate::difficulty::DifficultyRule;

/// What makes a chain valid: everything in which two networks differ here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// What a block looks like.
    pub format: Format,
    /// What a block may hold.
    pub limits: Limits,
    /// How hard a block must be to find.
    pub difficulty: DifficultyRule,
    /// Which times a block may state.
    pub times: Times,
    /// What a chain begins with.
    pub genesis: Genesis,
    /// Which of several valid chains counts.
    pub choice: Choice,
}

impl Rules {
    /// Returns the hash of the genesis that every peer has, which identifies the chain.
    pub fn chain(&self) -> Option<BlockHash> {
        match &self.genesis {
            Genesis::Given(block) => Some(block.hash_after(None)),
            Genesis::Mined(_) => None,
        }
    }
}

/// The limits of a block (rules B2 to B5). Limits of fields that a format does not have are
/// ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The number of entries that a block may have.
    pub entries: RangeInclusive<usize>,
    /// Characters of one entry that is a text, bytes of one that is not.
    pub entry_length_max: usize,
    /// Characters of a nonce that is a text.
    pub nonce_chars_max: usize,
    /// Characters of the miner's name.
    pub miner_chars_max: usize,
    /// What we put into blocks of our own.
    pub own: Own,
}

/// Limits of the blocks that we mine, beyond those of the blocks that we accept: what the programs
/// of a network can receive, or what leaves room for the entries of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    /// Characters of one entry that is a text, bytes of one that is not.
    pub entry_length_max: usize,
    /// Bytes of the longest message with a block ([`Block::sent_bytes`]).
    pub block_bytes_max: usize,
}

impl Own {
    /// No further limits.
    pub const UNLIMITED: Self = Self { entry_length_max: usize::MAX, block_bytes_max: usize::MAX };
}

/// Which times a block may state (rule B13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// Any: nothing depends on them.
    Any,
    /// Those after the median of the eleven blocks before, and not far ahead of our own clock.
    MedianPast {
        /// How far ahead of our clock.
        ahead_max: Duration,
    },
}

/// Which chain counts (rules F1, F2 and F6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The one with the most work.
    MostWork(Ties),
    /// The one that the peers of the network agree on. A ledger does not know them: it goes on with
    /// the chain that it has until it is told of another one ([`Ledger::follow`]).
    ///
    /// [`Ledger::follow`]: crate::Ledger::follow
    Agreed(Agreement),
}

/// When peers agree on a chain (rule F6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// When more of them have it than any other; of two that equally many have, the longer.
    MostPeers,
    /// When more than half of them have it; without such a one, on the longest.
    MoreThanHalf,
}

/// Which of two chains with equal work counts (rule F2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ties {
    /// The one that was seen first. The next block decides, and comes soon where peers mine all the
    /// time.
    FirstSeen,
    /// The one whose last block has the smallest hash. Where peers mine only when there is
    /// something to add, two branches would otherwise stand side by side until a peer adds more,
    /// and each would lack the entries of the other.
    LeastHash,
}

/// What a chain begins with (rule B10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Genesis {
    /// This block, which every peer has and no peer has mined.
    Given(Box<Block>),
    /// A block mined like any other; the one with this hash, if it is known.
    Mined(Option<BlockHash>),
}
