//! Signatures with RSA and a salt: RSASSA-PSS (RFC 8017) with SHA-256, as the sequel of the sheet
//! has it: keys of 1024 bits, and 94 bytes of salt, the most that such a key has room for.
//!
//! The library of the other signatures takes neither such keys nor such a salt. In the one used
//! here, the time that a signature takes may tell about the key ([RUSTSEC-2023-0071]), which is why
//! nothing but this exercise signs with it.
//!
//! [RUSTSEC-2023-0071]: https://rustsec.org/advisories/RUSTSEC-2023-0071

use althing_engine::rounds::{Authenticator, Message};
use rsa_keys::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePublicKey};
use rsa_keys::pss;
use rsa_keys::rand_core::{CryptoRng, Error, RngCore};
use rsa_keys::sha2::{Digest, Sha256};
use rsa_keys::signature::{RandomizedSigner, SignatureEncoding, Verifier};
use rsa_keys::traits::PublicKeyParts;
use rsa_keys::{RsaPrivateKey, RsaPublicKey};

use crate::rsa::KEY_BYTES_MAX;
use crate::signer::{Scheme, Signer};
use crate::{BadSecret, SecretKind};

/// Bytes of salt.
const SALT: usize = 94;

/// Bytes of the modulus of a key of ours.
const KEY_BYTES: usize = 128;

/// Returns what signs with a secret key of 1024 bits, given as PKCS #8.
///
/// `signed_bytes` gives the bytes that a signature of a message is over, if it is one that is
/// signed.
pub(crate) fn pss<F>(secret: &[u8], signed_bytes: F) -> Result<Box<dyn Authenticator>, BadSecret>
where
    F: Fn(&Message) -> Option<Vec<u8>> + Send + Sync + 'static,
{
    let bad = || BadSecret { kind: SecretKind::Rsa1024, bytes: secret.len() };
    let pair = RsaPrivateKey::from_pkcs8_der(secret).map_err(|_| bad())?;
    if pair.size() != KEY_BYTES {
        return Err(bad());
    }
    let der = pair.to_public_key().to_public_key_der().map_err(|_| bad())?;
    let key = pss::SigningKey::new_with_salt_len(pair, SALT);
    let scheme = Pss { key, secret: secret.into() };
    Ok(Box::new(Signer::new(scheme, der.as_bytes(), signed_bytes)))
}

/// What a signature draws, from the secret key and the message: a pure crate has no entropy of its
/// own, and without the key it cannot be guessed. RFC 6979 does the same for other schemes.
pub(crate) struct Drawn {
    seed: Sha256,
    /// How many digests were drawn.
    count: u64,
}

impl Drawn {
    /// Returns what is drawn for `message` with `secret`.
    pub(crate) fn new(secret: &[u8], message: &[u8]) -> Self {
        let seed = Sha256::new()
            .chain_update("althing: what a signature draws")
            .chain_update(Sha256::digest(secret))
            .chain_update(Sha256::digest(message));
        Self { seed, count: 0 }
    }
}

impl RngCore for Drawn {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            self.count += 1;
            let digest = self.seed.clone().chain_update(self.count.to_le_bytes()).finalize();
            chunk.copy_from_slice(&digest[..chunk.len()]);
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Drawn {}

struct Pss {
    key: pss::SigningKey<Sha256>,
    /// The key as PKCS #8.
    secret: Box<[u8]>,
}

impl Scheme for Pss {
    fn sign(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut drawn = Drawn::new(&self.secret, bytes);
        Some(self.key.try_sign_with_rng(&mut drawn, bytes).ok()?.to_vec())
    }

    fn is_signed(bytes: &[u8], signature: &[u8], key: &[u8]) -> bool {
        let verify = || {
            let key = RsaPublicKey::from_public_key_der(key).ok()?;
            let key = pss::VerifyingKey::<Sha256>::new_with_salt_len(key, SALT);
            key.verify(bytes, &pss::Signature::try_from(signature).ok()?).ok()
        };
        key.len() <= KEY_BYTES_MAX && verify().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use althing_engine::rounds::Signature;
    use althing_types::{PeerId, Seed, Transaction};

    use crate::testing::rsa_secret_of as secret;

    fn solution(seed: u64) -> Message {
        let peer = PeerId::new(7);
        Message::Solution { peer, transaction: Transaction::FIRST, seed: Seed::from(seed) }
    }

    #[test]
    fn a_signature_holds_for_one_message_of_one_key() {
        let bytes = |message: &Message| Some(format!("{message:?}").into_bytes());
        let signer = |secret: &[u8]| pss(secret, bytes).expect("it is a secret");
        let (ours, other) = (signer(&secret(1024)), signer(&secret(1024)));
        let key = ours.public_key().expect("we sign");
        let signature = ours.signature(&solution(6)).expect("we sign");
        assert_eq!(signature.bytes.len(), 128);
        assert_eq!(
            ours.signature(&solution(6)),
            Some(signature.clone()),
            "nothing is left to chance"
        );
        assert!(other.is_authentic(&solution(6), &signature, &key));
        assert!(!other.is_authentic(&solution(11), &signature, &key));
        let theirs = other.public_key().expect("we sign");
        assert!(!other.is_authentic(&solution(6), &signature, &theirs));
        assert!(!other.is_authentic(&solution(6), &Signature::new([0; 128].into()), &key));
        let longer = pss(&secret(1536), |_| None).err().map(|error| error.kind);
        assert_eq!(longer, Some(SecretKind::Rsa1024));
    }
}
