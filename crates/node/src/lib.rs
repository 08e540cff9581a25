//! The driver of a peer: it holds the only clock, the only entropy, the only miner and the only
//! disk, and decides nothing.
//!
//! [`Node::run`] waits for whatever comes first: a message, a timer, a solution, a person's
//! command, or the word to stop. It hands that to the engine and carries out the engine's outputs
//! in their order. What is to be durable is on disk before anything that follows leaves this
//! process. Everything that happens is told to a [`Reporter`] as a [`Report`], and what a person
//! wants of the peer comes in through [`Commands`].
//!
//! [`chain`] has the same for networks with a chain, and [`stratum`] the sockets of their miners.

pub mod chain;
mod clock;
mod commands;
mod driver;
mod identity;
mod mining;
mod refusals;
mod report;
pub mod stratum;
mod timers;

pub use clock::Clock;
pub use commands::{Commands, HasLeft};
pub use driver::{Node, NodeError, Setup, Summary};
pub use report::{Gauges, Happening, Report, Reporter};
