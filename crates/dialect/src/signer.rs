//! Signs the bytes that a message is on the wire, with the scheme of its network.

use std::marker::PhantomData;
use std::sync::Arc;

use althing_engine::rounds::{Authenticator, Message, PublicKey, Signature};

/// How bytes are signed: a secret key, and the rules by which others check what it signs.
pub(crate) trait Scheme: Send + Sync {
    /// Returns the signature under `bytes`, unless the key cannot sign them.
    fn sign(&self, bytes: &[u8]) -> Option<Vec<u8>>;

    /// Returns whether `signature` is under `bytes`, and of the owner of `key`.
    fn is_signed(bytes: &[u8], signature: &[u8], key: &[u8]) -> bool;
}

/// Signs messages by the bytes that a network signs of them.
pub(crate) struct Signer<S, F> {
    scheme: S,
    key: PublicKey,
    signed_bytes: F,
}

impl<S, F> Signer<S, F> {
    /// Returns what signs with `scheme`, whose signatures `key` checks. `signed_bytes` gives the
    /// bytes that a signature of a message is over, if it is one that is signed.
    pub(crate) fn new(scheme: S, key: &[u8], signed_bytes: F) -> Self {
        Self { scheme, key: PublicKey(key.into()), signed_bytes }
    }
}

impl<S, F> Authenticator for Signer<S, F>
where
    S: Scheme,
    F: Fn(&Message) -> Option<Vec<u8>> + Send + Sync,
{
    fn public_key(&self) -> Option<PublicKey> {
        Some(self.key.clone())
    }

    fn signature(&self, message: &Message) -> Option<Signature> {
        let signature = self.scheme.sign(&(self.signed_bytes)(message)?)?;
        Some(Signature::new(Arc::from(signature)))
    }

    fn is_authentic(&self, message: &Message, signature: &Signature, key: &PublicKey) -> bool {
        is_authentic::<S>((self.signed_bytes)(message), signature, key)
    }
}

/// Checks what the peers of a network have signed, and signs nothing itself.
pub(crate) struct Verifier<S, F> {
    signed_bytes: F,
    scheme: PhantomData<fn() -> S>,
}

impl<S, F> Verifier<S, F> {
    /// Returns what checks signatures of the scheme `S` over the bytes that `signed_bytes` gives.
    pub(crate) fn new(signed_bytes: F) -> Self {
        Self { signed_bytes, scheme: PhantomData }
    }
}

impl<S, F> Authenticator for Verifier<S, F>
where
    S: Scheme,
    F: Fn(&Message) -> Option<Vec<u8>> + Send + Sync,
{
    fn public_key(&self) -> Option<PublicKey> {
        None
    }

    fn signature(&self, _: &Message) -> Option<Signature> {
        None
    }

    fn is_authentic(&self, message: &Message, signature: &Signature, key: &PublicKey) -> bool {
        is_authentic::<S>((self.signed_bytes)(message), signature, key)
    }
}

/// Returns whether `signature` was made with `key` over the bytes of a message, if it has such.
fn is_authentic<S: Scheme>(usual: Option<Vec<u8>>, signature: &Signature, key: &PublicKey) -> bool {
    let Some(usual) = usual else { return false };
    let bytes = signature.over.as_deref().unwrap_or(&usual);
    S::is_signed(bytes, &signature.bytes, &key.0)
}
