use std::fmt;

use super::story::Story;
use crate::stuck::{Reason, Stuck};

/// A story that ended badly, made as short as could be.
///
/// Shown, it begins with what is wrong and the command that runs it again.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed of the story as it was drawn.
    pub seed: u64,
    /// How the shortest story ended.
    pub stuck: Stuck,
    /// How many shorter stories were tried.
    pub plays: usize,
    story: Story,
}

impl Failure {
    pub(super) fn new(story: Story, stuck: Stuck, plays: usize) -> Self {
        Self { seed: stuck.seed, stuck, plays, story }
    }

    /// Returns what is wrong.
    pub fn reason(&self) -> &Reason {
        &self.stuck.reason
    }

    /// Returns how many faults are left in the shortest story.
    pub fn faults(&self) -> usize {
        self.story.scenario.plan.faults.len()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, stuck, plays, story } = self;
        writeln!(f, "seed {seed}: {}", stuck.reason)?;
        writeln!(f)?;
        writeln!(f, "To run it again:")?;
        writeln!(f, "    cargo xtask soak --seed {seed}")?;
        writeln!(f, "or, among the tests:")?;
        writeln!(f, "    SEED={seed} cargo nextest run -p althing-sim -E 'test(fixed_seeds)'")?;
        writeln!(f)?;
        writeln!(f, "The shortest story that ends like this ({plays} were tried):")?;
        writeln!(f, "{story}")?;
        writeln!(f, "How it ends:")?;
        write!(f, "{stuck}")
    }
}

impl std::error::Error for Failure {}
