//! One peer of a network with a chain, and what the others tell it.

mod bans;
mod by_height;
mod common;
mod customs;
mod fairness;
mod headers_first;
mod joining;
mod meeting;
mod mining;
mod own;
mod restart;
mod status;
mod strangers;
mod wall_clock;
mod watching;
mod whole_chain;
