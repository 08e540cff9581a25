//! How a failed run is shown.

use std::fmt;

use super::{Scenario, Schedule};
use crate::simulated::ViolationOf;
use crate::stuck::Reason;
use crate::stuck::StuckIn;

/// A run that failed, with the shortest schedule that fails in the same way.
///
/// Shown, it begins with what is wrong and the command that runs it again.
pub struct Failure<S: Scenario> {
    /// The seed that the schedule was drawn from.
    pub seed: u64,
    /// How the run with the shortest schedule ended.
    pub stuck: StuckIn<S::Network>,
    /// How many shorter schedules were tried.
    pub tries: usize,
    schedule: Schedule<S>,
}

impl<S: Scenario> Failure<S> {
    pub(super) fn new(schedule: Schedule<S>, stuck: StuckIn<S::Network>, tries: usize) -> Self {
        Self { seed: stuck.seed, stuck, tries, schedule }
    }

    /// Returns what is wrong.
    pub fn reason(&self) -> &Reason<ViolationOf<S::Network>> {
        &self.stuck.reason
    }

    /// Returns how many faults are left in the shortest schedule.
    pub fn faults(&self) -> usize {
        self.schedule.scenario.plan().faults.len()
    }
}

impl<S: Scenario> fmt::Display for Failure<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, stuck, tries, schedule } = self;
        let name = S::NAME;
        writeln!(f, "seed {seed}: {}", stuck.reason)?;
        writeln!(f)?;
        writeln!(f, "To run it again:")?;
        writeln!(f, "    cargo xtask soak --only {name} --seed {seed}")?;
        writeln!(f, "or, among the tests:")?;
        writeln!(
            f,
            "    SEED={seed} cargo nextest run -p althing-sim -E 'test({name}::fixed_seeds)'"
        )?;
        writeln!(f)?;
        writeln!(f, "The shortest schedule that ends like this ({tries} were tried):")?;
        writeln!(f, "{schedule}")?;
        writeln!(f, "How it ends:")?;
        write!(f, "{stuck}")
    }
}

/// The same as `Display`, so that `expect` in a test shows it readably.
impl<S: Scenario> fmt::Debug for Failure<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<S: Scenario> std::error::Error for Failure<S> {}
