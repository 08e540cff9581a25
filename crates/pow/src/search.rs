//! A search on the calling thread.

use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::kernel::{Kernel, Kernels, Solver};
use crate::progress::Progress;
use crate::work::Work;

/// What to search for, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What makes a solution.
    pub work: Work,
    /// Indexes of the candidates to try; all of them are `0..work.candidates()`.
    pub range: Range<u64>,
    /// The kernel to hash with. If this machine does not support it, the portable one is used.
    pub kernel: Kernel,
}

impl Job {
    /// Returns the search of a range with the kernel that is the fastest on most machines, of those
    /// that this machine has.
    pub fn new(work: Work, range: Range<u64>) -> Self {
        let kernel = Kernels::expected().of(work.hash);
        Self { work, range, kernel }
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
    /// The search was cancelled before it had an outcome.
    Cancelled,
}

/// Searches on the calling thread until it finds the first solution of the range, the range ends,
/// or `progress` is cancelled.
pub fn search(job: &Job, progress: &Progress) -> Outcome {
    let hunt = Hunt::new(job, progress);
    hunt.work();
    hunt.outcome()
}

/// One search, as its threads share it.
///
/// The chunks of the range are handed out lowest first, and a thread that took one finishes it. So
/// when a thread finds a solution, all chunks below it have been handed out already and will be
/// finished: the lowest solution found is the lowest one in the range.
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
    /// Not the index of any candidate, since a range ends before it.
    const NONE: u64 = u64::MAX;

    /// Returns the search for `job`, before any candidate was tried.
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

    /// Tries chunks until nothing is left for this thread to do.
    pub(crate) fn work(&self) {
        while self.try_chunk().is_continue() {}
    }

    /// Tries the next chunk. Breaks if there is none left, or none is needed.
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

    /// Returns whether some chunk has not been taken by any thread.
    pub(crate) fn has_more(&self) -> bool {
        self.next.load(Ordering::Relaxed) < self.range.end
    }

    /// Returns how the search ended. Call it only when all its threads are done.
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
