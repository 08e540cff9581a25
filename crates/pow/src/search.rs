use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::kernel::{Kernel, Solver};
use crate::progress::Progress;
use crate::work::Work;

/// What to search for, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What makes a solution.
    pub work: Work,
    /// Indexes of the candidates to try; all of them are `0..work.candidates()`.
    pub range: Range<u64>,
    /// The way to hash. If this machine lacks what it needs, it is done in plain Rust.
    pub kernel: Kernel,
}

impl Job {
    /// Returns the search of a range in the fastest way that there is here.
    pub fn new(work: Work, range: Range<u64>) -> Self {
        Self { work, range, kernel: Kernel::fastest() }
    }
}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// The lowest index of the range whose candidate is a solution.
    Found(u64),
    /// The range holds no solution.
    Exhausted,
    /// The search was cancelled before it could tell.
    Cancelled,
}

/// Searches on the calling thread, until it finds the first solution of the range, or the range
/// ends, or `progress` is cancelled.
pub fn search(job: &Job, progress: &Progress) -> Outcome {
    let hunt = Hunt::new(job, progress);
    hunt.work();
    hunt.outcome()
}

/// One search, as its threads share it.
///
/// The chunks of the range are handed out lowest first, and a thread that took one finishes it. So
/// when anybody finds a solution, whatever lies below it has been handed out already, and will be
/// finished: the lowest solution found is the lowest there is.
#[derive(Debug)]
pub(crate) struct Hunt<'a> {
    solver: Solver<'a>,
    range: Range<u64>,
    progress: &'a Progress,
    /// The first index that was not handed out.
    next: AtomicU64,
    /// The lowest index of a solution found, or [`Self::NONE`].
    lowest: AtomicU64,
}

impl<'a> Hunt<'a> {
    /// No candidate's index, since a range ends before it.
    const NONE: u64 = u64::MAX;

    /// Returns the search for `job`, with nothing tried.
    pub(crate) fn new(job: &'a Job, progress: &'a Progress) -> Self {
        let Job { work, range, kernel } = job;
        let end = range.end.min(work.candidates());
        Self {
            solver: Solver::new(work, *kernel),
            range: range.start..end,
            progress,
            next: AtomicU64::new(range.start),
            lowest: AtomicU64::new(Self::NONE),
        }
    }

    /// Tries chunks until there is nothing left to do for this thread.
    pub(crate) fn work(&self) {
        while self.try_chunk().is_continue() {}
    }

    /// Tries the next chunk. Breaks off if there is none, or no need.
    pub(crate) fn try_chunk(&self) -> ControlFlow<()> {
        if self.progress.is_cancelled() || self.lowest.load(Ordering::Relaxed) != Self::NONE {
            return ControlFlow::Break(());
        }
        let Some(chunk) = self.take_chunk() else {
            return ControlFlow::Break(());
        };

        let solution = self.solver.first_solution(chunk.clone());
        let tried_last = solution.unwrap_or(chunk.end - 1);
        self.progress.add_hashes(tried_last - chunk.start + 1);
        if let Some(index) = solution {
            self.lowest.fetch_min(index, Ordering::Relaxed);
        }
        ControlFlow::Continue(())
    }

    /// Returns whether there is something that nobody has taken.
    pub(crate) fn has_more(&self) -> bool {
        self.next.load(Ordering::Relaxed) < self.range.end
    }

    /// Returns how the search ended. To be called when all its threads are done.
    pub(crate) fn outcome(self) -> Outcome {
        match self.lowest.load(Ordering::Relaxed) {
            Self::NONE if self.has_more() => Outcome::Cancelled,
            Self::NONE => Outcome::Exhausted,
            index => Outcome::Found(index),
        }
    }

    fn take_chunk(&self) -> Option<Range<u64>> {
        let end_of = |start: u64| {
            (start < self.range.end).then(|| {
                let before = start - self.range.start;
                self.solver.chunk_end(start, before).min(self.range.end)
            })
        };
        let order = Ordering::Relaxed;
        let start = self.next.fetch_update(order, order, end_of).ok()?;
        Some(start..end_of(start)?)
    }
}
