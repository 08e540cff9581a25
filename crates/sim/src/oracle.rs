use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use althing_engine::rounds::{Authenticator, Message, PublicKey, Seal};

/// Signs for the peers of networks whose keys cannot be made from a seed, such as those with RSA.
///
/// It knows all secrets, and a seal is a hash of the secret and the message. Nobody in the
/// simulation can make one without the secret, which is all that a signature is good for; and the
/// dialect does not look into keys and seals, so messages are as they would be.
#[derive(Clone, Default)]
pub(crate) struct Oracle(Arc<Mutex<BTreeMap<PublicKey, [u8; 32]>>>);

struct Signer {
    oracle: Oracle,
    secret: [u8; 32],
    key: PublicKey,
}

impl Oracle {
    /// Returns what signs for the owner of `secret`.
    pub(crate) fn signer(&self, secret: &[u8; 32]) -> Box<dyn Authenticator> {
        let key = PublicKey(digest(&("key", secret)));
        let mut secrets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.insert(key.clone(), *secret);
        Box::new(Signer { oracle: self.clone(), secret: *secret, key })
    }

    fn secret_of(&self, key: &PublicKey) -> Option<[u8; 32]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }
}

impl Authenticator for Signer {
    fn public_key(&self) -> Option<PublicKey> {
        Some(self.key.clone())
    }

    fn seal(&self, message: &Message) -> Option<Seal> {
        Some(seal(&self.secret, message))
    }

    fn is_authentic(&self, message: &Message, given: &Seal, key: &PublicKey) -> bool {
        self.oracle.secret_of(key).is_some_and(|secret| seal(&secret, message) == *given)
    }
}

fn seal(secret: &[u8; 32], message: &Message) -> Seal {
    Seal(digest(&("seal", secret, message)))
}

/// The standard hasher begins in the same state each time.
fn digest(content: &impl Hash) -> Arc<[u8]> {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    Arc::new(hasher.finish().to_be_bytes())
}

#[cfg(test)]
mod tests {
    use althing_types::PeerId;

    use super::*;

    #[test]
    fn a_seal_holds_for_one_message_of_one_peer() {
        let oracle = Oracle::default();
        let (ann, bob) = (oracle.signer(&[1; 32]), oracle.signer(&[2; 32]));
        let hello = |peer| Message::Announcement { peer, key: None, roster: None };
        let (ours, other) = (hello(PeerId::new(1)), hello(PeerId::new(2)));
        let key = ann.public_key().expect("she signs");
        let seal = ann.seal(&ours).expect("she signs");
        assert!(bob.is_authentic(&ours, &seal, &key));
        assert!(!bob.is_authentic(&other, &seal, &key));
        assert!(!bob.is_authentic(&ours, &bob.seal(&ours).expect("he signs"), &key));
        assert!(!bob.is_authentic(&ours, &seal, &PublicKey(Arc::new([]))));
    }
}
