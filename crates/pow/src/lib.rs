//! Proof-of-work puzzles: what solves one, and how to search for it.
//!
//! A [`Puzzle`] says which text solves a challenge of some difficulty; it numbers its candidates,
//! so that looking for a solution is walking a range of indexes. [`search()`] walks on the
//! calling thread, a [`Miner`] on several; both give the solution with the lowest index, so the
//! answer does not depend on the number of threads or on chance.
//!
//! **Words.** A *candidate* is a text that might solve a challenge, its *index* its place in the
//! order of the search. A *message* is the bytes that are hashed for a candidate. A *chunk* is the
//! run of indexes that a thread takes at a time.
//!
//! **What it does not do.** Nothing of a round, a peer or an earlier answer enters the hash: that
//! is how the three networks define their puzzles, so one table of answers would solve every
//! round. And nothing here knows the time: whoever wants a rate divides [`Miner::hashes`] by a
//! clock of their own.

mod kernel;
mod message;
mod miner;
mod progress;
mod puzzle;
mod search;
mod target;

pub use miner::Miner;
pub use progress::Progress;
pub use puzzle::{Puzzle, Unsolved};
pub use search::{Job, Outcome, search};
