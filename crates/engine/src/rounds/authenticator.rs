//! Signs messages and checks signatures; each dialect has its own implementation.

use super::message::Message;
use super::signature::{PublicKey, Signature};

/// Signs a peer's own messages and checks those of others. Deterministic: the same message has the
/// same signature each time.
pub trait Authenticator: Send + Sync {
    /// Returns the key that checks our signatures, or `None` if we do not sign.
    fn public_key(&self) -> Option<PublicKey>;

    /// Returns whether peers of this network sign such a message: some programs sign only a few.
    fn covers(&self, _: &Message) -> bool {
        true
    }

    /// Returns our signature under `message`, or `None` if we do not sign.
    fn signature(&self, message: &Message) -> Option<Signature>;

    /// Returns whether `signature` is under `message` and was made by the owner of `key`.
    fn is_authentic(&self, message: &Message, signature: &Signature, key: &PublicKey) -> bool;
}

/// For networks without signatures: signs nothing, and accepts no signature.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unsigned;

impl Authenticator for Unsigned {
    fn public_key(&self) -> Option<PublicKey> {
        None
    }

    fn signature(&self, _: &Message) -> Option<Signature> {
        None
    }

    fn is_authentic(&self, _: &Message, _: &Signature, _: &PublicKey) -> bool {
        false
    }
}
