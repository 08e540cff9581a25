//! The demo's one live screen: who is here, who leads and why, the challenge, the solutions, the
//! votes, the table; or the chain; or the members of an assembly and their blocks.
//!
//! What it shows is an [`althing_board::Board`], the [`althing_board::ChainBoard`] of a network
//! with a chain, or an [`althing_board::AssemblyBoard`]. [`draw::draw`] paints one, and
//! [`Terminal`] is the part that touches the machine.
//!
//! | file | question |
//! | --- | --- |
//! | `controls` | what do the keys do? |
//! | `draw` | what is painted where? |
//! | `format` | how are numbers and times written? |
//! | `terminal` | how is the terminal set up and put back? |
//! | `tests` | how does it look, and what can break it? |

mod controls;
mod draw;
mod format;
mod terminal;

#[cfg(test)]
mod tests;

pub(crate) use self::controls::{Controls, Key};
pub(crate) use self::draw::Shown;
pub(crate) use self::terminal::Terminal;
