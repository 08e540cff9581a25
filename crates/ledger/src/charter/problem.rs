//! What can be wrong with a charter.

use std::collections::BTreeMap;
use std::time::Duration;

use althing_text::Name;
use althing_types::PeerKey;

use super::{Charter, DIFFICULTY_BITS_MAX, MEMBERS_MAX};
use crate::ed25519::is_key;

/// Why a charter is not one that members can keep to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CharterProblem {
    /// There are no members.
    #[error("there is no [[member]]; an assembly has at least one")]
    NoMembers,
    /// There are too many.
    #[error("{found} members are more than {MEMBERS_MAX}")]
    TooManyMembers {
        /// How many there are.
        found: usize,
    },
    /// Two members have one name.
    #[error("two members are called {0}")]
    NameTwice(Name),
    /// Two members have one key.
    #[error("{first} and {second} have the same key")]
    KeyTwice {
        /// One of them.
        first: Name,
        /// The other one.
        second: Name,
    },
    /// A key with which nothing can be signed, or anyone could sign.
    #[error("the key of {member} is no Ed25519 key: {key}")]
    KeyInvalid {
        /// Whose key it should be.
        member: Name,
        /// The key.
        key: PeerKey,
    },
    /// The block time is out of range.
    #[error("block-time-ms: {found:?} is not between {least:?} and {most:?}")]
    BlockTime {
        /// The block time.
        found: Duration,
        /// The least that it may be.
        least: Duration,
        /// The most.
        most: Duration,
    },
    /// The block time of a chain that is mined is not in whole seconds.
    #[error("block-time-ms: {0:?}; where blocks are mined it has whole seconds, as their times do")]
    BlockTimeNotWhole(Duration),
    /// The limits of the difficulty are no range.
    #[error("difficulty: least = {least} and most = {most} are no range up to {max}")]
    Difficulty {
        /// The lower limit.
        least: u8,
        /// The upper limit.
        most: u8,
        /// The most bits that there may be.
        max: u8,
    },
    /// There is no application.
    #[error("there is no [[application]]; an assembly keeps at least one kind of entries")]
    NoApplications,
    /// An application comes twice.
    #[error("the application {0:?} comes twice")]
    ApplicationTwice(Box<str>),
    /// A signature is not the member's.
    #[error("the signature of {0} is not under this charter; did it change after they signed?")]
    SignatureWrong(Name),
    /// Members have not signed yet.
    #[error("not signed yet by {}", .0.join(", "))]
    Unsigned(Vec<String>),
}

/// The block times that a charter may have.
const BLOCK_TIME: [Duration; 2] = [Duration::from_millis(10), Duration::from_hours(1)];

impl Charter {
    /// Returns what is wrong with the charter, whoever has signed it; the first thing there is.
    pub fn check(&self) -> Result<(), CharterProblem> {
        let count = self.members.len();
        match count {
            0 => return Err(CharterProblem::NoMembers),
            found if found > MEMBERS_MAX => return Err(CharterProblem::TooManyMembers { found }),
            _ => self.check_members()?,
        }
        let (found, [least, most]) = (self.block_time, BLOCK_TIME);
        if !(least..=most).contains(&found) {
            return Err(CharterProblem::BlockTime { found, least, most });
        }
        if self.is_mined() && found.subsec_nanos() != 0 {
            return Err(CharterProblem::BlockTimeNotWhole(found));
        }
        let (least, most, max) =
            (*self.difficulty.start(), *self.difficulty.end(), DIFFICULTY_BITS_MAX);
        if least > most || most > max {
            return Err(CharterProblem::Difficulty { least, most, max });
        }
        self.check_applications()?;
        self.signatures.iter().try_for_each(|(index, signature)| {
            match self.is_signed_by(*index, signature) {
                true => Ok(()),
                false => {
                    let name = self.member(*index).map_or_else(unnamed, |it| it.name.clone());
                    Err(CharterProblem::SignatureWrong(name))
                }
            }
        })
    }

    /// Returns what is wrong with the charter, or who has not signed it: only one without a fault
    /// names a network.
    pub fn check_complete(&self) -> Result<(), CharterProblem> {
        self.check()?;
        let missing: Vec<String> =
            self.unsigned().map(|(_, member)| member.name.to_string()).collect();
        if missing.is_empty() { Ok(()) } else { Err(CharterProblem::Unsigned(missing)) }
    }

    fn check_members(&self) -> Result<(), CharterProblem> {
        let mut names = BTreeMap::new();
        let mut keys = BTreeMap::new();
        for member in &self.members {
            let name = &member.name;
            if names.insert(name, ()).is_some() {
                return Err(CharterProblem::NameTwice(name.clone()));
            }
            if let Some(first) = keys.insert(member.key, name) {
                let (first, second) = (Name::clone(first), name.clone());
                return Err(CharterProblem::KeyTwice { first, second });
            }
            if !is_key(member.key.as_bytes()) {
                return Err(CharterProblem::KeyInvalid { member: name.clone(), key: member.key });
            }
        }
        Ok(())
    }

    fn check_applications(&self) -> Result<(), CharterProblem> {
        let mut names = BTreeMap::new();
        for application in &self.applications {
            if names.insert(&application.name, ()).is_some() {
                return Err(CharterProblem::ApplicationTwice(application.name.clone()));
            }
        }
        if names.is_empty() { Err(CharterProblem::NoApplications) } else { Ok(()) }
    }
}

fn unnamed() -> Name {
    "a stranger".parse().expect("it is a name")
}
