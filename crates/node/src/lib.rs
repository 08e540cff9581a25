//! The driver of a peer: it holds the only clock, the only entropy, the only miner and the only
//! disk, and decides nothing.
//!
//! [`Node::run`] waits for the next input: a message, a timer, a solution, a user's command, or the
//! request to stop. It hands it to the engine and carries out the engine's outputs in their order.
//! Writes are on disk before any other output leaves this process, but for those that the engine
//! knows to be on the disks of others. There is one driver for all engines; [`rounds::open`],
//! [`chain::open`] and [`assembly::open`] give it the parts that differ.
//!
//! | file | question |
//! | --- | --- |
//! | `driver` | which input is next, and how are its outputs carried out? |
//! | `rounds`, `chain`, `assembly` | how is a peer of each kind of network made? |
//! | `identity` | which name and secret does it have? |
//! | `commands` | what can a user ask a running peer to do? |
//! | `leases` | who holds which lease of an assembly, and which of them have lapsed? |
//! | `submissions` | what has become of the entries that a user wants in the chain? |
//! | `observer` | how can code in this process follow a peer step by step? |
//! | `limit` | how is a flood kept out of the events? |
//! | `gauges` | how are numbers reported that change all the time? |
//! | `air` | what goes wrong between the peers of one process? |
//! | `plug` | how does a user break a network in one process, and mend it? |
//! | `pacing` | how does a network go at a pace that people can follow? |
//! | `swarm` | how do many peers run in one process? |
//! | `mining` | how is a solution searched for? |
//! | `kernels` | how are hashes computed the fastest here? |
//! | `timers`, `clock` | what time is it, and which timer is due? |
//! | `watch` | what is known of the peers by one that only watches? |
//! | `stratum` | how do stock miners work for it? |

mod air;
pub mod assembly;
pub mod chain;
mod clock;
mod commands;
mod driver;
mod gauges;
mod identity;
mod kernels;
pub mod leases;
mod limit;
mod mining;
mod observer;
mod pacing;
pub mod plug;
pub mod rounds;
pub mod stratum;
mod submissions;
mod swarm;
mod timers;
mod watch;

pub use self::air::Air;
pub use self::clock::Clock;
pub use self::commands::{Commands, HasLeft, Status};
pub use self::driver::{Node, NodeError, Setup};
pub use self::gauges::Gauges;
pub use self::kernels::{kernels, processor_time};
pub use self::observer::Observer;
pub use self::pacing::Pacing;
pub use self::submissions::{Submission, Submitted};
pub use self::swarm::Swarm;
pub use self::timers::Due;
pub use self::watch::{Broken, Heard, Watch, Words};
