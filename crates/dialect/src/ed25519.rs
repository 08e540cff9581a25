//! Signatures of Althing peers: Ed25519 (RFC 8032) over a message's wire form.

use althing_engine::rounds::{Authenticator, Message, Unsigned};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

use crate::signer::{Scheme, Signer};
use crate::{BadSecret, SecretKind};

/// Returns what signs with a secret of 32 bytes, or what signs nothing if this network does not.
///
/// `signed_bytes` gives the bytes that a signature of a message is over. They name the network and
/// the topic, so that a message cannot be repeated in another place.
pub(crate) fn ed25519<F>(
    secret: &[u8],
    signs: bool,
    signed_bytes: F,
) -> Result<Box<dyn Authenticator>, BadSecret>
where
    F: Fn(&Message) -> Option<Vec<u8>> + Send + Sync + 'static,
{
    let secret: &[u8; 32] = secret
        .try_into()
        .map_err(|_| BadSecret { kind: SecretKind::Random, bytes: secret.len() })?;
    Ok(match signs {
        true => {
            let key = SigningKey::from_bytes(secret);
            let public = key.verifying_key().to_bytes();
            Box::new(Signer::new(Ed25519(key), &public, signed_bytes))
        }
        false => Box::new(Unsigned),
    })
}

/// Returns the bytes that a signature is over: the network, the topic, and the message's wire form.
pub(crate) fn signed_bytes(network: &str, topic: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("althing {network} 1\n{topic}\n").into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// The scheme of Ed25519, with a secret key.
pub(crate) struct Ed25519(SigningKey);

impl Scheme for Ed25519 {
    fn sign(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        Some(self.0.sign(bytes).to_vec())
    }

    fn is_signed(bytes: &[u8], signature: &[u8], key: &[u8]) -> bool {
        let verify = || {
            let key = VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
            let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
            key.verify_strict(bytes, &signature).ok()
        };
        verify().is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use althing_engine::rounds::{PublicKey, Signature};
    use althing_types::{PeerId, Seed, Transaction};

    use super::*;

    fn solution(seed: u64) -> Message {
        let peer = PeerId::new(7);
        Message::Solution { peer, transaction: Transaction::FIRST, seed: Seed::from(seed) }
    }

    fn signer(network: &'static str, secret: u8) -> Box<dyn Authenticator> {
        let bytes = move |message: &Message| Some(format!("{network} {message:?}").into_bytes());
        ed25519(&[secret; 32], true, bytes).expect("a secret has 32 bytes")
    }

    #[test]
    fn a_signature_holds_for_one_message_of_one_key_in_one_network() {
        let (ours, other, elsewhere) = (signer("a", 1), signer("a", 2), signer("b", 1));
        let key = ours.public_key().expect("we sign");
        let signature = ours.signature(&solution(6)).expect("we sign");
        assert!(ours.is_authentic(&solution(6), &signature, &key));
        assert!(!ours.is_authentic(&solution(11), &signature, &key));
        assert!(!ours.is_authentic(
            &solution(6),
            &signature,
            &other.public_key().expect("we sign")
        ));
        assert!(!elsewhere.is_authentic(&solution(6), &signature, &key));
        let short = Signature::new(signature.bytes[..63].into());
        assert!(!ours.is_authentic(&solution(6), &short, &key));
        assert!(!ours.is_authentic(&solution(6), &signature, &PublicKey(Arc::new([]))));
    }

    #[test]
    fn a_secret_of_another_length_is_none() {
        let error = ed25519(&[1; 31], true, |_| None).err();
        assert_eq!(error, Some(BadSecret { kind: SecretKind::Random, bytes: 31 }));
    }
}
