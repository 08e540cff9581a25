//! The ways to tell what happens: lines for people, lines of JSON for scripts, tables.
//!
//! | file | question |
//! | --- | --- |
//! | `errors` | how is standard error written, without waiting for its reader? |
//! | `printer` | how do the records of a feed become lines on standard output? |
//! | `recent` | which rows has a run decided last? |
//! | `sink` | what becomes of lines that cannot be written? |
//! | `table` | how is a table written? |

pub(crate) mod errors;
mod printer;
pub(crate) mod recent;
mod sink;
pub(crate) mod table;

use std::io::{self, IsTerminal};

use althing_text::terminal::escaped;

pub(crate) use self::printer::{Aside, Lines, Printer};

/// Prints an error with its causes, as one sentence each.
pub(crate) fn complain(error: &anyhow::Error) {
    let mut causes: Vec<String> = Vec::new();
    for cause in error.chain().map(ToString::to_string) {
        // Many errors name their cause themselves.
        if !causes.iter().any(|told| told.contains(&cause)) {
            causes.push(cause);
        }
    }
    let causes = causes.join(": ");
    tell("error", &format!("{}.", causes.trim_end_matches('.')));
}

/// Returns whether an error is only that nobody reads any more, as behind `| head`.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// Options that do not fit together, or a value that makes no sense with others: the exit code is
/// that of an unknown option.
#[derive(Debug)]
pub(crate) struct Misuse(pub(crate) String);

impl std::fmt::Display for Misuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misuse {}

/// What was to be added is in a block, but in one that no other peer has as far as is known.
#[derive(Debug)]
pub(crate) struct OnlyHere(pub(crate) String);

impl std::fmt::Display for OnlyHere {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OnlyHere {}

/// As `anyhow::bail`, with a [`Misuse`].
macro_rules! misuse {
    ($($text:tt)*) => {
        return Err($crate::output::Misuse(format!($($text)*)).into())
    };
}

/// As `anyhow::ensure`, with a [`Misuse`].
macro_rules! demand {
    ($condition:expr, $($text:tt)*) => {
        if !$condition {
            $crate::output::misuse!($($text)*);
        }
    };
}

pub(crate) use {demand, misuse};

/// Returns whether a person watches `stream` on a terminal that can do more than add lines.
pub(crate) fn is_live(stream: &impl IsTerminal) -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    stream.is_terminal() && !is_dumb
}

/// Returns whether the user wants no colours: <https://no-color.org>.
pub(crate) fn is_plain() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Prints a warning for a person.
pub(crate) fn warn(text: &str) {
    tell("warning", text);
}

/// Tells a person what goes on.
pub(crate) fn note(text: &str) {
    tell("note", text);
}

/// Others may have chosen the words: a broker its reason, a file its name.
fn tell(kind: &str, text: &str) {
    let lines: Vec<_> = text.lines().map(escaped).collect();
    errors::write(format!("{kind}: {}\n", lines.join("\n")).into_bytes());
}
