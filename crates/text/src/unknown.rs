//! Names in a file of settings that do not exist, and what they probably stand for.

use std::fmt;

use strsim::osa_distance;

/// A name that is not one of those that there are, as an error of `serde` tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown<'a> {
    /// What it should be the name of: `key` or `value`.
    pub kind: &'static str,
    /// The name.
    pub given: &'a str,
    /// The names that there are.
    pub names: Vec<&'a str>,
}

impl<'a> Unknown<'a> {
    /// Returns what the message of an error says about a name, if it is about one.
    pub fn of(message: &'a str) -> Option<Self> {
        let kind = match message {
            text if text.starts_with("unknown field ") => "key",
            text if text.starts_with("unknown variant ") => "value",
            _ => return None,
        };
        let mut names = message.split('`').skip(1).step_by(2);
        let given = names.next().unwrap_or_default();
        Some(Self { kind, given, names: names.collect() })
    }

    /// Returns the name that was probably meant: one that differs in few letters.
    pub fn nearest(&self) -> Option<&'a str> {
        let given = self.given.to_lowercase();
        let distance = |name: &str| osa_distance(&name.to_lowercase(), &given);
        let nearest = self.names.iter().copied().min_by_key(|name| distance(name))?;
        let is_near = distance(nearest) <= 1 + given.len().max(nearest.len()) / 4;
        is_near.then_some(nearest)
    }
}

impl fmt::Display for Unknown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, given, names } = self;
        if let Some(name) = self.nearest() {
            return write!(f, "there is no {kind} {given:?}; did you mean {name:?}?");
        }
        let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
        write!(f, "there is no {kind} {given:?}, but {}", names.join(", "))
    }
}

/// Returns the line of a text in which a byte is, counted from one.
pub fn line_at(text: &str, byte: usize) -> usize {
    let before = text.as_bytes().get(..byte).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(message: &str) -> String {
        Unknown::of(message).expect("it is about a name").to_string()
    }

    #[test]
    fn a_wrong_name_is_told_with_the_nearest_or_with_all() {
        let near = said("unknown field `anounce`, expected `announce` or `burst`");
        assert_eq!(near, "there is no key \"anounce\"; did you mean \"announce\"?");
        let far = said("unknown variant `x`, expected one of `byzantine`, `crash`");
        assert_eq!(far, "there is no value \"x\", but \"byzantine\", \"crash\"");
        assert_eq!(Unknown::of("missing field `key`"), None);
    }

    #[test]
    fn a_line_is_counted_from_one() {
        assert_eq!([0, 1, 2, 99].map(|byte| line_at("a\nb\n", byte)), [1, 1, 2, 3]);
    }
}
