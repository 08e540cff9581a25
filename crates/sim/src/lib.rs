//! A whole network in virtual time under one seed: faults, dishonest peers, and checks after every
//! step.
//!
//! A [`Simulation`] holds some peers, each an engine with a disk of its own, and a queue of what
//! happens when. Messages cross the network as the bytes of a dialect; latency, loss, duplication,
//! damage, and everything else that is left to chance is drawn from the one seed. The same seed
//! gives the same run to the byte, on any machine, so a failure can always be replayed.
//!
//! The simulator is the same for any engine. What it must know about a kind of network besides is
//! in an implementation of [`Simulated`]; there are three, [`rounds`], [`chain`] and [`assembly`].
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use althing_dialect::elect_chain::{Config, ElectChain};
//! use althing_sim::rounds::{Fault, Plan, RoundsNetwork, Simulation};
//! use althing_sim::Who;
//!
//! let plan = Plan::new(1, 10)
//!     .at(Duration::from_secs(5), Fault::Crash(Who::Leader))
//!     .at(Duration::from_secs(9), Fault::Heal);
//! let pause = Duration::from_secs(2);
//! let dialect = ElectChain::new(Config { pause, ..Config::default() });
//! let mut net = Simulation::new(plan, RoundsNetwork::new(Arc::new(dialect)));
//! net.run_for(Duration::from_secs(30))?;
//! println!("{}", net.summary());
//! let trace = net.trace(Duration::from_secs(5)..Duration::from_secs(8));
//! let diagram = althing_sim::mermaid(&trace);
//! # assert!(diagram.starts_with("sequenceDiagram"));
//! # Ok::<(), althing_sim::rounds::Stuck>(())
//! ```
//!
//! # What can go wrong
//! See [`Fault`]: peers crash, also between two outputs, pause, are slow, have wrong clocks;
//! messages are lost, late, doubled, damaged, replayed; partitions come and go; the broker
//! restarts. [`host::Disk`] says what a crash may do to what a peer has written. A role makes a
//! peer dishonest in one thing; [`rounds::byzantine`] and [`chain::byzantine`] say which of the
//! network's promises then still hold, and which not.
//!
//! # What may not
//! After each step the run is checked: nothing forgotten in a crash, no hole on a disk, every queue
//! within its bound. With rounds: one row per transaction, the same on all honest peers, which
//! never changes; behind each row the votes it needs, each cast by its voter and counted once. With
//! a chain: only valid blocks, and never a change to a chain with less work. In an assembly: one
//! block at each height, and no honest member that contradicts itself. A violation ends the run.
//! [`random`] draws whole schedules of faults from a seed, demands that the network recovers once
//! the faults are over, and shortens a schedule that fails.
//!
//! # What it does not do
//! Run brokers, or know how long a real machine takes: a peer handles its input in no time, unless
//! a fault says otherwise, and mining is a random process of a given hash rate, whose answers are
//! real.
//!
//! # Files
//!
//! | file | question |
//! | --- | --- |
//! | `host` | what does a peer do by itself, and what is on its disk? |
//! | `simulation` | what happens next in the network, and what are its effects? |
//! | `simulated` | what must the simulator know about a kind of network? |
//! | `plan`, `fault` | what does a run begin with, and what goes wrong? |
//! | `peer`, `clock`, `mining` | what belongs to a peer besides its host? |
//! | `network`, `packet`, `queue` | which packets are under way, and to which peers? |
//! | `trace`, `summary`, `fingerprint`, `stuck` | how did the run go, and why did it fail? |
//! | `random`, `chance` | what is drawn from the seed? |
//! | `rounds`, `chain`, `assembly` | what belongs to each of the three kinds of networks? |

// A run fails once, and then tells all there is to know.
#![allow(clippy::result_large_err)]

pub mod assembly;
pub mod chain;
mod chance;
mod clock;
mod fault;
mod fingerprint;
pub mod host;
mod mining;
mod network;
mod packet;
mod peer;
mod plan;
mod queue;
pub mod random;
pub mod rounds;
mod simulated;
mod simulation;
mod stuck;
mod summary;
mod trace;

pub use althing_faults::{Byzantine, Conditions, Latency, Sending};
pub use clock::Skew;
pub use fault::{Fault, LastWills, Who};
pub use fingerprint::Fingerprint;
pub use plan::{Plan, Planned, RoleIn};
pub use simulated::{Checker, Simulated};
pub use simulation::Simulation;
pub use stuck::StuckIn;
pub use stuck::{Reason, Stuck};
pub use summary::{Counters, Names, Spread, Summary};
pub use trace::{Arrival, Life, Step, Trace, What, mermaid, svg};
