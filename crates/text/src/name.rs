//! What a peer is called by the person that runs it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::look_alike::unseen;

/// The name of a peer: at least one character and at most [`Self::LENGTH_MAX`] that can be seen,
/// with single spaces between words.
///
/// It is a hint for people. Any peer may take any name, and only ids tell peers apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Arc<str>);

/// Why a text is not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAName {
    /// It is empty.
    #[error("a name has at least one character")]
    Empty,
    /// It is too long.
    #[error("{length} characters are more than the {} that a name may have", Name::LENGTH_MAX)]
    TooLong {
        /// How many characters it has.
        length: usize,
    },
    /// It has a character that cannot be seen, or moves what is around it.
    #[error("{0:?} cannot be seen, so it is in no name")]
    Unseen(char),
    /// It has spaces where they cannot be seen.
    #[error("a name has no space at its ends, and one between two words")]
    Spaces,
}

impl Name {
    /// The most characters that a name has.
    pub const LENGTH_MAX: usize = 32;

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        // No more is looked at than a name can have.
        let length = text.chars().take(4 * Self::LENGTH_MAX).count();
        if length > Self::LENGTH_MAX {
            return Err(NotAName::TooLong { length });
        }
        if text.is_empty() {
            return Err(NotAName::Empty);
        }
        match unseen(text) {
            Some(space) if space.is_whitespace() && !space.is_control() => Err(NotAName::Spaces),
            Some(unseen) => Err(NotAName::Unseen(unseen)),
            None if text.split(char::is_whitespace).any(str::is_empty) => Err(NotAName::Spaces),
            None => Ok(Self(text.into())),
        }
    }
}

impl TryFrom<String> for Name {
    type Error = NotAName;

    fn try_from(text: String) -> Result<Self, NotAName> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(Name(text): Name) -> Self {
        text.as_ref().to_owned()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_can_be_seen() {
        for name in
            ["ann", "Zo\u{eb} 2", "\u{41f}\u{451}\u{442}\u{440}", "a \"b\"", &"x".repeat(32)]
        {
            assert_eq!(name.parse::<Name>().map(String::from), Ok(name.to_owned()));
        }
        for (text, fault) in [
            ("", NotAName::Empty),
            (&"x".repeat(33), NotAName::TooLong { length: 33 }),
            ("ann\n", NotAName::Unseen('\n')),
            ("a\u{1b}[2J", NotAName::Unseen('\u{1b}')),
            ("a\u{202e}nn", NotAName::Unseen('\u{202e}')),
            ("an\u{200d}n", NotAName::Unseen('\u{200d}')),
            (" ann", NotAName::Spaces),
            ("ann\u{a0}", NotAName::Spaces),
            ("ann  lee", NotAName::Spaces),
            (" ", NotAName::Spaces),
        ] {
            assert_eq!(text.parse::<Name>(), Err(fault), "{text:?}");
        }
    }

    #[test]
    fn a_name_is_a_text_in_json_and_no_other_text_is_read_as_one() {
        let ann: Name = "ann".parse().expect("it is a name");
        assert_eq!(serde_json::to_string(&ann).expect("it is a text"), r#""ann""#);
        assert_eq!(serde_json::from_str::<Name>(r#""ann""#).expect("it is a name"), ann);
        assert!(serde_json::from_str::<Name>(r#""\u001b[2J""#).is_err());
        assert!(serde_json::from_str::<Name>(&format!("{:?}", "x".repeat(1 << 20))).is_err());
    }
}
