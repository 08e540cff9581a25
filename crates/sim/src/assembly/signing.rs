//! Signatures that all peers check, checked once.
//!
//! Each vote reaches every peer, and each of them checks it. In one process the verdict is the same
//! for all, and a signature takes a thousand times as long as everything else.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use althing_ledger::assembly::{Authenticator, Claim, Ed25519, Signature};
use althing_ledger::merkle::{self, MerkleHash};
use althing_types::PeerKey;

/// The claims that were found true; shared by all peers of a run.
#[derive(Clone, Default)]
pub(super) struct Verified(Arc<Mutex<BTreeSet<MerkleHash>>>);

/// Claims that are remembered.
const REMEMBERED_MAX: usize = 16_384;

/// What a peer signs with.
pub(super) struct Signing {
    inner: Ed25519,
    verified: Verified,
}

impl Signing {
    pub(super) fn new(secret: &[u8; 32], verified: Verified) -> Self {
        Self { inner: Ed25519::new(secret), verified }
    }
}

impl Verified {
    fn holds(&self, claim: &MerkleHash) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(claim)
    }

    fn add(&self, claims: impl Iterator<Item = MerkleHash>) {
        let mut verified = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if verified.len() > REMEMBERED_MAX {
            verified.clear();
        }
        verified.extend(claims);
    }
}

fn digest(claim: &Claim<'_>) -> MerkleHash {
    let Claim { key, signature, message } = claim;
    merkle::leaf(&[key.as_bytes(), &signature.as_bytes()[..], message].concat())
}

impl Authenticator for Signing {
    fn sign(&self, message: &[u8]) -> Signature {
        self.inner.sign(message)
    }

    fn key(&self) -> PeerKey {
        self.inner.key()
    }

    fn are_authentic(&self, claims: &[Claim<'_>]) -> bool {
        let unknown: Vec<Claim<'_>> =
            claims.iter().filter(|claim| !self.verified.holds(&digest(claim))).copied().collect();
        let is_true = self.inner.are_authentic(&unknown);
        if is_true {
            self.verified.add(unknown.iter().map(digest));
        }
        is_true
    }
}
