use std::time::Duration;

use althing_types::{Address, Height, Work};

/// A run that went wrong, or not far enough.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("seed {seed}, after {time:?}: {reason}\n{state}")]
pub struct Failure {
    /// The seed that replays it.
    pub seed: u64,
    /// When, in virtual time.
    pub time: Duration,
    /// What went wrong.
    pub reason: Reason,
    /// How many blocks each peer had.
    pub state: String,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// Rule F1: a peer has left a chain for one with less work.
    #[error("{peer} went from a chain with work {before} to one with {after}")]
    WorkFell {
        /// Who.
        peer: Address,
        /// The work of its chain before,
        before: Work,
        /// and after.
        after: Work,
    },
    /// What a peer puts on disk leaves a hole.
    #[error("{peer} has {length} blocks on disk, and writes from height {from} on")]
    Hole {
        /// Who.
        peer: Address,
        /// How many blocks it has on disk.
        length: usize,
        /// Where it writes.
        from: Height,
    },
    /// What a peer has on disk is not the chain that it follows, or not a valid one.
    #[error("{peer} has another chain on disk than the one it follows")]
    Forgotten {
        /// Who.
        peer: Address,
    },
    /// A queue of an engine has grown past its bound.
    #[error("{peer} keeps {len} {queue}, more than {max}")]
    Overflow {
        /// Who.
        peer: Address,
        /// Which queue.
        queue: &'static str,
        /// How much is in it.
        len: usize,
        /// How much may be.
        max: usize,
    },
    /// What should have come has not.
    #[error("no {what} within {limit:?}")]
    Late {
        /// What.
        what: String,
        /// How long it was waited for.
        limit: Duration,
    },
}
