//! The ways a group of peers agrees, without any input or output.
//!
//! An engine is a state machine: it is handed the time and an input, and answers with outputs that
//! its driver carries out in order. It has no clock, no sockets, no files, no threads and no
//! entropy of its own, so the same code runs over a real broker, in the simulator and under a model
//! checker.
//!
//! There are two engines. In [`rounds`], peers elect a leader, who issues challenges; all mine, and
//! vote on the solution that enters the table. In [`nakamoto`] there is no leader and nobody votes:
//! whoever finds a block tells the others, and the chain with the most work counts.

pub mod nakamoto;
pub mod rounds;
