//! The sockets of miners that speak Stratum: what they say goes to `althing_stratum`, what that
//! answers goes to them, and the blocks that they find go to the peer.
//!
//! | file | question |
//! | --- | --- |
//! | `server` | which miners are connected, and which work do they get? |
//! | `connection` | how do lines get in and out? |

mod connection;
mod server;

pub use self::connection::{MESSAGES_MAX, WRITING_TIME};
pub use self::server::{Setup, StartError, Stratum};
