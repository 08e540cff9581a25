//! Networks with a chain: under any faults, all honest peers end on the best one.

mod amplification;
mod asert;
mod aviary;
mod common;
mod cs60;
mod determinism;
mod faults;
mod fixed_seeds;
mod open;
mod programs;
