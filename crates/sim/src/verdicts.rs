use std::sync::{Arc, Mutex, PoisonError};

use althing_engine::rounds::{Authenticator, Message, PublicKey, Seal};

/// What checking each of the latest seals came to, shared by all peers of a run.
///
/// A broadcast reaches every peer, and each of them checks its seal. The answer depends on nothing
/// but the message, the seal and the key, so the first of them finds it out for all: a run is the
/// same with and without this, but a large signed network is faster by how many peers it has.
#[derive(Clone)]
pub(crate) struct Verdicts(Arc<Mutex<Box<[Option<Verdict>; SLOTS]>>>);

struct Verdict {
    seal: Seal,
    message: Message,
    key: PublicKey,
    is_authentic: bool,
}

/// Verdicts that are kept: of all seals that begin with the same bits, the last one's.
const SLOTS: usize = 4096;

/// Signs as one peer, and knows what others have found out about the seals of all.
struct Sharing {
    own: Box<dyn Authenticator>,
    verdicts: Verdicts,
}

impl Default for Verdicts {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Box::new([const { None }; SLOTS]))))
    }
}

impl Verdicts {
    /// Returns an authenticator that shares its verdicts with the others.
    pub(crate) fn shared_by(&self, own: Box<dyn Authenticator>) -> Box<dyn Authenticator> {
        Box::new(Sharing { own, verdicts: self.clone() })
    }
}

impl Authenticator for Sharing {
    fn public_key(&self) -> Option<PublicKey> {
        self.own.public_key()
    }

    fn seal(&self, message: &Message) -> Option<Seal> {
        self.own.seal(message)
    }

    fn is_authentic(&self, message: &Message, seal: &Seal, key: &PublicKey) -> bool {
        let mut verdicts = self.verdicts.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = &mut verdicts[slot(seal)];
        if let Some(known) = slot
            && (&known.seal, &known.message, &known.key) == (seal, message, key)
        {
            return known.is_authentic;
        }
        let is_authentic = self.own.is_authentic(message, seal, key);
        let (seal, message, key) = (seal.clone(), message.clone(), key.clone());
        *slot = Some(Verdict { seal, message, key, is_authentic });
        is_authentic
    }
}

fn slot(seal: &Seal) -> usize {
    let first = seal.0.iter().zip([1, 256]).map(|(byte, weight)| usize::from(*byte) * weight);
    first.sum::<usize>() % SLOTS
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use althing_types::PeerId;

    use super::*;

    /// Knows one key, takes one byte of it as a seal, and counts how often it is asked.
    struct Counting(Arc<AtomicUsize>);

    impl Authenticator for Counting {
        fn public_key(&self) -> Option<PublicKey> {
            Some(PublicKey([7].into()))
        }

        fn seal(&self, _: &Message) -> Option<Seal> {
            Some(Seal([7].into()))
        }

        fn is_authentic(&self, message: &Message, seal: &Seal, key: &PublicKey) -> bool {
            self.0.fetch_add(1, Ordering::Relaxed);
            *message == hello(1) && seal.0 == key.0
        }
    }

    fn hello(peer: u128) -> Message {
        Message::Election { peer: PeerId::new(peer), draw: 1, standing: None }
    }

    #[test]
    fn a_seal_is_checked_once_for_all_and_another_message_or_key_again() {
        let asked = Arc::new(AtomicUsize::new(0));
        let verdicts = Verdicts::default();
        let ann = verdicts.shared_by(Box::new(Counting(Arc::clone(&asked))));
        let bob = verdicts.shared_by(Box::new(Counting(Arc::clone(&asked))));
        let seal = ann.seal(&hello(1)).expect("it signs");
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
            assert_eq!(peer.is_authentic(&message, &seal, key), is_authentic);
            assert_eq!(asked.load(Ordering::Relaxed), times);
        }
    }
}
