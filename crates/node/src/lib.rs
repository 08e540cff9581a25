//! The driver of a peer: it holds the only clock, the only entropy, the only miner and the only
//! disk, and decides nothing.
//!
//! [`Node::run`] waits for whatever comes first: a message, a timer, a solution, a user's command,
//! or that it is to stop. It hands that to the engine and carries out the engine's outputs in their
//! order. What is to be durable is on disk before anything else leaves this process. There is one
//! driver for all engines; [`rounds::open`] and [`chain::open`] give it what differs.
//!
//! | file | question |
//! | --- | --- |
//! | `driver` | what comes first, and what is done about it? |
//! | `rounds`, `chain` | how is a peer of either kind of network made? |
//! | `identity` | who is it? |
//! | `commands` | what can a user ask of a running peer? |
//! | `submissions` | what has become of the entries that a user wants in the chain? |
//! | `observer` | who follows a peer step by step? |
//! | `refusals` | what if a stranger makes it tell too much? |
//! | `gauges` | how are numbers told that change all the time? |
//! | `swarm` | how do many peers run in one process? |
//! | `mining` | how is a solution searched for? |
//! | `timers`, `clock` | what time is it, and what is due? |
//! | `stratum/` | how do stock miners work for it? |

pub mod chain;
mod clock;
mod commands;
mod driver;
mod gauges;
mod identity;
mod mining;
mod observer;
mod refusals;
pub mod rounds;
pub mod stratum;
mod submissions;
mod swarm;
mod timers;

pub use self::clock::Clock;
pub use self::commands::{Commands, HasLeft, Status};
pub use self::driver::{Node, NodeError, Setup};
pub use self::gauges::Gauges;
pub use self::observer::Observer;
pub use self::submissions::{Submission, Submitted};
pub use self::swarm::Swarm;
pub use self::timers::Due;
