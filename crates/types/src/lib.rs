//! The basic types that all parts of Althing share: peers and their keys, transactions, terms,
//! difficulties, seeds, moments; the heights, hashes, times and work of blocks.
//!
//! Each is a newtype with its bounds in its documentation, so that a number with one meaning
//! cannot be used for another. Nothing here does input or output, reads a clock, or allocates more
//! than its bound.
//!
//! | file | question |
//! | --- | --- |
//! | `address` | Where can a peer be reached? |
//! | `block_hash` | Which block is it? |
//! | `channel` | Where do bytes go to, or come from? |
//! | `difficulty` | How hard is a challenge? |
//! | `height` | How far from the genesis is a block? |
//! | `moment` | When did it happen? |
//! | `peer` | Which peer is it? |
//! | `peer_key` | Who has signed it? |
//! | `round` | Which row is it, and which leadership? |
//! | `seed` | What solves a challenge? |
//! | `unix_time` | Which time does a block claim? |
//! | `uuid` | How is a number written as a UUID? |
//! | `view` | Which attempt to add a block is it? |
//! | `work` | How much work is in a chain? |

mod address;
mod block_hash;
mod channel;
mod difficulty;
mod height;
mod moment;
mod peer;
mod peer_key;
mod round;
mod seed;
mod unix_time;
mod uuid;
mod view;
mod work;

pub use address::{Address, NotAHost, NotAnAddress};
pub use block_hash::{BlockHash, NotABlockHash};
pub use channel::Channel;
pub use difficulty::{Difficulty, DifficultyOutOfRange};
pub use height::Height;
pub use moment::Moment;
pub use peer::{NotAnId, PeerId};
pub use peer_key::PeerKey;
pub use round::{Term, Transaction};
pub use seed::{Seed, SeedTooLong};
pub use unix_time::UnixTime;
pub use uuid::{NotAUuid, Uuid};
pub use view::View;
pub use work::Work;
