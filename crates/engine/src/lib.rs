//! The ways a group of peers agrees, without any input or output.
//!
//! An engine is a state machine: it is handed the time and an [`Input`](rounds::Input), and answers
//! with [`Output`](rounds::Output)s that its driver carries out in order. It has no clock, no
//! sockets, no files, no threads and no entropy of its own, so the same code runs over a real
//! broker, in the simulator and under a model checker.
//!
//! So far there is one engine, [`rounds`]: peers elect a leader, who issues challenges; all mine,
//! and vote on the solution that enters the table.

pub mod rounds;
