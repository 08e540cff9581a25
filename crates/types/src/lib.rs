//! The words all parts of Althing share: peers and their keys, transactions, terms, difficulties,
//! seeds, moments; blocks' heights, hashes, times and work.
//!
//! Each is a newtype with its bounds in its documentation, so that a number meant as one thing
//! cannot be used as another. Nothing here does input or output, knows the time, or allocates
//! more than its bound.

mod address;
mod block_hash;
mod difficulty;
mod height;
mod moment;
mod peer;
mod peer_key;
mod round;
mod seed;
mod unix_time;
mod work;

pub use address::{Address, NotAHost, NotAnAddress};
pub use block_hash::{BlockHash, NotABlockHash};
pub use difficulty::{Difficulty, DifficultyOutOfRange};
pub use height::Height;
pub use moment::Moment;
pub use peer::PeerId;
pub use peer_key::PeerKey;
pub use round::{Term, Transaction};
pub use seed::{Seed, SeedTooLong};
pub use unix_time::UnixTime;
pub use work::Work;
