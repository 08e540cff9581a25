//! Networks with a chain: peers at addresses, who send each other datagrams.
//!
//! A [`Simulation`] of this module is to networks with a chain what
//! [`Simulation`](crate::Simulation) is to those with rounds: virtual time under one seed, bytes of
//! a dialect between the peers, and checks after every step. Here a message goes from one address
//! to another, so there is no broker; a network whose peers meet by a tracker gets one.
//!
//! ```
//! use std::time::Duration;
//!
//! use althing_dialect::aviary::{Aviary, Config};
//! use althing_ledger::HexDigits;
//! use althing_sim::chain::{Plan, Simulation};
//!
//! let difficulty = HexDigits::new(2).expect("at most 64");
//! let aviary = Aviary::new(Config { difficulty, ..Config::default() });
//! let mut net = Simulation::new(Plan::new(7, 10), Box::new(aviary));
//! net.run_for(Duration::from_secs(300))?;
//! net.partition(0..4);
//! net.run_for(Duration::from_secs(300))?;
//! net.mend();
//! net.run_until_one_chain(Duration::from_secs(600))?;
//! # Ok::<(), althing_sim::chain::Failure>(())
//! ```
//!
//! # What may not happen
//! A chain with less work than a peer had before, a hole in what it has on disk, a block on disk
//! that is invalid, a queue beyond its bound. The first of these ends the run with a [`Failure`].

mod failure;
mod faults;
mod peer;
mod plan;
mod queue;
mod run;
mod simulation;

pub use self::failure::{Failure, Reason};
pub use self::peer::Lie;
pub use self::plan::{Plan, numbered_ballot, numbered_word};
pub use self::simulation::Simulation;
