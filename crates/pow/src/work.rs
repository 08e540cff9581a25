//! Something to hash with one nonce after another.

use crate::goal::Goal;
use crate::hash::{Digest, Hash};
use crate::nonce::Nonce;

/// Something to hash with one nonce after the other until a digest meets the goal.
///
/// This is what all puzzles have in common: a hash function, a message with a place for a nonce,
/// and a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// The hash function.
    pub hash: Hash,
    /// The message.
    pub template: Template,
    /// The digests that are wanted.
    pub goal: Goal,
}

/// A message with a place for a nonce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The bytes before the nonce.
    pub prefix: Box<[u8]>,
    /// How the nonce is written.
    pub nonce: Nonce,
    /// The bytes after the nonce.
    pub suffix: Box<[u8]>,
}

/// The length of a Bitcoin header before its nonce, which is the last four of its eighty bytes.
pub const HEADER_WITHOUT_NONCE: usize = 76;

impl Work {
    /// Returns the work on a header in Bitcoin's format: the double SHA-256 must be no more than
    /// `limit`, as [`Goal::AtMost`] says.
    pub fn header(before_nonce: &[u8; HEADER_WITHOUT_NONCE], limit: [u8; 32]) -> Self {
        let template = Template::new(&before_nonce[..], Nonce::LittleEndian, []);
        Self { hash: Hash::DoubleSha256, template, goal: Goal::AtMost(limit) }
    }

    /// Returns how many candidates there are: the valid indexes are those below.
    pub const fn candidates(&self) -> u64 {
        self.template.nonce.candidates()
    }

    /// Returns the digest of the candidate at `index`.
    pub fn digest(&self, index: u64) -> Digest {
        self.hash.digest(&self.template.message(index))
    }

    /// Returns whether the candidate at `index` is a solution.
    pub fn is_solved_by(&self, index: u64) -> bool {
        self.goal.is_met_by(&self.digest(index))
    }
}

impl Template {
    /// Returns a message with the nonce between two byte strings.
    pub fn new(prefix: impl Into<Box<[u8]>>, nonce: Nonce, suffix: impl Into<Box<[u8]>>) -> Self {
        Self { prefix: prefix.into(), nonce, suffix: suffix.into() }
    }

    /// Returns a message that consists only of the nonce.
    pub fn bare(nonce: Nonce) -> Self {
        Self::new([], nonce, [])
    }

    /// Returns the message of the candidate at `index`.
    pub fn message(&self, index: u64) -> Vec<u8> {
        [&self.prefix[..], &self.nonce.bytes(index), &self.suffix].concat()
    }
}
