//! The payload of an entry of this application: one line of text.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use althing_types::Height;

/// Bytes that the name of a lease may have.
pub const NAME_BYTES_MAX: usize = 64;

/// The name of a lease: letters and digits of ASCII, and `.`, `_`, `-`, `/` between them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseName(Arc<str>);

/// A text that no lease can have as its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the name of a lease has 1 to {NAME_BYTES_MAX} of a-z, A-Z, 0-9, and . _ - / after the first"
)]
pub struct NotALeaseName;

/// A number that only grows: each holder of a lease has a greater one than all before it, of any
/// lease of the chain. What a holder writes to carries it, and refuses a smaller one than it has
/// seen: it *fences off* a holder that is late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FencingToken(pub u64);

/// What an author says about a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// It wants to hold a lease that is free.
    Acquire {
        /// The name of the lease.
        name: LeaseName,
        /// How long it holds from then on, and from each renewal on; in whole milliseconds.
        ttl: Duration,
        /// The height of the last block in which this counts, so that one that came too late does
        /// not take the lease when it is free again.
        until: Height,
    },
    /// It holds a lease, and wants to hold it for another time to live.
    Renew {
        /// The name of the lease.
        name: LeaseName,
        /// Its token.
        token: FencingToken,
        /// Which renewal this is; greater than that of the last one. Some may be left out.
        renewal: u64,
    },
    /// It holds a lease, and does not want it any more.
    Release {
        /// The name of the lease.
        name: LeaseName,
        /// Its token.
        token: FencingToken,
    },
    /// It has seen no further renewal for the whole time to live, by its own clock.
    Lapse {
        /// The name of the lease.
        name: LeaseName,
        /// The token of its holder.
        token: FencingToken,
        /// The last renewal that it saw; zero for none.
        renewal: u64,
    },
}

impl LeaseName {
    /// Returns it as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LeaseName {
    type Err = NotALeaseName;

    fn from_str(text: &str) -> Result<Self, NotALeaseName> {
        let is_later = |it: u8| it.is_ascii_alphanumeric() || b"._-/".contains(&it);
        let is_name = text.len() <= NAME_BYTES_MAX
            && text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
            && text.bytes().all(is_later);
        if is_name { Ok(Self(text.into())) } else { Err(NotALeaseName) }
    }
}

impl fmt::Display for LeaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for LeaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl fmt::Display for FencingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Statement {
    /// Returns the lease that it is about.
    pub fn name(&self) -> &LeaseName {
        match self {
            Self::Acquire { name, .. }
            | Self::Renew { name, .. }
            | Self::Release { name, .. }
            | Self::Lapse { name, .. } => name,
        }
    }

    /// Returns what a payload says, if it is one of these in its one form.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let text = str::from_utf8(payload).ok()?;
        let words: Vec<&str> = text.split(' ').collect();
        let token = |word: &str| Some(FencingToken(word.parse().ok()?));
        let statement = match *words.as_slice() {
            ["acquire", name, ttl, until] => Self::Acquire {
                name: name.parse().ok()?,
                ttl: Duration::from_millis(ttl.parse().ok()?),
                until: Height::new(until.parse().ok()?),
            },
            ["renew", name, held, renewal] => Self::Renew {
                name: name.parse().ok()?,
                token: token(held)?,
                renewal: renewal.parse().ok()?,
            },
            ["release", name, held] => {
                Self::Release { name: name.parse().ok()?, token: token(held)? }
            }
            ["lapse", name, held, renewal] => Self::Lapse {
                name: name.parse().ok()?,
                token: token(held)?,
                renewal: renewal.parse().ok()?,
            },
            _ => return None,
        };
        // A number can be written in several ways, as in 07 or +7.
        (statement.to_string() == text).then_some(statement)
    }
}

/// The payload.
impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acquire { name, ttl, until } => {
                write!(f, "acquire {name} {} {}", ttl.as_millis(), until.number())
            }
            Self::Renew { name, token, renewal } => write!(f, "renew {name} {token} {renewal}"),
            Self::Release { name, token } => write!(f, "release {name} {token}"),
            Self::Lapse { name, token, renewal } => write!(f, "lapse {name} {token} {renewal}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_has_one_form() {
        for text in ["acquire a/b-1 600 17", "renew db 7 3", "release db 7", "lapse db 7 0"] {
            let read = Statement::read(text.as_bytes()).expect(text);
            assert_eq!(read.to_string(), text);
        }
        let wrong = [
            "",
            "acquire db 600",
            "acquire  db 600 1",
            "renew db 07 3",
            "renew db +7 3",
            "renew db 7 3 ",
            "release db",
            "release db -1",
            "lapse db 7 18446744073709551616",
            "grab db 7",
        ];
        for text in wrong {
            assert_eq!(Statement::read(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(Statement::read(b"release \xff 7"), None);
    }

    #[test]
    fn a_name_fits_into_a_path_and_a_line() {
        for text in ["a", "billing/primary", "shard-07_b.2", &"x".repeat(NAME_BYTES_MAX)] {
            assert!(text.parse::<LeaseName>().is_ok(), "{text}");
        }
        for text in ["", "-a", "/a", "a b", "a\n", "ä", &"x".repeat(NAME_BYTES_MAX + 1)] {
            assert_eq!(text.parse::<LeaseName>(), Err(NotALeaseName), "{text:?}");
        }
    }
}
