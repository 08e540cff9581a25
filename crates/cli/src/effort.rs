//! How much of the machine peers may take for their searches.

use std::num::NonZeroUsize;

use althing_pow::Effort;
use clap::Args;

/// What a search for solutions may take.
#[derive(Args, Clone)]
pub(crate) struct EffortOptions {
    /// Threads of each peer that search for solutions; without it, all cores are shared.
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,

    /// How far searching stands back for other programs: 0 is not at all, 19 as far as possible.
    #[arg(long, value_name = "N", default_value = "0",
        value_parser = clap::value_parser!(u8).range(..=i64::from(Effort::NICE_MAX)))]
    nice: u8,
}

impl EffortOptions {
    /// Returns what each of `peers` peers in this process may take.
    pub(crate) fn of_each(&self, peers: usize) -> Effort {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let share = NonZeroUsize::new(cores / peers.max(1)).unwrap_or(NonZeroUsize::MIN);
        Effort { threads: self.threads.unwrap_or(share), nice: self.nice }
    }
}
