//! What goes wrong between peers, and within them: what becomes of messages on their way, and how a
//! peer can be dishonest.
//!
//! The simulator and a live network in one process do the same to their peers, since both take it
//! from here. Nothing here has a clock, a socket or entropy of its own: all that is left to chance
//! is drawn from a generator that the caller has seeded.
//!
//! ```
//! use althing_faults::Conditions;
//! use rand_chacha::ChaCha8Rng;
//! use rand_chacha::rand_core::SeedableRng;
//!
//! let conditions = Conditions { loss_percent: 100, ..Conditions::good() };
//! assert_eq!(conditions.copies(&mut ChaCha8Rng::seed_from_u64(1)), 0);
//! ```
//!
//! | file | question |
//! | --- | --- |
//! | `assembly` | how can a member of a charter be dishonest? |
//! | `byzantine` | what stands between the engine of a dishonest peer and its network? |
//! | `chance` | how is something drawn from a seed, the same on all machines? |
//! | `chain` | how can a peer of a network with a chain be dishonest? |
//! | `conditions` | what becomes of a message on its way? |
//! | `rounds` | how can a member of a network with rounds be dishonest? |
//! | `solving` | how does a dishonest peer find a solution? |

pub mod assembly;
mod byzantine;
pub mod chain;
pub mod chance;
mod conditions;
pub mod rounds;
mod solving;

pub use self::byzantine::{Byzantine, Sending, role_name, role_named};
pub use self::conditions::{Conditions, Latency, damage};
pub use self::solving::solution_from;
