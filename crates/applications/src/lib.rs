//! What the entries of a chain mean.
//!
//! Each application is a pure fold over the entries of the best chain: it decides which entries may
//! come next, and what they result in. It knows nothing of forks or peers; the ledger hands it the
//! entries in their order, and goes back to a snapshot when the chain is reorganised.
//!
//! | file | question |
//! | --- | --- |
//! | `ballots` | who has voted for what? (`cs60`) |
//! | `leases` | which member holds which lock, and until when? |
//! | `look_alikes` | which ballots have names that look like others? |
//! | `notes` | is this a note? (`open`) |
//! | `router` | which application does an entry belong to, if a chain has several? |

mod ballots;
pub mod leases;
mod look_alikes;
pub mod notes;
mod router;

pub use ballots::{Answer, Ballots};
pub use leases::Leases;
pub use look_alikes::{Doubt, Known};
pub use notes::Notes;
pub use router::Router;
