//! The meaning of a chain's entries, which the ledger leaves to an application (rule B14).

use std::fmt;

use althing_types::{Height, UnixTime};

use crate::{Block, Entry};

/// The meaning of a chain's entries: a pure fold over them, in their order.
///
/// Every peer of a network runs the same application, and all must refuse the same blocks (rule
/// B14). So it may depend only on its arguments: not on a clock, nor on the order in which blocks
/// arrived.
pub trait Application: fmt::Debug + Send + Sync {
    /// Returns whether `entries`, in this order, may be in a block at this place, and if not, why.
    fn check(&self, context: &BlockContext, entries: &[Entry]) -> Result<(), EntriesRefused>;

    /// Applies the entries of a block, which have passed [`check`](Self::check).
    fn apply(&mut self, context: &BlockContext, entries: &[Entry]);

    /// Returns a copy of the state as it is now. A ledger asks for one after every block, and keeps
    /// a few, so a large state shares with its copies what they have in common
    /// ([`GrowingMap`](crate::GrowingMap) does).
    fn snapshot(&self) -> Box<dyn Application>;
}

/// The block that contains entries, or will contain them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockContext {
    /// The block's height.
    pub height: Height,
    /// The time that its miner states; `None` where blocks have no time. Rule B13 bounds it, where
    /// the network has that rule; elsewhere a miner may state any time.
    pub time: Option<UnixTime>,
}

impl BlockContext {
    /// Returns what an application is told of `block`.
    pub fn of(block: &Block) -> Self {
        Self { height: block.height(), time: block.time() }
    }
}

/// Why an application refuses entries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct EntriesRefused {
    /// The application's reason.
    pub reason: String,
}

impl EntriesRefused {
    /// Returns a refusal with this reason.
    pub fn because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

/// An application that accepts all entries, and computes nothing from them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anything;

impl Application for Anything {
    fn check(&self, _: &BlockContext, _: &[Entry]) -> Result<(), EntriesRefused> {
        Ok(())
    }

    fn apply(&mut self, _: &BlockContext, _: &[Entry]) {}

    fn snapshot(&self) -> Box<dyn Application> {
        Box::new(Self)
    }
}
