//! Who leads in which term (rules E1 to E6).
//!
//! | file | question |
//! | --- | --- |
//! | `draw` | which term is this, and what have the members drawn for it? |
//! | `promise` | which leader does each member follow, and who leads? |
//! | `tally` | what is the result of all draws and promises? |

mod draw;
mod promise;
mod tally;

pub(in crate::rounds::paxos) use self::tally::Election;
