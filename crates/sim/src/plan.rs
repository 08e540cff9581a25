//! What a run begins with.

use std::time::Duration;

use althing_faults::Conditions;

use crate::fault::{Fault, Who};
use crate::simulated::Simulated;

/// What a simulation begins with, and what goes wrong in it. `R` is in what a peer of this kind of
/// network can be dishonest.
#[derive(Clone, Debug)]
pub struct Plan<R> {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// Peers that start, which may be more or fewer than the rules want.
    pub peers: usize,
    /// What the network does to messages.
    pub conditions: Conditions,
    /// The peers start one after the other within this time.
    pub start_within: Duration,
    /// Hashes that each peer tries in a second.
    pub hashes_per_second: f64,
    /// How soon a broker notices that a peer is gone, and publishes its last will. `None` if it
    /// never does.
    pub last_wills: Option<Duration>,
    /// What goes wrong, and when.
    pub faults: Vec<(Duration, Fault<R>)>,
    /// The latest packets, events and faults that are kept, so many of each.
    pub history: usize,
}

impl<R> Plan<R> {
    /// Returns a plan of `peers` that start together on a network without faults.
    pub fn new(seed: u64, peers: usize) -> Self {
        Self {
            seed,
            peers,
            conditions: Conditions::good(),
            start_within: Duration::from_millis(10),
            hashes_per_second: 200.0,
            last_wills: None,
            faults: Vec::new(),
            history: 512,
        }
    }

    /// Adds something that goes wrong, or right, at a time counted from the beginning.
    #[must_use]
    pub fn at(mut self, time: Duration, fault: Fault<R>) -> Self {
        self.faults.push((time, fault));
        self
    }

    /// Makes a peer dishonest in one thing from the beginning.
    #[must_use]
    pub fn byzantine(self, who: impl Into<Who>, role: R) -> Self {
        self.at(Duration::ZERO, Fault::Byzantine(who.into(), role))
    }
}

/// A network that begins with a [`Plan`], put together step by step.
pub trait Planned: Sized {
    /// The kind of network.
    type Network: Simulated;

    /// Returns what the run begins with.
    fn plan(&self) -> &Plan<RoleIn<Self>>;

    /// Returns what the run begins with, to be changed.
    fn plan_mut(&mut self) -> &mut Plan<RoleIn<Self>>;

    /// Lets each peer that searches try this many hashes a second.
    #[must_use]
    fn hashes_per_second(mut self, hashes: f64) -> Self {
        self.plan_mut().hashes_per_second = hashes;
        self
    }

    /// Sets what the network does to messages.
    #[must_use]
    fn conditions(mut self, conditions: Conditions) -> Self {
        self.plan_mut().conditions = conditions;
        self
    }

    /// Starts the peers one after the other within this time.
    #[must_use]
    fn start_within(mut self, time: Duration) -> Self {
        self.plan_mut().start_within = time;
        self
    }

    /// Adds something that goes wrong, or right, at a time counted from the beginning.
    #[must_use]
    fn at(mut self, time: Duration, fault: Fault<RoleIn<Self>>) -> Self {
        self.plan_mut().faults.push((time, fault));
        self
    }

    /// Makes a peer dishonest in one thing from the beginning.
    #[must_use]
    fn byzantine(self, who: impl Into<Who>, role: RoleIn<Self>) -> Self {
        self.at(Duration::ZERO, Fault::Byzantine(who.into(), role))
    }

    /// Keeps this many of the latest packets and events.
    #[must_use]
    fn history(mut self, kept: usize) -> Self {
        self.plan_mut().history = kept;
        self
    }
}

/// In what a peer of a planned network can be dishonest.
pub type RoleIn<S> = <<S as Planned>::Network as Simulated>::Role;
