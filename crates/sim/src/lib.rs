//! A whole network in virtual time under one seed: faults, and a checker that watches every step.
//!
//! A [`Simulation`] holds some peers, each an engine with a disk of its own, and a queue of what
//! happens when. Messages cross the network as the bytes of a dialect; each delivery draws its
//! delay, its loss and its duplication from the one seed, and so does everything else that is left
//! to chance. The same seed gives the same run to the byte, and so a failure can be replayed for
//! ever.
//!
//! After each step the [`Checker`] looks at what was recorded: one row per transaction, on all
//! peers and for ever, with the votes it needs behind it.
//!
//! What it does not do: run brokers, or know how long a real machine takes. Mining is a random
//! process of a given hash rate, whose answers are real.

mod checker;
mod disk;
mod faults;
mod peer;
mod simulation;

pub use checker::{Checker, Violation};
pub use disk::Disk;
pub use faults::Faults;
pub use simulation::{Plan, Simulation, Stuck};
