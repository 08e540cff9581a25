//! Each signature is verified once, not once at each peer.

use std::sync::{Arc, Mutex, PoisonError};

use althing_engine::rounds::{Authenticator, Message, PublicKey, Signature};

/// The results of the latest verifications, shared by all peers of a run.
///
/// A broadcast reaches every peer, and each of them checks its signature. The answer depends on
/// nothing but the message, the signature and the key, so the first of them verifies for all: a run
/// is the same with and without this, but a signed network of `n` peers makes `n` times fewer
/// checks.
#[derive(Clone)]
pub(super) struct VerificationCache(Arc<Mutex<Box<[Option<Verification>; SLOTS]>>>);

struct Verification {
    signature: Signature,
    message: Message,
    key: PublicKey,
    is_authentic: bool,
}

/// Verifications that are kept: of all signatures that begin with the same bits, the last one's.
const SLOTS: usize = 4096;

/// Signs as one peer, and shares the verifications of all peers.
struct Sharing {
    own: Box<dyn Authenticator>,
    cache: VerificationCache,
}

impl Default for VerificationCache {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Box::new([const { None }; SLOTS]))))
    }
}

impl VerificationCache {
    /// Returns an authenticator that shares its verifications with the others.
    pub(super) fn shared_by(&self, own: Box<dyn Authenticator>) -> Box<dyn Authenticator> {
        Box::new(Sharing { own, cache: self.clone() })
    }
}

impl Authenticator for Sharing {
    fn covers(&self, message: &Message) -> bool {
        self.own.covers(message)
    }

    fn public_key(&self) -> Option<PublicKey> {
        self.own.public_key()
    }

    fn signature(&self, message: &Message) -> Option<Signature> {
        self.own.signature(message)
    }

    fn is_authentic(&self, message: &Message, signature: &Signature, key: &PublicKey) -> bool {
        let mut cache = self.cache.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = &mut cache[slot(signature)];
        if let Some(known) = slot
            && (&known.signature, &known.message, &known.key) == (signature, message, key)
        {
            return known.is_authentic;
        }
        let is_authentic = self.own.is_authentic(message, signature, key);
        let (signature, message, key) = (signature.clone(), message.clone(), key.clone());
        *slot = Some(Verification { signature, message, key, is_authentic });
        is_authentic
    }
}

fn slot(signature: &Signature) -> usize {
    let first =
        signature.bytes.iter().zip([1, 256]).map(|(byte, weight)| usize::from(*byte) * weight);
    first.sum::<usize>() % SLOTS
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use althing_types::PeerId;

    use super::*;

    /// Knows one key, takes one byte of it as a signature, and counts how often it is asked.
    struct Counting(Arc<AtomicUsize>);

    impl Authenticator for Counting {
        fn public_key(&self) -> Option<PublicKey> {
            Some(PublicKey([7].into()))
        }

        fn signature(&self, _: &Message) -> Option<Signature> {
            Some(Signature::new([7].into()))
        }

        fn is_authentic(&self, message: &Message, signature: &Signature, key: &PublicKey) -> bool {
            self.0.fetch_add(1, Ordering::Relaxed);
            *message == hello(1) && signature.bytes == key.0
        }
    }

    fn hello(peer: u128) -> Message {
        Message::Election { peer: PeerId::new(peer), draw: 1, state: None }
    }

    #[test]
    fn a_signature_is_checked_once_for_all_and_another_message_or_key_again() {
        let asked = Arc::new(AtomicUsize::new(0));
        let cache = VerificationCache::default();
        let ann = cache.shared_by(Box::new(Counting(Arc::clone(&asked))));
        let bob = cache.shared_by(Box::new(Counting(Arc::clone(&asked))));
        let signature = ann.signature(&hello(1)).expect("it signs");
        let (right, wrong) = (PublicKey([7].into()), PublicKey([8].into()));
        let checks = [
            (&ann, hello(1), &right, true, 1),
            (&bob, hello(1), &right, true, 1),
            (&bob, hello(2), &right, false, 2),
            (&ann, hello(2), &right, false, 2),
            (&bob, hello(1), &wrong, false, 3),
            (&ann, hello(1), &right, true, 4),
        ];
        for (peer, message, key, is_authentic, times) in checks {
            assert_eq!(peer.is_authentic(&message, &signature, key), is_authentic);
            assert_eq!(asked.load(Ordering::Relaxed), times);
        }
    }
}
