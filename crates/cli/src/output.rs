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
use std::time::{Duration, UNIX_EPOCH};

use althing_text::terminal::escaped;
use althing_types::UnixTime;

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
    let kind = |cause: &(dyn std::error::Error + 'static)| {
        let of_output = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        // It does not name the error of the output as its cause.
        let of_json = || cause.downcast_ref::<serde_json::Error>()?.io_error_kind();
        of_output.or_else(of_json)
    };
    error.chain().filter_map(kind).any(|kind| kind == io::ErrorKind::BrokenPipe)
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

/// What was run has ended: so do we, with its exit code.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code, which is not 0.
    pub(crate) code: u8,
    /// What is to be said of it, if the program that has ended has not.
    pub(crate) reason: Option<String>,
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.reason {
            Some(reason) => f.write_str(reason),
            None => write!(f, "what was run has ended with code {}", self.code),
        }
    }
}

impl std::error::Error for Ended {}

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

/// Returns a time that a block states, in UTC.
pub(crate) fn time_text(time: UnixTime) -> String {
    // Blocks of our own have times up to the year 2106; what an API says may be anything.
    let seconds = time.seconds().min(u32::MAX.into());
    let time = UNIX_EPOCH + Duration::from_secs(seconds);
    humantime::format_rfc3339_seconds(time).to_string()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_who_has_left_is_recognised_whatever_is_written() {
        let (reader, mut writer) = io::pipe().expect("there are pipes");
        drop(reader);
        let text = io::Write::write_all(&mut writer, b"text").expect_err("there is no reader");
        let json = serde_json::to_writer(&mut writer, &[1, 2]).expect_err("there is no reader");
        assert!(is_broken_pipe(&text.into()) && is_broken_pipe(&json.into()));
        let other = serde_json::from_str::<u8>("no").expect_err("it is no number");
        assert!(!is_broken_pipe(&other.into()));
    }
}
