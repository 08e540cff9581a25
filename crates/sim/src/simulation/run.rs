//! How time passes.

use std::time::Duration;

use super::Simulation;
use crate::stuck::{Reason, Stuck};

/// How much of a run's end a failure tells.
const TOLD: Duration = Duration::from_secs(5);

impl Simulation {
    /// Runs until `done`, for `limit` of virtual time at most.
    pub fn run_until(
        &mut self,
        limit: Duration,
        what: &str,
        mut done: impl FnMut(&Self) -> bool,
    ) -> Result<(), Stuck> {
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
    pub fn run_for(&mut self, time: Duration) -> Result<(), Stuck> {
        let end = self.now + time;
        while self.queue.next_at().is_some_and(|at| at <= end) {
            self.step()?;
        }
        self.now = end;
        Ok(())
    }

    /// Runs until every honest peer that is up has at least `rows` rows.
    pub fn run_until_recorded(&mut self, limit: Duration, rows: usize) -> Result<(), Stuck> {
        // Whoever was last behind is likely to be so still.
        let mut last = 0;
        self.run_until(limit, &format!("{rows} rows everywhere"), |net| {
            let is_behind = |peer: usize| net.rows(peer).len() < rows;
            let counts = |peer: usize| {
                net.peers.get(peer).is_some_and(|peer| peer.wanted && peer.liar.is_none())
            };
            if counts(last) && is_behind(last) {
                return false;
            }
            last = net.honest().find(|peer| is_behind(*peer)).unwrap_or(usize::MAX);
            last == usize::MAX
        })
    }

    /// Runs until all honest peers that are up have equally many rows.
    pub fn run_until_level(&mut self, limit: Duration) -> Result<(), Stuck> {
        self.run_until(limit, "common last row", |net| {
            let mut lengths = net.honest().map(|peer| net.rows(peer).len());
            let first = lengths.next();
            lengths.all(|length| Some(length) == first)
        })
    }

    /// Returns the length of the longest table of an honest peer that is up.
    pub fn longest(&self) -> usize {
        self.honest().map(|peer| self.rows(peer).len()).max().unwrap_or(0)
    }

    /// Checks that all honest peers that are up have the same table.
    pub fn assert_one_table(&self) {
        let records = |peer| self.rows(peer).iter().map(|row| &row.record);
        let mut honest = self.honest();
        let Some(first) = honest.next() else { return };
        for other in honest {
            let is_same = records(first).eq(records(other));
            assert!(is_same, "seed {}: {first} and {other} have two tables", self.seed());
        }
    }

    pub(crate) fn stuck(&self, reason: Reason) -> Stuck {
        let rows: Vec<String> =
            (0..self.peers.len()).map(|peer| self.rows(peer).len().to_string()).collect();
        let up: Vec<usize> = self.up().collect();
        let time = self.now.since_start();
        Stuck {
            seed: self.seed(),
            time,
            reason,
            state: format!("up: {up:?}; rows of each: {}", rows.join(" ")),
            trace: self.trace(time.saturating_sub(TOLD)..Duration::MAX),
        }
    }
}
