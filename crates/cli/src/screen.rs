//! The demo's one live screen: who is here, who leads, the challenge, the votes, the table.
//!
//! [`Board`] is what the screen shows, folded from the reports of all peers of this process. It is
//! pure: it has no clock and no terminal, so all that it can come to is tested without either.
//! [`draw::draw`] paints a board, and [`Terminal`] is the part that touches the machine.
//!
//! Many peers tell of one fact. The first to do so counts, and the board says nothing of who it
//! was. Whatever comes from others (seeds, topics, reasons) is escaped before it is kept or shown,
//! and everything that is kept has a named bound.

mod board;
mod draw;
mod format;
mod hash_rate;
mod pace;
mod peers;
mod round;
mod terminal;

#[cfg(test)]
mod tests;

pub(crate) use self::board::Board;
pub(crate) use self::terminal::Terminal;
