//! The file of tokens: who may do what beyond this machine.
//!
//! A token is 256 random bits that are shown once. The file has only its hash, so that a
//! reader of the file can do nothing with it; a token that cannot be guessed needs no slow hash.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use althing_feed::wall_clock;
use althing_text::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::right::Right;

/// How long a change of the file may go unnoticed by a server.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The most tokens that a file may have.
pub const TOKENS_MAX: usize = 1000;

/// What every token begins with, by which it is recognised where it should not be.
const PREFIX: &str = "althing_";

/// The tokens in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    tokens: Vec<Token>,
}

/// A token, without the token itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// What it is called, so that it can be revoked.
    pub name: String,
    /// What its holder may do.
    pub rights: Right,
    /// When it was made: RFC 3339 in UTC.
    pub made: String,
    /// The SHA-256 of the token, in hexadecimal digits.
    hash: String,
}

/// Why a file of tokens cannot be used, or not as was asked.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// It cannot be read or written.
    #[error("the tokens in {} cannot be used: {error}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// It is no file of tokens.
    #[error(
        "{} is no file of tokens: {error}; althing token new writes one",
        file.display()
    )]
    Malformed {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// A token of that name is there.
    #[error("there is a token {name:?} already; revoke it first, or use another --name")]
    Taken {
        /// The name.
        name: String,
    },
    /// No token of that name is there.
    #[error("there is no token {name:?}; althing token list shows those that are there")]
    Unknown {
        /// The name.
        name: String,
    },
    /// There are too many.
    #[error("there are {TOKENS_MAX} tokens already; revoke some of them first")]
    Full,
}

impl Tokens {
    /// Reads the tokens in a file.
    pub fn read(file: &Path) -> Result<Self, TokensError> {
        let failed = |error| TokensError::Io { file: file.to_owned(), error };
        let text = fs::read(file).map_err(failed)?;
        serde_json::from_slice(&text)
            .map_err(|error| TokensError::Malformed { file: file.to_owned(), error })
    }

    /// Reads the tokens in a file, or none if it does not exist.
    fn read_if_there(file: &Path) -> Result<Self, TokensError> {
        match Self::read(file) {
            Err(TokensError::Io { error, .. }) if error.kind() == ErrorKind::NotFound => {
                Ok(Self::default())
            }
            read => read,
        }
    }

    /// Changes the tokens in a file, or begins one. Others who do so meanwhile wait.
    pub fn change<T>(
        file: &Path,
        change: impl FnOnce(&mut Self) -> Result<T, TokensError>,
    ) -> Result<T, TokensError> {
        Self::change_what_is(Self::read_if_there, file, change)
    }

    /// Changes the tokens in a file that there is, as [`Tokens::change`].
    pub fn change_there<T>(
        file: &Path,
        change: impl FnOnce(&mut Self) -> Result<T, TokensError>,
    ) -> Result<T, TokensError> {
        Self::change_what_is(Self::read, file, change)
    }

    fn change_what_is<T>(
        read: impl FnOnce(&Path) -> Result<Self, TokensError>,
        file: &Path,
        change: impl FnOnce(&mut Self) -> Result<T, TokensError>,
    ) -> Result<T, TokensError> {
        // The directory, since the file is replaced.
        let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty());
        let lock = || {
            let dir = File::open(dir.unwrap_or(Path::new(".")))?;
            dir.lock()?;
            Ok(dir)
        };
        let _locked = lock().map_err(|error| TokensError::Io { file: file.to_owned(), error })?;
        let mut tokens = read(file)?;
        let changed = change(&mut tokens)?;
        tokens.write(file)?;
        Ok(changed)
    }

    /// Writes them to a file for its owner alone, all or nothing.
    fn write(&self, file: &Path) -> Result<(), TokensError> {
        let failed = |error| TokensError::Io { file: file.to_owned(), error };
        let draft = file.with_added_extension("new");
        let write = || {
            // What is there was left by a process that was killed, or is another's.
            match fs::remove_file(&draft) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut options = OpenOptions::new();
            let mut out = options.write(true).create_new(true).mode(0o600).open(&draft)?;
            serde_json::to_writer_pretty(&mut out, self)?;
            writeln!(out)?;
            out.sync_all()?;
            fs::rename(&draft, file)
        };
        write().map_err(failed).inspect_err(|_| {
            // It is of no use, and may not even be there.
            let _ = fs::remove_file(&draft);
        })
    }

    /// Adds a new token, and returns it: it is nowhere else. Without a name it gets a number.
    pub fn add(&mut self, name: Option<&str>, rights: Right) -> Result<String, TokensError> {
        let is_there = |name: &str| self.tokens.iter().any(|token| token.name == name);
        let name = match name {
            Some(name) if is_there(name) => {
                return Err(TokensError::Taken { name: name.to_owned() });
            }
            Some(name) => name.to_owned(),
            None => (1..)
                .map(|number: u32| format!("token-{number}"))
                .find(|name| !is_there(name))
                .expect("one of so many numbers is free"),
        };
        if self.tokens.len() >= TOKENS_MAX {
            return Err(TokensError::Full);
        }
        let secret = format!("{PREFIX}{}", hex::encode(&rand::random::<[u8; 32]>()));
        self.tokens.push(Token { name, rights, made: wall_clock(), hash: hash(&secret) });
        Ok(secret)
    }

    /// Removes the token of this name.
    pub fn revoke(&mut self, name: &str) -> Result<(), TokensError> {
        let place = self.tokens.iter().position(|token| token.name == name);
        let place = place.ok_or_else(|| TokensError::Unknown { name: name.to_owned() })?;
        self.tokens.remove(place);
        Ok(())
    }

    /// Returns the tokens, in the order in which they were made.
    pub fn iter(&self) -> impl Iterator<Item = &Token> {
        self.tokens.iter()
    }

    fn rights(&self) -> BTreeMap<String, Right> {
        self.tokens.iter().map(|token| (token.hash.clone(), token.rights)).collect()
    }
}

fn hash(secret: &str) -> String {
    hex::encode(&Sha256::digest(secret.as_bytes()))
}

/// The tokens of a running server, which follows changes of their file.
#[derive(Debug)]
pub(crate) struct Guarded {
    file: PathBuf,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    /// What the holder of each token may do, by the hash of the token.
    rights: BTreeMap<String, Right>,
    /// The file that they were read from; missing if there was none.
    version: Option<Version>,
    looked: Instant,
}

impl Guarded {
    pub(crate) fn open(file: &Path) -> Result<Self, TokensError> {
        let version = Version::of(file);
        let rights = Tokens::read(file)?.rights();
        let known = Mutex::new(Known { rights, version, looked: Instant::now() });
        Ok(Self { file: file.to_owned(), known })
    }

    /// Returns a token that someone has shown, and what its holder may do; `None` if there is no
    /// such token.
    pub(crate) fn shown(self: &Arc<Self>, secret: &str) -> Option<(Right, Shown)> {
        let shown = Shown { tokens: Arc::clone(self), hash: hash(secret) };
        Some((shown.right()?, shown))
    }

    /// Returns what the holder of the token with a hash may do now.
    fn right(&self, hash: &str) -> Option<Right> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.looked.elapsed() >= LOOK_EVERY {
            known.looked = Instant::now();
            let version = Version::of(&self.file);
            if version != known.version {
                known.version = version;
                // A file that is gone or damaged has no tokens: what was revoked must not count.
                known.rights = Tokens::read(&self.file)
                    .inspect_err(|error| tracing::warn!(%error, "no token counts any more"))
                    .map(|tokens| tokens.rights())
                    .unwrap_or_default();
            }
        }
        known.rights.get(hash).copied()
    }

    /// Looks at the file at the next request.
    #[cfg(test)]
    fn look_soon(&self) {
        let mut known = self.known.lock().expect("no panic");
        known.looked = Instant::now().checked_sub(LOOK_EVERY).expect("the clock is older");
    }
}

/// A token that someone has shown, and may no longer count.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    tokens: Arc<Guarded>,
    hash: String,
}

impl Shown {
    /// Returns what its holder may do now; `None` once it was revoked.
    pub(crate) fn right(&self) -> Option<Right> {
        self.tokens.right(&self.hash)
    }
}

/// What differs if a file was replaced or written. The time at which it was written is not enough:
/// that is kept when a file is copied or put back, and two writes may have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    place: (u64, u64),
    length: u64,
    changed: (i64, i64),
}

impl Version {
    fn of(file: &Path) -> Option<Self> {
        let metadata = fs::metadata(file).ok()?;
        Some(Self {
            place: (metadata.dev(), metadata.ino()),
            length: metadata.len(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_token_counts_until_it_is_revoked_and_the_file_does_not_have_it() {
        let dir = tempfile::tempdir().expect("there is room");
        let file = dir.path().join("tokens.json");
        let add = |name, right| Tokens::change(&file, |tokens| tokens.add(name, right));
        let ann = add(Some("ann"), Right::Submit).expect("the name is free");
        let other = add(None, Right::Read).expect("there is room");
        let mode = fs::metadata(&file).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = fs::read_to_string(&file).expect("it is there");
        assert!(!text.contains(&ann) && !text.contains(&ann[PREFIX.len()..]), "{text}");

        let guarded = Arc::new(Guarded::open(&file).expect("it was just written"));
        let right = |secret: &str| Some(guarded.shown(secret)?.0);
        assert_eq!(right(&ann), Some(Right::Submit));
        assert_eq!(right(&other), Some(Right::Read));
        assert_eq!([right("althing_"), right("")], [None; 2]);
        let (_, shown) = guarded.shown(&ann).expect("it counts");

        // Also if the file seems to be as old as before.
        let written = || File::open(&file).and_then(|file| file.metadata()?.modified());
        let before = written().expect("it is there");
        Tokens::change_there(&file, |tokens| tokens.revoke("ann")).expect("it is there");
        let set = |file: File| file.set_modified(before);
        OpenOptions::new().write(true).open(&file).and_then(set).expect("it is ours");
        guarded.look_soon();
        assert_eq!([right(&ann), shown.right()], [None; 2], "also who has shown it before");
        assert_eq!(right(&other), Some(Right::Read));
        fs::remove_file(&file).expect("it is there");
        guarded.look_soon();
        assert_eq!(right(&other), None, "without the file no token counts");
    }

    #[test]
    fn of_several_who_change_a_file_at_once_each_has_its_change() {
        let dir = tempfile::tempdir().expect("there is room");
        let file = dir.path().join("tokens.json");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..8 {
                        let added = Tokens::change(&file, |tokens| tokens.add(None, Right::Read));
                        added.expect("there is room");
                    }
                });
            }
        });
        assert_eq!(Tokens::read(&file).expect("it is there").iter().count(), 64);
        let missing = dir.path().join("missing.json");
        let refused = Tokens::change_there(&missing, |tokens| tokens.revoke("ann"));
        assert!(matches!(refused, Err(TokensError::Io { .. })) && !missing.exists());
    }

    #[test]
    fn what_another_has_put_where_the_draft_is_written_is_not_used() {
        let dir = tempfile::tempdir().expect("there is room");
        let (file, other) = (dir.path().join("tokens.json"), dir.path().join("other"));
        fs::write(&other, "mine").expect("there is room");
        std::os::unix::fs::symlink(&other, dir.path().join("tokens.json.new")).expect("a link");
        Tokens::change(&file, |tokens| tokens.add(None, Right::Read)).expect("there is room");
        assert_eq!(fs::read_to_string(&other).expect("it is there"), "mine");
        let metadata = fs::symlink_metadata(&file).expect("it is there");
        assert!(metadata.is_file() && metadata.permissions().mode() & 0o777 == 0o600);
    }

    #[test]
    fn names_are_given_once_and_what_is_wrong_is_said() {
        let mut tokens = Tokens::default();
        tokens.add(Some("token-1"), Right::Read).expect("the name is free");
        tokens.add(None, Right::Control).expect("there is room");
        let names: Vec<&str> = tokens.iter().map(|token| token.name.as_str()).collect();
        assert_eq!(names, ["token-1", "token-2"]);
        let taken = tokens.add(Some("token-2"), Right::Read);
        assert!(matches!(taken, Err(TokensError::Taken { .. })));
        assert!(matches!(tokens.revoke("ann"), Err(TokensError::Unknown { .. })));
        let dir = tempfile::tempdir().expect("there is room");
        let file = dir.path().join("tokens.json");
        fs::write(&file, "[]").expect("there is room");
        let error = Tokens::read(&file).expect_err("it is no file of tokens").to_string();
        assert!(error.contains("althing token new"), "{error}");
        for _ in 2..TOKENS_MAX {
            tokens.add(None, Right::Read).expect("there is room");
        }
        assert!(matches!(tokens.add(None, Right::Read), Err(TokensError::Full)));
    }
}
