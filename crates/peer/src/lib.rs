//! A peer of a network with a chain, for other programs: the functions of the page of the `cs60`
//! program, for its network (`cs60`) and our own (`open`).
//!
//! [`Peer::connect`] meets the network, [`add_data`](Peer::add_data) tries to get a datum into the
//! chain, [`get_data`](Peer::get_data) returns what the chain holds, and
//! [`disconnect`](Peer::disconnect) leaves. They block; the peer itself runs on threads of its own.
//! Which data are valid is said by the network, or by a [`Rule`] of the caller's own.
//!
//! ```
//! use althing_peer::{AddData, Options, Peer, Tracker};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let tracker = Tracker::start("127.0.0.1:0".parse()?)?;
//!     // As easy as it can be; the published program has three zeros.
//!     let options = || Options::cs60_of(0).at_tracker(tracker.address());
//!     let (ann, bob) = (Peer::connect(&options())?, Peer::connect(&options())?);
//!     let ballot = r#"{"voter": "bob", "choice": "yes"}"#;
//!     // Another peer may find a block first; then it is tried again.
//!     while bob.add_data(ballot)? == AddData::Retry {}
//!     // No voter votes twice.
//!     assert_eq!(ann.add_data(ballot)?.code(), -1);
//!     assert_eq!(ann.get_data()?, [ballot]);
//!     ann.disconnect()?;
//!     bob.disconnect()?;
//!     Ok(())
//! }
//! ```
//!
//! The command line begins its peers with the same parts: [`meeting`] and [`identity`].
//!
//! | file | question |
//! | --- | --- |
//! | `peer` | what can a program do with a peer? |
//! | `options` | which network does it take part in, and how? |
//! | `rule` | which data does the caller accept? |
//! | `tracker` | how is a tracker run? |
//! | `meeting` | how does a peer meet the others? |
//! | `identity` | who is the peer whose data are in a store? |

pub mod identity;
pub mod meeting;
mod options;
mod peer;
mod rule;
mod tracker;

pub use self::options::{Network, Options};
pub use self::peer::{AddData, ConnectError, Left, Peer};
pub use self::rule::Rule;
pub use self::tracker::{Tracker, TrackerError};
