use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::message::Message;

/// A key that checks a peer's seals; what is in it is the dialect's business.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PublicKey(pub Arc<[u8]>);

/// A peer's signature under a message, so that nobody can speak in its name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seal(pub Arc<[u8]>);

/// Signs a peer's own messages and checks those of others. Pure: the same message has the same
/// seal each time.
pub trait Authenticator: Send + Sync {
    /// Returns the key that checks our seals, or `None` if we do not sign.
    fn public_key(&self) -> Option<PublicKey>;

    /// Returns our seal under `message`, or `None` if we do not sign.
    fn seal(&self, message: &Message) -> Option<Seal>;

    /// Returns whether `seal` is under `message` and was made by the owner of `key`.
    fn is_authentic(&self, message: &Message, seal: &Seal, key: &PublicKey) -> bool;
}

/// For networks without signatures: seals nothing, and knows no seal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unsigned;

impl Authenticator for Unsigned {
    fn public_key(&self) -> Option<PublicKey> {
        None
    }

    fn seal(&self, _: &Message) -> Option<Seal> {
        None
    }

    fn is_authentic(&self, _: &Message, _: &Seal, _: &PublicKey) -> bool {
        false
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} bytes)", self.0.len())
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seal({} bytes)", self.0.len())
    }
}
