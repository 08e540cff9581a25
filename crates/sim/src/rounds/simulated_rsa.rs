//! Signatures that stand for those of RSA.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use althing_dialect::RoundsDialect;
use althing_engine::Recipient;
use althing_engine::rounds::{Authenticator, Message, PublicKey, Signature, Signed};

/// Signs for the peers of networks whose keys cannot be made from a seed, such as those with RSA.
///
/// It knows all secrets, and a signature is a hash of the secret and of the message as it is on the
/// wire. No peer in the simulation can make one without the secret, which is all that a signature
/// must guarantee. Its keys have the form of RSA keys, so that messages decode as with real ones.
#[derive(Clone)]
pub(super) struct SimulatedRsa {
    dialect: Arc<dyn RoundsDialect>,
    secrets: Arc<Mutex<BTreeMap<PublicKey, [u8; 32]>>>,
}

struct Signer {
    rsa: SimulatedRsa,
    secret: [u8; 32],
    key: PublicKey,
}

impl SimulatedRsa {
    pub(super) fn new(dialect: Arc<dyn RoundsDialect>) -> Self {
        Self { dialect, secrets: Arc::default() }
    }

    /// Returns what signs for the owner of `secret`.
    pub(super) fn signer(&self, secret: &[u8; 32]) -> Box<dyn Authenticator> {
        let key = public_key(secret);
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.insert(key.clone(), *secret);
        Box::new(Signer { rsa: self.clone(), secret: *secret, key })
    }

    fn signature(&self, secret: &[u8; 32], message: &Message) -> Signature {
        let unsigned = Signed { message: message.clone(), signature: None };
        let wires = self.dialect.encode(&Recipient::All, &unsigned);
        let payloads: Vec<_> = wires.into_iter().map(|wire| (wire.to, wire.payload)).collect();
        Signature::new(Arc::new(digest(&("signature", secret, payloads))))
    }

    fn secret_of(&self, key: &PublicKey) -> Option<[u8; 32]> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }
}

impl Authenticator for Signer {
    fn public_key(&self) -> Option<PublicKey> {
        Some(self.key.clone())
    }

    fn signature(&self, message: &Message) -> Option<Signature> {
        Some(self.rsa.signature(&self.secret, message))
    }

    fn is_authentic(&self, message: &Message, given: &Signature, key: &PublicKey) -> bool {
        let secret = self.rsa.secret_of(key);
        secret.is_some_and(|secret| self.rsa.signature(&secret, message) == *given)
    }
}

/// What stands before the 128 bytes of a modulus, and after them, in the DER of an RSA key
/// (SubjectPublicKeyInfo, RFC 5280) of 1024 bits with the exponent 65537.
const BEFORE: [u8; 29] = [
    0x30, 0x81, 0x9f, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
    0x05, 0x00, 0x03, 0x81, 0x8d, 0x00, 0x30, 0x81, 0x89, 0x02, 0x81, 0x81, 0x00,
];
const AFTER: [u8; 5] = [0x02, 0x03, 0x01, 0x00, 0x01];

fn public_key(secret: &[u8; 32]) -> PublicKey {
    let mut modulus: Vec<u8> = (0..16_u8).flat_map(|part| digest(&(part, secret))).collect();
    // A modulus has all its bits, and is odd.
    modulus[0] |= 0x80;
    modulus[127] |= 1;
    PublicKey([&BEFORE[..], &modulus, &AFTER].concat().into())
}

/// The standard hasher begins in the same state each time.
fn digest(content: &impl Hash) -> [u8; 8] {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish().to_be_bytes()
}

#[cfg(test)]
mod tests {
    use althing_dialect::ppd::{Config, Ppd};
    use althing_types::{PeerId, Seed, Transaction};

    use super::*;

    #[test]
    fn a_signature_holds_for_one_message_of_one_peer() {
        let rsa = SimulatedRsa::new(Arc::new(Ppd::new(Config::default())));
        let (ann, bob) = (rsa.signer(&[1; 32]), rsa.signer(&[2; 32]));
        let (peer, transaction) = (PeerId::new(1), Transaction::FIRST);
        let found = |seed: u64| Message::Solution { peer, transaction, seed: Seed::from(seed) };
        let (ours, other) = (found(1), found(2));
        let key = ann.public_key().expect("she signs");
        let signature = ann.signature(&ours).expect("she signs");
        assert!(bob.is_authentic(&ours, &signature, &key));
        assert!(!bob.is_authentic(&other, &signature, &key));
        assert!(!bob.is_authentic(&ours, &bob.signature(&ours).expect("he signs"), &key));
        assert!(!bob.is_authentic(&ours, &signature, &PublicKey(Arc::new([]))));
    }
}
