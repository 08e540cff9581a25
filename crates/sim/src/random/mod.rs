//! Whole runs from a seed: a network, a schedule of faults, perhaps a dishonest peer, and then
//! peace.
//!
//! [`run`] draws how many peers there are, under which rules, what the network does to messages,
//! what goes wrong and when, and whether one peer is dishonest in a way that the network survives.
//! In the time of trouble nothing wrong may be recorded, which is checked at every step. Then all
//! is made well again, and the network must go on: [`Scenario::settle`] says how.
//!
//! What fails is made shorter, by leaving out what the failure does not need, and shown with the
//! one command that runs it again.
//!
//! | file | question |
//! | --- | --- |
//! | `draw` | which faults and conditions come? |
//! | `schedule` | how is a run done, from its beginning to peace? |
//! | `shrink` | what of it does a failure need? |
//! | `failure` | how is that shown? |
//! | this one | what is a scenario? |

mod draw;
mod failure;
mod schedule;
mod shrink;

use std::fmt;
use std::ops::Range;

pub(crate) use self::draw::{FAULTS_MAX, Faults, conditions, millis, pick};
pub use self::failure::Failure;
pub use self::schedule::Schedule;

use crate::plan::Planned;
use crate::simulation::Simulation;
use crate::stuck::StuckIn;
use crate::summary::Summary;

/// The seeds that every change has to pass; nightly runs draw others.
pub const FIXED_SEEDS: Range<u64> = 0..1000;

/// A network that can be drawn from a seed. Shown, it says what it is in a line or two, but not
/// what goes wrong.
pub trait Scenario: Planned + Clone + fmt::Display {
    /// What `cargo xtask soak --only` calls it.
    const NAME: &'static str;

    /// Draws a network and its schedule.
    fn draw(seed: u64) -> Schedule<Self>;

    /// Starts it.
    fn start(&self) -> Simulation<Self::Network>;

    /// Demands what must come once everything is well again.
    fn settle(&self, net: &mut Simulation<Self::Network>) -> Result<(), StuckIn<Self::Network>>;
}

/// Does the run of one seed, and returns what it came to.
///
/// The same seed gives the same run and the same result, until the drawing itself is changed.
pub fn run<S: Scenario>(seed: u64) -> Result<Summary, Box<Failure<S>>> {
    let schedule = S::draw(seed);
    schedule.run().map_err(|stuck| Box::new(shrink::shrink(schedule, stuck)))
}

/// Returns the schedule of a seed in sentences, without running it.
pub fn describe<S: Scenario>(seed: u64) -> String {
    S::draw(seed).to_string()
}
