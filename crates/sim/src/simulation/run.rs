//! How time passes.

use std::time::Duration;

use super::Simulation;
use crate::simulated::{Simulated, ViolationOf};
use crate::stuck::StuckIn;
use crate::stuck::{Reason, Stuck};

/// How much of a run's end a failure tells.
const TOLD: Duration = Duration::from_secs(5);

impl<N: Simulated> Simulation<N> {
    /// Runs until `done`, for `limit` of virtual time at most.
    pub fn run_until(
        &mut self,
        limit: Duration,
        what: &str,
        mut done: impl FnMut(&Self) -> bool,
    ) -> Result<(), StuckIn<N>> {
        let end = self.now + limit;
        while !done(self) {
            if self.now > end {
                return Err(self.stuck(Reason::Late { what: what.to_owned(), limit }));
            }
            self.step()?;
        }
        Ok(())
    }

    /// Runs for `time`.
    pub fn run_for(&mut self, time: Duration) -> Result<(), StuckIn<N>> {
        let end = self.now + time;
        while self.queue.next_at().is_some_and(|at| at <= end) {
            self.step()?;
        }
        self.now = end;
        Ok(())
    }

    /// Runs until `holds` of all honest peers.
    pub fn run_until_all(
        &mut self,
        limit: Duration,
        what: &str,
        mut holds: impl FnMut(&Self, usize) -> bool,
    ) -> Result<(), StuckIn<N>> {
        // The peer that was last behind is likely to be so still.
        let mut last = 0;
        self.run_until(limit, what, |net| {
            if net.is_honest(last) && !holds(net, last) {
                return false;
            }
            last = net.honest().find(|peer| !holds(net, *peer)).unwrap_or(usize::MAX);
            last == usize::MAX
        })
    }

    pub(crate) fn stuck(&self, reason: Reason<ViolationOf<N>>) -> Stuck<ViolationOf<N>> {
        let entries = |peer| self.disk(peer).recovered().next().to_string();
        let entries: Vec<String> = (0..self.peers.len()).map(entries).collect();
        let up: Vec<usize> = self.up().collect();
        let time = self.now.since_start();
        Stuck {
            seed: self.seed(),
            time,
            reason,
            state: format!("up: {up:?}; {} of each: {}", N::NAMES.decisions, entries.join(" ")),
            trace: self.trace(time.saturating_sub(TOLD)..Duration::MAX),
        }
    }
}
