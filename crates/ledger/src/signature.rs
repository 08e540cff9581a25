//! Signatures, one or many at a time.

use std::fmt;

use althing_types::PeerKey;
use ed25519_dalek::{Signer, SigningKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ed25519;

/// An Ed25519 signature; nothing about it has been checked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature([u8; 64]);

/// What a signature is said to be: that of the owner of a key, under a message.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The key of the signer.
    pub key: PeerKey,
    /// The signature.
    pub signature: Signature,
    /// The bytes under it.
    pub message: &'a [u8],
}

impl Signature {
    /// Returns the signature with these bytes.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// Returns its bytes.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its beginning tells it from others.
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (first, second) = self.0.split_at(32);
        let half = |half: &[u8]| -> [u8; 32] { half.try_into().expect("half of 64 bytes") };
        (half(first), half(second)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (first, second) = <([u8; 32], [u8; 32])>::deserialize(deserializer)?;
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&first);
        bytes[32..].copy_from_slice(&second);
        Ok(Self(bytes))
    }
}

/// Returns whether all these claims are true, in less time than one by one. None at all are.
pub fn are_authentic(claims: &[Claim<'_>]) -> bool {
    ed25519::are_valid(
        claims
            .iter()
            .map(|claim| (claim.key.as_bytes(), claim.signature.as_bytes(), claim.message)),
    )
}

/// Signs what a member says, and checks what others say: what an engine needs of cryptography.
/// Deterministic, so that an engine is.
pub trait Authenticator: Send + Sync {
    /// Returns our signature under `message`.
    fn sign(&self, message: &[u8]) -> Signature;

    /// Returns our key.
    fn key(&self) -> PeerKey;

    /// Returns whether all these claims are true.
    fn are_authentic(&self, claims: &[Claim<'_>]) -> bool;
}

/// Real signatures.
pub struct Ed25519(SigningKey);

impl Ed25519 {
    /// Returns what signs with this secret key.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }
}

impl Authenticator for Ed25519 {
    fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }

    fn key(&self) -> PeerKey {
        PeerKey::from_bytes(self.0.verifying_key().to_bytes())
    }

    fn are_authentic(&self, claims: &[Claim<'_>]) -> bool {
        are_authentic(claims)
    }
}
