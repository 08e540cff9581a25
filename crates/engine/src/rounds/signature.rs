//! Signatures as engines see them: opaque bytes, made and checked by an
//! [`Authenticator`](super::Authenticator).

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A key that checks a peer's signatures; the dialect decides what is in it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PublicKey(pub Arc<[u8]>);

/// A peer's signature under a message, so that no other peer can impersonate it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Arc<[u8]>", into = "Arc<[u8]>")]
pub struct Signature {
    /// The signature itself.
    pub bytes: Arc<[u8]>,
    /// What it is over, if its sender wrote the message otherwise than we would: programs that sign
    /// a text check the text that they have read. It is not stored, and means nothing where a
    /// dialect writes each message in one way.
    pub over: Option<Arc<[u8]>>,
}

impl Signature {
    /// Returns a signature over a message as we would write it.
    pub fn new(bytes: Arc<[u8]>) -> Self {
        Self { bytes, over: None }
    }
}

impl From<Arc<[u8]>> for Signature {
    fn from(bytes: Arc<[u8]>) -> Self {
        Self::new(bytes)
    }
}

impl From<Signature> for Arc<[u8]> {
    fn from(signature: Signature) -> Self {
        signature.bytes
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} bytes)", self.0.len())
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({} bytes)", self.bytes.len())
    }
}
