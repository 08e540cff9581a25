//! One piece of data in a block, whose meaning is the application's business.

use std::fmt;
use std::sync::Arc;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::merkle::{self, MerkleHash};

/// One piece of data in a block: the bytes exactly as they are hashed. Cheap to clone.
///
/// What they mean is the business of an [`Application`](crate::Application); how many there may be
/// is said by [`Limits`](crate::Limits). In networks whose entries are texts they are UTF-8.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry(Arc<Content>);

/// The bytes come first, so that entries are in their order.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Content {
    bytes: Box<[u8]>,
    leaf: MerkleHash,
}

impl Entry {
    /// Returns the entry with these bytes.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self(Arc::new(Content { leaf: merkle::leaf(&bytes), bytes }))
    }

    /// Returns the entry that is this text.
    pub fn text(text: &str) -> Self {
        Self::new(text.as_bytes())
    }

    /// Returns its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// Returns its hash as a leaf of a Merkle tree. A peer looks it up by this many times, from
    /// its arrival to its commit, so it is worked out once.
    pub fn leaf(&self) -> MerkleHash {
        self.0.leaf
    }

    /// Returns its text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        str::from_utf8(self.as_bytes()).ok()
    }
}

/// As bytes, which some formats copy as a whole.
impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.as_bytes())
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(Bytes)
    }
}

/// Takes bytes, or a sequence of numbers in formats that know no bytes.
struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes of an entry")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Entry, E> {
        Ok(Entry::new(bytes))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Entry, A::Error> {
        let mut bytes: Vec<u8> = Vec::new();
        while let Some(byte) = numbers.next_element()? {
            bytes.push(byte);
        }
        Ok(Entry::new(bytes))
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_text() {
            Some(text) => write!(f, "Entry({text:?})"),
            None => write!(f, "Entry({:02x?})", self.as_bytes()),
        }
    }
}
