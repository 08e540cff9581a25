//! How much of the machine searches for solutions may take.

use std::num::NonZeroUsize;

use althing_pow::Effort;
use clap::Args;

/// What a search for solutions may take.
#[derive(Args, Clone)]
pub(crate) struct EffortOptions {
    /// Threads of each search; without it, the searches of this command share all cores.
    #[arg(long, global = true, value_name = "N")]
    threads: Option<NonZeroUsize>,

    /// How far searching stands back for other programs: 0 is not at all, 19 as far as possible.
    #[arg(long, global = true, value_name = "N", default_value = "0",
        value_parser = clap::value_parser!(u8).range(..=i64::from(Effort::NICE_MAX)))]
    nice: u8,
}

impl EffortOptions {
    /// Returns what each of so many searches in this process may take.
    pub(crate) fn of_each(&self, searches: usize) -> Effort {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let share = NonZeroUsize::new(cores / searches.max(1)).unwrap_or(NonZeroUsize::MIN);
        Effort { threads: self.threads.unwrap_or(share), nice: self.nice }
    }
}
