//! Stories of networks with a chain, whose peers meet over UDP.

mod aviary;
mod commands;
mod cs60;
pub(crate) mod harness;
mod open;
mod partition;
mod strangers;
mod stratum;
