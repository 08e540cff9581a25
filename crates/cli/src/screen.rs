//! The demo's one live screen: who is here, who leads, the challenge, the votes, the table.
//!
//! What it shows is an [`althing_board::Board`]. [`draw::draw`] paints one, and [`Terminal`] is the
//! part that touches the machine.

mod draw;
mod format;
mod terminal;

#[cfg(test)]
mod tests;

pub(crate) use self::terminal::Terminal;
