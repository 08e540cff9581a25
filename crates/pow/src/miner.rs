use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use crate::progress::Progress;
use crate::search::{Hunt, Job, Outcome};

/// Chunks that one thread tries before it asks others to help.
///
/// A thread takes about as long to start as a chunk takes to try (30 microseconds each), so an
/// easy search would be over before help arrived: four chunks hold a solution of nearly every
/// challenge up to ten bits. Nor are threads kept waiting between searches, since waking one up
/// takes no less than starting one (measured on Linux, in a virtual machine).
const CHUNKS_ALONE: usize = 4;

/// A search that runs on threads of its own. Dropping it cancels the search.
#[derive(Debug)]
pub struct Miner {
    progress: Arc<Progress>,
}

impl Miner {
    /// Starts a search for `job` on at most `threads` threads, and calls `done` with its outcome:
    /// exactly once, on one of those threads, when all of them are finished, cancelled or not.
    ///
    /// The outcome is the same whatever the number of threads: the lowest solution of the range.
    /// One thread begins, and starts the others once the search proves to be long and has work
    /// for them. If the system refuses more threads, the search makes do with those it got.
    ///
    /// # Panics
    ///
    /// If the system refuses even the first thread.
    pub fn start(
        job: Job,
        threads: NonZeroUsize,
        done: impl FnOnce(Outcome) + Send + 'static,
    ) -> Self {
        let progress = Arc::new(Progress::new());
        let shared = Arc::clone(&progress);
        thread::Builder::new()
            .name("miner".into())
            .spawn(move || done(search_on(threads, &job, &shared)))
            .expect("the system has room for one more thread");
        Self { progress }
    }

    /// Returns how many candidates were hashed so far; whoever asks divides by their own clock.
    pub fn hashes(&self) -> u64 {
        self.progress.hashes()
    }

    /// Asks the search to stop. Returns at once; each thread stops after the 2,048 candidates
    /// that it is at, which is 0.2 milliseconds of work at 10 million hashes a second.
    pub fn cancel(&self) {
        self.progress.cancel();
    }
}

impl Drop for Miner {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// Searches on this thread, and on up to `threads - 1` more.
fn search_on(threads: NonZeroUsize, job: &Job, progress: &Progress) -> Outcome {
    let hunt = Hunt::new(job, progress);
    if (0..CHUNKS_ALONE).all(|_| hunt.try_chunk().is_continue()) {
        let useful = usize::try_from(hunt.chunks_left()).unwrap_or(usize::MAX);
        thread::scope(|scope| {
            for number in 1..threads.get().min(useful) {
                let helper = thread::Builder::new().name(format!("miner-{number}"));
                if helper.spawn_scoped(scope, || hunt.work()).is_err() {
                    break;
                }
            }
            hunt.work();
        });
    }
    hunt.outcome()
}
