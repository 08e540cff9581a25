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
    /// What is wrong.
    pub reason: Reason<V>,
    /// Which peers were up, and how many entries each had in its log.
    pub state: String,
    /// What happened before.
    pub trace: Trace,
}

/// What is wrong with a run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason<V> {
    /// A promise of the network was broken.
    #[error("{0}")]
    Violation(V),
    /// What a peer made durable leaves a hole in its log.
    #[error("peer {peer} leaves a hole on its disk: {gap}")]
    Gap {
        /// Which peer.
        peer: usize,
        /// What it wrote, and after what.
        gap: Gap,
    },
    /// A queue of an engine has grown past its bound.
    #[error("peer {peer} keeps {} {}, more than {}", queue.len, queue.name, queue.max)]
    Overflow {
        /// Which peer.
        peer: usize,
        /// The queue.
        queue: Queue,
    },
    /// Something did not come in time.
    #[error("no {what} within {limit:?}")]
    Late {
        /// What was waited for.
        what: String,
        /// How long.
        limit: Duration,
    },
    /// An engine panicked; on the way to here it has printed where.
    #[error("a panic: {0}")]
    Panic(String),
    /// All peers are down, and nobody will start one.
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

/// For tests that expect a run to come to its end: as for anybody else.
impl<V: fmt::Display> fmt::Debug for Stuck<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<V: fmt::Display> std::error::Error for Stuck<V> {}
