//! A search on threads of its own.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use crate::progress::Progress;
use crate::search::{Hunt, Job, Outcome};

/// Chunks that one thread tries before it starts the others.
///
/// Starting a thread takes about as long as trying a few thousand candidates, so an easy search
/// would be over before the other threads helped: these chunks contain a solution of nearly every
/// challenge up to ten bits. Threads are not kept waiting between searches, since waking one takes
/// no less time than starting one (measured on Linux, in a virtual machine).
const CHUNKS_ALONE: usize = 4;

/// A search that runs on threads of its own. Dropping it cancels the search.
#[derive(Debug)]
pub struct Miner {
    progress: Arc<Progress>,
}

/// How much of the machine a search may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parallelism {
    /// The most threads it may have.
    pub threads: NonZeroUsize,
    /// The niceness of its threads, as on Unix: 0 is the normal priority, and at 19 they take only
    /// processor time that no other program wants. Has no effect on other systems.
    pub nice: u8,
}

impl Parallelism {
    /// The highest niceness.
    pub const NICE_MAX: u8 = 19;

    /// Returns the parallelism of this number of threads at normal priority.
    pub const fn of(threads: NonZeroUsize) -> Self {
        Self { threads, nice: 0 }
    }

    /// Applies the niceness to the calling thread.
    fn stand_back(self) {
        #[cfg(target_os = "linux")]
        if self.nice > 0 {
            // On Linux this affects only the calling thread. It fails only for a higher priority
            // than before, and a search at the wrong priority is still a search.
            let nice = self.nice.min(Self::NICE_MAX).into();
            let _ = rustix::process::setpriority_process(None, nice);
        }
    }
}

impl Miner {
    /// Starts a search for `job`, and calls `done` with its outcome: exactly once, on one of its
    /// threads, when all of them have finished, whether cancelled or not.
    ///
    /// The outcome does not depend on the number of threads: it is the lowest solution of the
    /// range. One thread begins, and starts the others once the search turns out to be long enough
    /// to have work for them. If the system refuses more threads, the search runs on those it has.
    ///
    /// # Panics
    ///
    /// If the system refuses even the first thread.
    pub fn start(
        job: Job,
        parallelism: Parallelism,
        done: impl FnOnce(Outcome) + Send + 'static,
    ) -> Self {
        let progress = Arc::new(Progress::new());
        let shared = Arc::clone(&progress);
        thread::Builder::new()
            .name("miner".into())
            .spawn(move || done(search_on(parallelism, &job, &shared)))
            .expect("the system has room for one more thread");
        Self { progress }
    }

    /// Returns how many candidates were hashed so far. For a rate, the caller divides by a time of
    /// its own.
    pub fn hashes(&self) -> u64 {
        self.progress.hashes()
    }

    /// Asks the search to stop. Returns at once; each thread stops after its current chunk, which
    /// takes roughly a quarter of a millisecond.
    pub fn cancel(&self) {
        self.progress.cancel();
    }
}

impl Drop for Miner {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// Searches on this thread, and on up to `parallelism.threads - 1` more.
fn search_on(parallelism: Parallelism, job: &Job, progress: &Progress) -> Outcome {
    parallelism.stand_back();
    let hunt = Hunt::new(job, progress);
    if (0..CHUNKS_ALONE).all(|_| hunt.try_chunk().is_continue()) {
        thread::scope(|scope| {
            // New threads inherit this one's niceness.
            for number in 1..parallelism.threads.get() {
                let helper = thread::Builder::new().name(format!("miner-{number}"));
                if !hunt.has_more() || helper.spawn_scoped(scope, || hunt.work()).is_err() {
                    break;
                }
            }
            hunt.work();
        });
    }
    hunt.outcome()
}
