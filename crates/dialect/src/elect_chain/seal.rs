//! Signatures of Althing peers: Ed25519 (RFC 8032) over a message's wire form.

use std::sync::Arc;

use althing_engine::rounds::{Authenticator, Message, PublicKey, Seal};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use super::signed_bytes;

/// Signs with an Ed25519 key. What is signed names the network and the topic, so that a message
/// cannot be repeated in another place.
pub(super) struct Ed25519 {
    prefix: String,
    key: SigningKey,
}

impl Ed25519 {
    pub(super) fn new(prefix: &str, secret: &[u8; 32]) -> Self {
        Self { prefix: prefix.to_owned(), key: SigningKey::from_bytes(secret) }
    }
}

impl Authenticator for Ed25519 {
    fn public_key(&self) -> Option<PublicKey> {
        Some(PublicKey(Arc::new(self.key.verifying_key().to_bytes())))
    }

    fn seal(&self, message: &Message) -> Option<Seal> {
        let bytes = signed_bytes(&self.prefix, message)?;
        Some(Seal(Arc::new(self.key.sign(&bytes).to_bytes())))
    }

    fn is_authentic(&self, message: &Message, seal: &Seal, key: &PublicKey) -> bool {
        let verify = || {
            let key = VerifyingKey::from_bytes(key.0.as_ref().try_into().ok()?).ok()?;
            let signature = Signature::from_slice(&seal.0).ok()?;
            let bytes = signed_bytes(&self.prefix, message)?;
            key.verify_strict(&bytes, &signature).ok()
        };
        verify().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use althing_types::{PeerId, Seed, Transaction};

    fn solution(seed: u64) -> Message {
        let peer = PeerId::new(7);
        Message::Solution { peer, transaction: Transaction::FIRST, seed: Seed::from(seed) }
    }

    #[test]
    fn a_seal_holds_for_one_message_of_one_key_in_one_network() {
        let ours = Ed25519::new("", &[1; 32]);
        let other = Ed25519::new("", &[2; 32]);
        let elsewhere = Ed25519::new("class/", &[1; 32]);
        let key = ours.public_key().expect("we sign");
        let seal = ours.seal(&solution(6)).expect("we sign");
        assert!(ours.is_authentic(&solution(6), &seal, &key));
        assert!(!ours.is_authentic(&solution(11), &seal, &key));
        assert!(!ours.is_authentic(&solution(6), &seal, &other.public_key().expect("we sign")));
        assert!(!elsewhere.is_authentic(&solution(6), &seal, &key));
        let short = Seal(seal.0[..63].into());
        assert!(!ours.is_authentic(&solution(6), &short, &key));
        assert!(!ours.is_authentic(&solution(6), &seal, &PublicKey(Arc::new([]))));
    }
}
