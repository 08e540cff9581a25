use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use crate::progress::Progress;
use crate::search::{Hunt, Job, Outcome};

/// Chunks that one thread tries before it asks others to help.
///
/// A thread takes about as long to start as it takes to try a few thousand candidates, so an easy
/// search would be over before help arrived: these chunks hold a solution of nearly every challenge
/// up to ten bits. Nor are threads kept waiting between searches, since waking one up takes no less
/// than starting one (measured on Linux, in a virtual machine).
const CHUNKS_ALONE: usize = 4;

/// A search that runs on threads of its own. Dropping it cancels the search.
#[derive(Debug)]
pub struct Miner {
    progress: Arc<Progress>,
}

/// How much of the machine a search may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// The most threads it may have.
    pub threads: NonZeroUsize,
    /// How far its threads stand back for others, as `nice` counts it on Unix: 0 is not at all, and
    /// 19 leaves everybody else the processor who wants it. Elsewhere it changes nothing.
    pub nice: u8,
}

impl Effort {
    /// The most that threads can stand back.
    pub const NICE_MAX: u8 = 19;

    /// Returns the effort of so many threads that do not stand back.
    pub const fn of(threads: NonZeroUsize) -> Self {
        Self { threads, nice: 0 }
    }

    /// Makes the calling thread stand back.
    fn stand_back(self) {
        #[cfg(target_os = "linux")]
        if self.nice > 0 {
            // On Linux this is about the calling thread alone. It is only refused to those who want
            // to come first, and a search in the wrong place of the queue is still a search.
            let nice = self.nice.min(Self::NICE_MAX).into();
            let _ = rustix::process::setpriority_process(None, nice);
        }
    }
}

impl Miner {
    /// Starts a search for `job`, and calls `done` with its outcome: exactly once, on one of its
    /// threads, when all of them are finished, cancelled or not.
    ///
    /// The outcome is the same whatever the number of threads: the lowest solution of the range.
    /// One thread begins, and starts the others once the search proves to be long and has work
    /// for them. If the system refuses more threads, the search makes do with those it got.
    ///
    /// # Panics
    ///
    /// If the system refuses even the first thread.
    pub fn start(job: Job, effort: Effort, done: impl FnOnce(Outcome) + Send + 'static) -> Self {
        let progress = Arc::new(Progress::new());
        let shared = Arc::clone(&progress);
        thread::Builder::new()
            .name("miner".into())
            .spawn(move || done(search_on(effort, &job, &shared)))
            .expect("the system has room for one more thread");
        Self { progress }
    }

    /// Returns how many candidates were hashed so far; whoever asks divides by their own clock.
    pub fn hashes(&self) -> u64 {
        self.progress.hashes()
    }

    /// Asks the search to stop. Returns at once; each thread stops after the chunk that it is at,
    /// which is a quarter of a millisecond of work, roughly.
    pub fn cancel(&self) {
        self.progress.cancel();
    }
}

impl Drop for Miner {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// Searches on this thread, and on up to `effort.threads - 1` more.
fn search_on(effort: Effort, job: &Job, progress: &Progress) -> Outcome {
    effort.stand_back();
    let hunt = Hunt::new(job, progress);
    if (0..CHUNKS_ALONE).all(|_| hunt.try_chunk().is_continue()) {
        thread::scope(|scope| {
            // New threads inherit how far this one stands back.
            for number in 1..effort.threads.get() {
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
