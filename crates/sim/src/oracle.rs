use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use althing_dialect::Dialect;
use althing_engine::rounds::{Authenticator, Message, PublicKey, Seal, Sealed};

/// Signs for the peers of networks whose keys cannot be made from a seed, such as those with RSA.
///
/// It knows all secrets, and a seal is a hash of the secret and of what the message is on the wire.
/// Nobody in the simulation can make one without the secret, which is all that a signature is good
/// for. Its keys have the form of RSA keys, so that messages are read as they would be.
#[derive(Clone)]
pub(crate) struct Oracle {
    dialect: Arc<dyn Dialect>,
    secrets: Arc<Mutex<BTreeMap<PublicKey, [u8; 32]>>>,
}

struct Signer {
    oracle: Oracle,
    secret: [u8; 32],
    key: PublicKey,
}

impl Oracle {
    pub(crate) fn new(dialect: Arc<dyn Dialect>) -> Self {
        Self { dialect, secrets: Arc::default() }
    }

    /// Returns what signs for the owner of `secret`.
    pub(crate) fn signer(&self, secret: &[u8; 32]) -> Box<dyn Authenticator> {
        let key = public_key(secret);
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.insert(key.clone(), *secret);
        Box::new(Signer { oracle: self.clone(), secret: *secret, key })
    }

    fn seal(&self, secret: &[u8; 32], message: &Message) -> Seal {
        let unsealed = Sealed { message: message.clone(), seal: None };
        let wires = self.dialect.encode(&unsealed);
        let payloads: Vec<_> = wires.into_iter().map(|wire| (wire.topic, wire.payload)).collect();
        Seal(Arc::new(digest(&("seal", secret, payloads))))
    }

    fn secret_of(&self, key: &PublicKey) -> Option<[u8; 32]> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }
}

impl Authenticator for Signer {
    fn public_key(&self) -> Option<PublicKey> {
        Some(self.key.clone())
    }

    fn seal(&self, message: &Message) -> Option<Seal> {
        Some(self.oracle.seal(&self.secret, message))
    }

    fn is_authentic(&self, message: &Message, given: &Seal, key: &PublicKey) -> bool {
        let secret = self.oracle.secret_of(key);
        secret.is_some_and(|secret| self.oracle.seal(&secret, message) == *given)
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
    fn a_seal_holds_for_one_message_of_one_peer() {
        let oracle = Oracle::new(Arc::new(Ppd::new(Config::default())));
        let (ann, bob) = (oracle.signer(&[1; 32]), oracle.signer(&[2; 32]));
        let (peer, transaction) = (PeerId::new(1), Transaction::FIRST);
        let found = |seed: u64| Message::Solution { peer, transaction, seed: Seed::from(seed) };
        let (ours, other) = (found(1), found(2));
        let key = ann.public_key().expect("she signs");
        let seal = ann.seal(&ours).expect("she signs");
        assert!(bob.is_authentic(&ours, &seal, &key));
        assert!(!bob.is_authentic(&other, &seal, &key));
        assert!(!bob.is_authentic(&ours, &bob.seal(&ours).expect("he signs"), &key));
        assert!(!bob.is_authentic(&ours, &seal, &PublicKey(Arc::new([]))));
    }
}
