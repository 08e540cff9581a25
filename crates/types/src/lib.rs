//! The words all parts of Althing share: peers, transactions, terms, difficulties, seeds, moments.
//!
//! Each is a newtype with its bounds in its documentation, so that a number meant as one thing
//! cannot be used as another. Nothing here does input or output, knows the time, or allocates
//! more than its bound.

mod difficulty;
mod moment;
mod peer;
mod round;
mod seed;

pub use difficulty::{Difficulty, DifficultyOutOfRange};
pub use moment::Moment;
pub use peer::PeerId;
pub use round::{Term, Transaction};
pub use seed::{Seed, SeedTooLong};
