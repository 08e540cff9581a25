//! The demo's one live screen: who is here, who leads, the challenge, the votes, the table.
//!
//! What it shows is an [`althing_board::Board`]. [`draw::draw`] paints one, and [`Terminal`] is the
//! part that touches the machine.
//!
//! | file | question |
//! | --- | --- |
//! | `draw` | what is painted where? |
//! | `format` | how are numbers and times written? |
//! | `terminal` | how is the terminal set up and put back? |
//! | `tests` | how does it look, and what can break it? |

mod draw;
mod format;
mod terminal;

#[cfg(test)]
mod tests;

pub(crate) use self::terminal::Terminal;
