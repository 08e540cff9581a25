//! Which kernels does this process search with?

use std::sync::LazyLock;
use std::time::Duration;

use althing_pow::Kernels;

/// Returns the fastest kernels of this machine. The first call times them, which takes less than
/// five milliseconds of the calling thread; all others return the same.
pub fn kernels() -> Kernels {
    static TIMED: LazyLock<Kernels> = LazyLock::new(|| Kernels::timed(processor_time));
    *TIMED
}

/// Returns how long the calling thread has had the processor, so that what others do at the same
/// time does not count.
#[cfg(unix)]
pub fn processor_time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::ThreadCPUTime).try_into().expect("a thread has not run for ages")
}

/// Returns the time since the first call: the best that there is here.
#[cfg(not(unix))]
pub fn processor_time() -> Duration {
    static FIRST: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);
    FIRST.elapsed()
}

#[cfg(test)]
mod tests {
    use althing_pow::Hash;

    use super::*;

    #[test]
    fn kernels_are_timed_once_and_soon_known() {
        let begin = processor_time();
        let first = kernels();
        let took = processor_time() - begin;
        // The budget, and a run that was begun within it.
        assert!(took < Duration::from_millis(5), "{took:?}");
        assert_eq!(kernels(), first);
        assert!(Hash::ALL.into_iter().all(|hash| first.of(hash).is_available()));
    }
}
