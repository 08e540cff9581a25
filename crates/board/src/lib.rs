//! What a screen shows of a network with rounds, folded from the events of peers: who is here, who
//! leads, the challenge, the votes, the table.
//!
//! [`Board`] is pure: it has no clock and no terminal, so all that it can come to is tested without
//! either, and a web page can show it as well as a terminal.
//!
//! Many peers tell of one fact. The first to do so counts, and the board says nothing of who it
//! was. Whatever comes from others (topics, reasons) is escaped before it is kept, and everything
//! that is kept has a named bound.
//!
//! | file | question |
//! | --- | --- |
//! | `board` | What is known of the network? |
//! | `peers` | Who is here? |
//! | `round` | Where is a round, and how was it decided? |
//! | `hash_rate` | How fast do peers hash? |
//! | `pace` | How fast are rounds decided? |
//! | `text` | How are ids and strangers' texts shown? |

mod board;
mod hash_rate;
mod pace;
mod peers;
mod round;
mod text;

pub use self::board::{Board, Finish, Leader, ROWS_MAX, TEXT_MAX};
pub use self::hash_rate::HashRates;
pub use self::peers::{PEERS_MAX, Peer, Peers};
pub use self::round::{Challenge, Phase, Round, Row};
pub use self::text::{harmless, short_id};
