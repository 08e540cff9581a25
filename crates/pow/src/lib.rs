//! Proof-of-work: what is hashed, which digests are wanted, and how to search for one as fast as
//! the processor can.
//!
//! [`Work`] is what all puzzles have in common: a hash function, a message with a place for a
//! nonce, and a goal. It numbers its candidates, so a search is a walk over a range of indexes.
//! [`search()`] runs on the calling thread, a [`Miner`] on several. Both return the solution with
//! the lowest index, so the result does not depend on the number of threads, on the [`Kernel`], or
//! on chance. A [`Puzzle`] decides which text solves a challenge in the networks that ask for zeros
//! in a digest, and returns the work of finding one; a [`SolutionCache`] keeps solutions that are
//! already known.
//!
//! **Terms.** A *candidate* is a nonce that might be a solution, its *index* its place in the order
//! of the search. A *message* is the bytes that are hashed for a candidate. A *chunk* is the run of
//! indexes that a thread takes at a time. A *kernel* is a way to hash many messages, a *lane* the
//! place of one of them in a vector. The last digits of a nonce, in which the lanes of a vector
//! differ, are the *lows*, and the digits before them the *high*.
//!
//! **What it does not do.** Nothing here reads a clock: for a hash rate, the caller divides
//! [`Miner::hashes`] by its own time, and lends [`Kernels::timed`] its clock.
//!
//! | file | question |
//! | --- | --- |
//! | `goal` | Which digests are wanted? |
//! | `hash` | What is a message hashed with? |
//! | `kernel` | Which ways to hash does this machine have? |
//! | `layout` | Where in the blocks are the digits of the nonce? |
//! | `miner` | How does a search run on several threads? |
//! | `nonce` | How is a nonce written? |
//! | `progress` | How far is a search, and is it to stop? |
//! | `puzzle` | What solves a challenge? |
//! | `search` | How is a range of candidates searched? |
//! | `solution_cache` | Which known solution solves a new challenge? |
//! | `work` | What is hashed, and where does the nonce go? |

mod goal;
mod hash;
mod kernel;
mod layout;
mod miner;
mod nonce;
mod progress;
mod puzzle;
mod search;
mod solution_cache;
mod work;

pub use goal::Goal;
pub use hash::{Digest, Hash};
pub use kernel::{Kernel, Kernels, NoSuchKernel};
pub use miner::{Miner, Parallelism};
pub use nonce::{Alphabet, Nonce};
pub use progress::Progress;
pub use puzzle::{
    BadTemplate, CandidateTemplate, Candidates, Need, Puzzle, PuzzleInput, SolutionBytes,
    SolutionKind, Surplus, Task, Unsearchable, Unsolved, Validity, Zeros,
};
pub use search::{Job, Outcome, search};
pub use solution_cache::SolutionCache;
pub use work::{HEADER_WITHOUT_NONCE, Template, Work};
