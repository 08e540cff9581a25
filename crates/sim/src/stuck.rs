use std::fmt;
use std::time::Duration;

use crate::trace::Trace;
use crate::violation::Violation;

/// Why a run did not come to where it should, and what happened last.
#[derive(Clone)]
pub struct Stuck {
    /// The run's seed.
    pub seed: u64,
    /// How long it ran.
    pub time: Duration,
    /// What is wrong.
    pub reason: Reason,
    /// Which peers were up, and how many rows each had.
    pub state: String,
    /// What happened before.
    pub trace: Trace,
}

/// What is wrong with a run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// A promise was broken.
    #[error("{0}")]
    Violation(#[from] Violation),
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

impl Reason {
    /// Returns whether `other` is the same kind of failure, be it of other peers and rows.
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

impl fmt::Display for Stuck {
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
impl fmt::Debug for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Stuck {}
