//! The charter of an assembly: who its members are, and what they have agreed on (rules L1, L2).
//!
//! A charter is a document that its members read and sign before there is a network: its name, the
//! members and their keys, how many of them may fail and in which way, how fast and how hard blocks
//! are, and what entries mean. The hash of its canonical bytes is the *chain id*, which each
//! signature covers; so two charters that differ in anything are two networks that have nothing to
//! say to each other.
//!
//! | file | question |
//! | --- | --- |
//! | `document` | how does a person read and write it? |
//! | `canonical` | which bytes are hashed? |
//! | `problem` | what can be wrong with it? |
//! | `quorum` | how many members decide, and who leads a view? |
//! | this one | what does it contain, and who has signed it? |

mod canonical;
mod document;
mod problem;
mod quorum;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use althing_text::Name;
use althing_types::{BlockHash, PeerId, PeerKey, UnixTime};
use ed25519_dalek::{Signer, SigningKey};
use serde::{Deserialize, Serialize};

pub use self::document::NotACharter;
pub use self::problem::CharterProblem;
pub use self::quorum::draw;
use crate::signature::{Claim, Signature, are_authentic};

/// Members that a charter may have. Each view costs every one of them a few messages of every
/// other one.
pub const MEMBERS_MAX: usize = 128;

/// Bits that a block may have to have at most: more than all computers find.
pub const DIFFICULTY_BITS_MAX: u8 = 100;

/// What the members of an assembly have agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charter {
    /// The name of the network, for people.
    pub network: Name,
    /// When it was founded: the time of the genesis, and no block is older.
    pub founded: UnixTime,
    /// In which way members may fail.
    pub faults: FaultModel,
    /// The time between two blocks while there is nothing to add; where blocks are mined, the time
    /// that one should take.
    pub block_time: Duration,
    /// The least and the most bits that a block must have; `0..=0` where no member mines.
    pub difficulty: RangeInclusive<u8>,
    /// The applications whose entries are kept, by name, each once.
    pub applications: Vec<ApplicationSettings>,
    /// The members, in the order by which they are numbered.
    pub members: Vec<Member>,
    /// The signatures under it so far. They are no part of what is hashed.
    pub signatures: BTreeMap<MemberIndex, Signature>,
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// What the others call it.
    pub name: Name,
    /// Its Ed25519 key.
    pub key: PeerKey,
}

/// Which member of a charter, counted from zero.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MemberIndex(pub u16);

/// One application, and what its users have chosen for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationSettings {
    /// What entries call it.
    pub name: Box<str>,
    /// What can be chosen in it, and what was. The application itself says what makes sense.
    pub settings: BTreeMap<Box<str>, Setting>,
}

/// A value that was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Setting {
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(Box<str>),
}

/// In which way members may fail (rule L2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultModel {
    /// Fewer than a third may do anything at all.
    #[default]
    Byzantine,
    /// Fewer than half may stop, and start again with what is on their disks.
    Crash,
}

/// What identifies the chain of an assembly: the hash of its charter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChainId([u8; 32]);

impl ChainId {
    /// Returns the id with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns it as what the signatures of entries cover, where other chains have the hash of
    /// their genesis.
    pub const fn for_entries(&self) -> BlockHash {
        BlockHash::from_bytes(self.0)
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChainId({self})")
    }
}

impl fmt::Display for MemberIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Member {
    /// Returns the [id](id_of_key) by which buses and their last wills know it.
    pub fn id(&self) -> PeerId {
        id_of_key(&self.key)
    }
}

/// Returns the id of the peer that signs with a key, member or not: the first half of the key.
pub fn id_of_key(key: &PeerKey) -> PeerId {
    let (half, _) = key.as_bytes().split_first_chunk().expect("32 bytes are more");
    PeerId::new(u128::from_be_bytes(*half))
}

/// What stands before the chain id that a member signs.
const SIGNATURE_DOMAIN: &[u8] = b"althing charter signature 1\n";

impl Charter {
    /// Returns the member with this index.
    pub fn member(&self, index: MemberIndex) -> Option<&Member> {
        self.members.get(usize::from(index.0))
    }

    /// Returns all members with their indexes.
    pub fn members(&self) -> impl Iterator<Item = (MemberIndex, &Member)> {
        (0..).map(MemberIndex).zip(&self.members)
    }

    /// Returns which member has a key.
    pub fn index_of(&self, key: &PeerKey) -> Option<MemberIndex> {
        self.members().find(|(_, member)| member.key == *key).map(|(index, _)| index)
    }

    /// Returns whether blocks must be mined.
    pub fn is_mined(&self) -> bool {
        *self.difficulty.end() > 0
    }

    /// Adds the signature of the member with this key. Returns which member that is, or `None` if
    /// no member has the key.
    pub fn sign(&mut self, key: &SigningKey) -> Option<MemberIndex> {
        let index = self.index_of(&PeerKey::from_bytes(key.verifying_key().to_bytes()))?;
        let signature = Signature::from_bytes(key.sign(&self.signed_bytes()).to_bytes());
        self.signatures.insert(index, signature);
        Some(index)
    }

    /// Returns the members that have not signed yet.
    pub fn unsigned(&self) -> impl Iterator<Item = (MemberIndex, &Member)> {
        self.members().filter(|(index, _)| !self.signatures.contains_key(index))
    }

    fn signed_bytes(&self) -> Vec<u8> {
        [SIGNATURE_DOMAIN, self.chain_id().as_bytes()].concat()
    }

    /// Returns whether a signature under it is that of this member.
    fn is_signed_by(&self, index: MemberIndex, signature: &Signature) -> bool {
        let message = self.signed_bytes();
        self.member(index).is_some_and(|member| {
            let claim = Claim { key: member.key, signature: *signature, message: &message };
            are_authentic(&[claim])
        })
    }
}
