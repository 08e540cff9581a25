//! Serves the HTTP API of the peers in a process: at the socket in a peer's directory, at which
//! only the user who runs the peer may ask, and at an address of the user's choice.
//!
//! [`Process`] is what is served: the feed, the peers as they come and go, and in a demo what can
//! be done to it. A caller never holds up a peer: requests go to its task one by one, lists
//! are read from its store beside it, and events come from the feed.
//!
//! | file | question |
//! | --- | --- |
//! | `page` | how is the page served that shows what happens? |
//! | `process` | what is served? |
//! | `asked` | what does a peer answer? |
//! | `certificate` | what proves a row to others? |
//! | `demo` | what can be done to a network in one process? |
//! | `events` | how is followed what happens? |
//! | `endpoints` | what can be asked at which path? |
//! | `handlers` | what is done with each request? |
//! | `health` | does the process work, and how well? |
//! | `metrics` | what is counted? |
//! | `notify` | who elsewhere is told of what matters? |
//! | `openapi` | how is that described for programs? |
//! | `reader` | how is that description shown to people? |
//! | `request` | how is a request read, and a problem answered? |
//! | `access` | who may ask? |
//! | `right` | what may someone do? |
//! | `router` | how does a request find its endpoint? |
//! | `callers` | how many connections may a caller have, and how often may it ask? |
//! | `patient` | how long may a caller take nothing of its answer? |
//! | `serve` | how many can ask at a time, and for how long? |
//! | `socket` | how is it served in a peer's directory? |
//! | `streams` | what do the readers of events share? |
//! | `tcp` | how is it served at an address? |
//! | `tls` | how is that kept from being read on the way? |
//! | `tokens` | who may ask from other machines? |

mod access;
mod asked;
mod callers;
mod certificate;
mod demo;
mod endpoints;
mod events;
mod handlers;
mod health;
mod metrics;
mod notify;
mod openapi;
mod page;
mod patient;
mod process;
mod reader;
mod request;
mod right;
mod router;
mod serve;
mod socket;
mod streams;
mod tcp;
mod tls;
mod tokens;

pub use self::asked::{Asked, as_told, commit_proof, entry_as_told};
pub use self::callers::{CONNECTIONS_OF_ONE_MAX, REQUESTS_PER_SECOND, REQUESTS_PER_SECOND_HERE};
pub use self::certificate::certificate;
pub use self::demo::{Control, Doing, Refusal};
pub use self::notify::Notifier;
pub use self::openapi::document;
pub use self::process::{About, Process};
pub use self::request::{BODY_BYTES_MAX, REQUEST_TIME};
pub use self::right::Right;
pub use self::serve::{CONNECTIONS_MAX, HEADER_BYTES_MAX};
pub use self::socket::{CALLERS_MAX, Socket, SocketError};
pub use self::streams::STREAMS_MAX;
pub use self::tcp::{Http, HttpError, Serving};
pub use self::tls::{Certificate, CertificateError};
pub use self::tokens::{TOKENS_MAX, Token, Tokens, TokensError};
