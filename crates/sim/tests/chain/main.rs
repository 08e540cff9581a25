//! Stories of networks with a chain: whatever befalls them, all honest peers end on the best one.

mod asert;
mod aviary;
mod common;
mod cs60;
mod determinism;
mod open;
mod random;
