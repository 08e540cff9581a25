//! One random run: a network, its faults, and the quiet time after them.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::Scenario;
use crate::simulation::Simulation;
use crate::stuck::Reason;
use crate::stuck::StuckIn;
use crate::summary::Summary;

/// A network, its faults, and the quiet time after them.
#[derive(Clone, Debug)]
pub struct Schedule<S> {
    /// The network, with its faults.
    pub scenario: S,
    /// How long faults happen; then everything is repaired.
    pub trouble: Duration,
}

impl<S: Scenario> Schedule<S> {
    /// Runs to the end. A panic is a failure like others.
    pub fn run(&self) -> Result<Summary, StuckIn<S::Network>> {
        let mut net = self.scenario.start();
        // After a panic the network is only inspected, and then dropped.
        let outcome = catch_unwind(AssertUnwindSafe(|| self.run_on(&mut net)));
        outcome.unwrap_or_else(|panic| Err(net.stuck(Reason::Panic(text_of(&*panic)))))
    }

    fn run_on(&self, net: &mut Simulation<S::Network>) -> Result<Summary, StuckIn<S::Network>> {
        net.run_for(self.trouble)?;
        net.heal();
        self.scenario.settle(net)?;
        Ok(net.summary())
    }
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "without a message".to_owned())
}

impl<S: Scenario> fmt::Display for Schedule<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.scenario)?;
        let plan = self.scenario.plan();
        if let Some(after) = plan.last_wills {
            writeln!(f, "the broker notices after {after:?} that a peer is gone")?;
        }
        for (at, fault) in &plan.faults {
            writeln!(f, "{:>9.4} s  {fault}", at.as_secs_f64())?;
        }
        writeln!(f, "{:>9.4} s  everything is well again", self.trouble.as_secs_f64())
    }
}
