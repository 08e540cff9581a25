//! How much of the machine searches for solutions may take.

use std::num::NonZeroUsize;

use althing_pow::Parallelism;
use clap::Args;

/// What a search for solutions may take.
#[derive(Args, Clone)]
pub(crate) struct ParallelismOptions {
    /// Threads of each search. By default, the searches of this command share all cores.
    #[arg(long, global = true, value_name = "N")]
    threads: Option<NonZeroUsize>,

    /// The niceness of searches: 0 is normal priority, 19 leaves the processor to other programs.
    #[arg(long, global = true, value_name = "N", default_value = "0",
        value_parser = clap::value_parser!(u8).range(..=i64::from(Parallelism::NICE_MAX)))]
    nice: u8,
}

impl ParallelismOptions {
    /// Returns what each of so many searches in this process may take.
    pub(crate) fn of_each(&self, searches: usize) -> Parallelism {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let share = NonZeroUsize::new(cores / searches.max(1)).unwrap_or(NonZeroUsize::MIN);
        Parallelism { threads: self.threads.unwrap_or(share), nice: self.nice }
    }
}
