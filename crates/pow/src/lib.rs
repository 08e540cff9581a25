//! Proof-of-work: what is hashed, which digests are wanted, and how to search for one as fast as
//! the processor can.
//!
//! [`Work`] is what all puzzles have in common: a hash, a message with a place for a nonce, and a
//! goal. It numbers its candidates, so that looking for a solution is walking a range of indexes.
//! [`search()`] walks on the calling thread, a [`Miner`] on several; both give the solution with
//! the lowest index, so the answer does not depend on the number of threads, on the [`Kernel`], or
//! on chance. A [`Puzzle`] says which text solves a challenge in the networks where that is all
//! there is to know, and what work it is to find one; [`Answers`] remembers what solved them.
//!
//! **Words.** A *candidate* is a nonce that might be a solution, its *index* its place in the order
//! of the search. A *message* is the bytes that are hashed for a candidate. A *chunk* is the run of
//! indexes that a thread takes at a time. A *kernel* is a way to hash many messages, a *lane* the
//! place of one of them in a vector. The last digits of a nonce, in which the lanes of a vector
//! differ, are the *lows*, and the digits before them the *high*.
//!
//! **What it does not do.** Nothing here knows the time: whoever wants a rate divides
//! [`Miner::hashes`] by a clock of their own.

mod answers;
mod goal;
mod hash;
mod kernel;
mod layout;
mod miner;
mod nonce;
mod progress;
mod puzzle;
mod search;
mod work;

pub use answers::Answers;
pub use goal::Goal;
pub use hash::{Digest, Hash};
pub use kernel::{Kernel, NoSuchKernel};
pub use miner::{Effort, Miner};
pub use nonce::Nonce;
pub use progress::Progress;
pub use puzzle::{Puzzle, Unsolved};
pub use search::{Job, Outcome, search};
pub use work::{HEADER_WITHOUT_NONCE, Template, Work};
