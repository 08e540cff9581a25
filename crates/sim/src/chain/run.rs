//! How time passes.

use std::time::Duration;

use althing_ledger::Tip;

use super::{Failure, Reason, Simulation};

impl Simulation {
    /// Runs for `time`.
    pub fn run_for(&mut self, time: Duration) -> Result<(), Failure> {
        let end = self.now + time;
        while self.next_at().is_some_and(|at| at <= end) {
            self.step()?;
        }
        self.now = end;
        Ok(())
    }

    /// Runs until `done`, for `limit` of virtual time at most.
    pub fn run_until(
        &mut self,
        limit: Duration,
        what: &str,
        mut done: impl FnMut(&Self) -> bool,
    ) -> Result<(), Failure> {
        let end = self.now + limit;
        while !done(self) {
            if self.now > end {
                return Err(self.failure(Reason::Late { what: what.to_owned(), limit }));
            }
            self.step()?;
        }
        Ok(())
    }

    /// Runs until all honest peers follow the same chain, which is the best that any of them has.
    pub fn run_until_one_chain(&mut self, limit: Duration) -> Result<Tip, Failure> {
        // Whoever was last apart is likely to be so still.
        let mut last = 0;
        let mut common = None;
        self.run_until(limit, "common chain", |net| {
            let mut honest = net.honest();
            let Some(first) = honest.next() else { return false };
            common = net.tip(first);
            if net.is_honest(last) && net.tip(last) != common {
                return false;
            }
            last = honest.find(|peer| net.tip(*peer) != common).unwrap_or(usize::MAX);
            last == usize::MAX && common.is_some()
        })?;
        Ok(common.expect("the run ends with one"))
    }

    /// Runs until all honest peers have at least so many blocks.
    pub fn run_until_length(&mut self, limit: Duration, length: u64) -> Result<(), Failure> {
        self.run_until(limit, &format!("{length} blocks everywhere"), |net| {
            let is_long = |peer| net.ledger(peer).is_some_and(|ledger| ledger.length() >= length);
            net.honest().all(is_long) && net.honest().next().is_some()
        })
    }

    /// Returns the last block of the chain that a peer follows.
    pub fn tip(&self, peer: usize) -> Option<Tip> {
        self.ledger(peer)?.tip()
    }
}
