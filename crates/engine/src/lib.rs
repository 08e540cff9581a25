//! The protocols by which a group of peers agrees, without any input or output.
//!
//! An engine is a state machine: it is given the time and an input, and returns outputs that its
//! driver carries out in order. It has no clock, no sockets, no files, no threads and no entropy of
//! its own, so the same code runs over a real broker, in the simulator and under a model checker.
//!
//! There are three engines. In [`rounds`], peers elect a leader, which issues challenges; all peers
//! mine, and vote on the solution that enters the table. In [`nakamoto`] there are no leaders and
//! no votes: a peer that finds a block announces it, and the chain with the most work counts. In
//! [`simplex`] the members of a charter vote on one block after the other, and what is committed
//! stays, even if some of them lie.
//!
//! | file | question |
//! | --- | --- |
//! | `contract` | what is an engine to those that run it? |
//! | `durable` | what does a restart find? |
//! | `ground` | what is a refusal, for scripts? |
//! | `overhearing` | which peers of other networks are here, and when is that told? |
//! | `rounds` | how do members with a leader agree? |
//! | `nakamoto` | how do peers with a chain agree? |
//! | `simplex` | how do the members of a charter agree? |
//! | `liveness` | which peers have fallen silent? |

mod contract;
mod durable;
mod ground;
mod liveness;
pub mod nakamoto;
mod overhearing;
pub mod rounds;
pub mod simplex;

pub use contract::{
    Engine, Input, Origin, OtherNetwork, Output, Overheard, ProofOfWork, Queue, Recipient, SearchId,
};
pub use durable::{Change, Durable, Gap, Recovered, State, Undecodable};
pub use ground::Ground;
