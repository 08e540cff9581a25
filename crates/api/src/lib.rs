//! The HTTP API of a running peer: what can be asked and answered, and a client that asks.
//!
//! The types are plain data with a JSON Schema. The crate `http` serves them, at the socket in a
//! peer's directory and at an address of the user's choice, and generates `docs/openapi.json` from
//! them. What happens is told in the records of the crate `feed`.
//!
//! | file | question |
//! | --- | --- |
//! | `node` | what runs in this process, and what can it be asked? |
//! | `status` | how are things with a peer? |
//! | `page` | how is a long list answered? |
//! | `chain` | what is in a chain, and how does something get into it? |
//! | `proof` | what shows that a row was decided, or that an entry is in a block? |
//! | `health` | does it work, and what is to be done if not? |
//! | `demo` | what can be done to a network in one process? |
//! | `problem` | how is a request refused? |
//! | `client` | how is a peer asked? |
//! | `path` | how is a socket reached, if its path is long? |

mod chain;
mod client;
mod demo;
mod health;
mod node;
mod page;
mod path;
mod problem;
mod proof;
mod status;

pub use self::chain::{
    Ballot, Block, Broken, Charter, Choice, Edit, Effect, Entry, NewEntry, Submitted, Tally,
};
pub use self::client::{Client, ClientError, Events, Hook};
pub use self::demo::{Action, Demo, DemoPeer, Done, Fault, Pace, PeerState, Strategy};
pub use self::health::{Health, Trouble};
pub use self::node::{Abilities, Mode, Node};
pub use self::page::{LIMIT_DEFAULT, LIMIT_MAX, Page};
pub use self::path::{PathError, SOCKET, ShortPath};
pub use self::problem::{Code, Problem};
pub use self::proof::{Certificate, EntryProof, Evidence, MemberKey, SignedVote};
pub use self::status::{
    AssemblyStatus, ChainStatus, Contradiction, Due, EngineStatus, PeerStatus, Peers, RoundsStatus,
    Waits,
};
