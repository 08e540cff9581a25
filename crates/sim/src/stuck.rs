//! Why a run failed.

use std::fmt;
use std::time::Duration;

use althing_engine::{Gap, Queue};

use crate::simulated::ViolationOf;
use crate::trace::Trace;

/// Why a run of a network failed.
pub type StuckIn<N> = Stuck<ViolationOf<N>>;

/// Why a run did not come to where it should, and what happened last.
#[derive(Clone)]
pub struct Stuck<V> {
    /// The run's seed.
    pub seed: u64,
    /// How long it ran.
    pub time: Duration,
    /// The kind of the failure, with its details.
    pub reason: Reason<V>,
    /// Which peers were up, and how many entries each had in its log.
    pub state: String,
    /// The last steps before the failure.
    pub trace: Trace,
}

/// The kind of a failure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason<V> {
    /// A promise of the network was broken.
    #[error("{0}")]
    Violation(V),
    /// A write of a peer leaves a hole in its log.
    #[error("peer {peer} leaves a hole on its disk: {gap}")]
    Gap {
        /// The index of the peer.
        peer: usize,
        /// The number of the entry it wrote, and the end of its log before.
        gap: Gap,
    },
    /// A queue of an engine has grown past its bound.
    #[error("peer {peer} keeps {} {}, more than {}", queue.len, queue.name, queue.max)]
    Overflow {
        /// The index of the peer.
        peer: usize,
        /// The queue, with its length and its bound.
        queue: Queue,
    },
    /// Something did not come in time.
    #[error("no {what} within {limit:?}")]
    Late {
        /// The event that the run waited for.
        what: String,
        /// The time within which it had to come.
        limit: Duration,
    },
    /// An engine panicked; on the way to here it has printed where.
    #[error("a panic: {0}")]
    Panic(String),
    /// All peers are down, and no event is left that would start one.
    #[error("nothing is left to happen")]
    Over,
}

impl<V> Reason<V> {
    /// Returns whether `other` is the same kind of failure, be it of other peers and entries.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Violation(ours), Self::Violation(theirs)) => {
                std::mem::discriminant(ours) == std::mem::discriminant(theirs)
            }
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

/// Lines of the trace that are shown.
const LINES_MAX: usize = 60;

impl<V: fmt::Display> fmt::Display for Stuck<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} after {:.3?}: {}", self.seed, self.time, self.reason)?;
        writeln!(f, "  {}", self.state)?;
        for line in self.trace.last_lines(LINES_MAX) {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

/// The same as `Display`, so that `expect` in a test shows it readably.
impl<V: fmt::Display> fmt::Debug for Stuck<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<V: fmt::Display> std::error::Error for Stuck<V> {}
