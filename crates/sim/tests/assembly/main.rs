//! Members of a charter without a network: what one of them does, and what a few do together.

mod common;
mod flood;
mod leading;
mod lives;
mod refusals;
mod stalls;
