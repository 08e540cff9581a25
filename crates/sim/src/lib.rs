//! A whole network in virtual time under one seed: faults, liars, and checks after every step.
//!
//! A [`Simulation`] holds some peers, each an engine with a disk of its own, and a queue of what
//! happens when. Messages cross the network as the bytes of a dialect; latency, loss, duplication,
//! damage, and everything else that is left to chance is drawn from the one seed. The same seed
//! gives the same run to the byte, on any machine, and so a failure can be replayed for ever.
//!
//! ```
//! use std::time::Duration;
//!
//! use althing_dialect::elect_chain::{Config, ElectChain};
//! use althing_sim::{Fault, Plan, Simulation, Who};
//!
//! let plan = Plan::new(1, 10)
//!     .at(Duration::from_secs(5), Fault::Crash(Who::Leader))
//!     .at(Duration::from_secs(9), Fault::Heal);
//! let pause = Duration::from_secs(2);
//! let dialect = ElectChain::new(Config { pause, ..Config::default() });
//! let mut net = Simulation::new(plan, Box::new(dialect));
//! net.run_for(Duration::from_secs(30))?;
//! println!("{}", net.summary());
//! let trace = net.trace(Duration::from_secs(5)..Duration::from_secs(8));
//! let diagram = althing_sim::mermaid(&trace);
//! # assert!(diagram.starts_with("sequenceDiagram"));
//! # Ok::<(), althing_sim::Stuck>(())
//! ```
//!
//! # What can go wrong
//! [`Fault`] has the words for it: peers crash, also in mid-sentence, pause, are slow, have wrong
//! clocks; messages are lost, late, doubled, damaged; partitions come and go; the broker restarts.
//! [`Disk`] says what a crash may do to what a peer has written. A [`Role`] makes a peer dishonest
//! in one thing; its module says which of the network's promises then still hold, and which not.
//!
//! # What may not
//! After each step the run is checked: one row per transaction, on all honest peers and for ever;
//! behind each row the votes it needs, each cast by its voter and counted once; nothing forgotten
//! in a crash; every queue within its bound. A [`Violation`] ends the run. [`random`] draws whole
//! stories from a seed, demands that rows come again after the trouble, and makes what fails
//! shorter.
//!
//! # What it does not do
//! Run brokers, or know how long a real machine takes: a peer handles its input in no time, unless
//! a fault says otherwise, and mining is a random process of a given hash rate, whose answers are
//! real.

// A run fails once, and then tells all there is to know.
#![allow(clippy::result_large_err)]

pub mod byzantine;
pub mod chain;
mod chance;
mod checker;
mod clock;
mod conditions;
mod disk;
mod fault;
mod fingerprint;
mod mining;
mod network;
mod oracle;
mod peer;
mod plan;
mod queue;
pub mod random;
mod scenario;
mod signers;
mod simulation;
mod stuck;
mod summary;
mod trace;
mod verdicts;
mod violation;
mod with_rules;
mod word;

pub use byzantine::Role;
pub use clock::Skew;
pub use conditions::{Conditions, Latency};
pub use disk::Disk;
pub use fault::{Fault, Who, Wills};
pub use plan::Plan;
pub use scenario::{Network, Scenario};
pub use simulation::Simulation;
pub use stuck::{Reason, Stuck};
pub use summary::{Spread, Summary};
pub use trace::{Scene, Trace, What, mermaid, svg};
pub use violation::Violation;
