//! The driver of a peer with a chain: to `engine::nakamoto` what [`Node`](crate::Node) is to
//! `engine::rounds`.
//!
//! | file | question |
//! | --- | --- |
//! | `driver` | what comes first, and what is done about it? |
//! | `identity` | who is it? |
//! | `mining` | how is a block searched for? |
//! | `submissions` | what has become of the entries that our user gave us? |
//! | `commands` | what can a user say to a running peer? |
//! | `report` | what is told of it? |

mod commands;
mod driver;
mod identity;
mod mining;
mod report;
mod submissions;

pub use self::commands::{Commands, Due, Overview, Submission};
pub use self::driver::{Node, Setup, Summary};
pub use self::identity::identify;
pub use self::report::{Happening, Report, Reporter};
pub use self::submissions::Submitted;
