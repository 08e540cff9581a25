//! Signatures with RSA: RSASSA-PKCS1-v1_5 (RFC 8017) with SHA-256 over a message's wire form.
//!
//! A key is its DER SubjectPublicKeyInfo (RFC 5280). Ours have 2048 bits; the programs of the
//! networks that use RSA have 1024, so those are understood as well.

use std::ops::RangeInclusive;

use althing_engine::rounds::{Authenticator, Message, PublicKey};
use pem::Pem;
use ring::rand::SystemRandom;
use ring::signature::{
    KeyPair as _, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY as VERIFY,
    RSA_PKCS1_SHA256 as SIGN, RsaKeyPair, UnparsedPublicKey,
};
use rsa_keys::pkcs1::DecodeRsaPublicKey;
use rsa_keys::pkcs8::{DecodePublicKey, Document, EncodePublicKey, SubjectPublicKeyInfoRef};
use rsa_keys::traits::PublicKeyParts;
use rsa_keys::{BigUint, RsaPublicKey};

use crate::signer::{Scheme, Signer};
use crate::{BadSecret, SecretKind};

/// Bytes that a key may have: 2048 bits, with the largest exponent that is still cheap to check.
pub(crate) const KEY_BYTES_MAX: usize = 296;

/// Bytes of a signature with a key of ours.
const SIGNATURE_BYTES: usize = 256;

/// Bits of the keys that we check with.
const KEY_BITS: RangeInclusive<usize> = 1024..=2048;

/// Returns what signs with a secret key of 2048 bits, given as PKCS #8.
///
/// `signed_bytes` gives the bytes that a signature of a message is over, if it is one that is
/// signed.
pub(crate) fn rsa<F>(secret: &[u8], signed_bytes: F) -> Result<Box<dyn Authenticator>, BadSecret>
where
    F: Fn(&Message) -> Option<Vec<u8>> + Send + Sync + 'static,
{
    let bad = || BadSecret { kind: SecretKind::Rsa, bytes: secret.len() };
    let pair = RsaKeyPair::from_pkcs8(secret).map_err(|_| bad())?;
    if pair.public().modulus_len() != SIGNATURE_BYTES {
        return Err(bad());
    }
    let key = RsaPublicKey::from_pkcs1_der(pair.public_key().as_ref()).map_err(|_| bad())?;
    let der = subject_public_key_info(&key).ok_or_else(bad)?;
    Ok(Box::new(Signer::new(Rsa(pair), der.as_bytes(), signed_bytes)))
}

/// Returns whether `key` is one that signatures can be checked with, written in the only way that
/// we take.
pub(crate) fn is_usable(key: &PublicKey) -> bool {
    let bytes = key.0.as_ref();
    // Its length first: what is longer is not worth a look.
    if bytes.len() > KEY_BYTES_MAX {
        return false;
    }
    let Ok(key) = RsaPublicKey::from_public_key_der(bytes) else { return false };
    let canonical = subject_public_key_info(&key);
    KEY_BITS.contains(&key.n().bits())
        && canonical.is_some_and(|canonical| canonical.as_bytes() == bytes)
}

/// Returns a key as OpenSSH writes it in one line (RFC 4253, section 6.6).
pub(crate) fn openssh(PublicKey(key): &PublicKey) -> Option<String> {
    let key = RsaPublicKey::from_public_key_der(key).ok()?;
    let mut blob = Vec::new();
    let mut put = |part: &[u8]| {
        blob.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        blob.extend_from_slice(part);
    };
    put(SSH_RSA.as_bytes());
    // A number whose first bit is set would be negative.
    let number = |bytes: Vec<u8>| match bytes.first() {
        Some(first) if first & 0x80 != 0 => [&[0], bytes.as_slice()].concat(),
        _ => bytes,
    };
    put(&number(key.e().to_bytes_be()));
    put(&number(key.n().to_bytes_be()));
    let text = pem::encode(&Pem::new("X", blob));
    let body: String = text.lines().filter(|line| !line.starts_with('-')).map(str::trim).collect();
    Some(format!("{SSH_RSA} {body}"))
}

/// Returns the key that OpenSSH's line for it is.
pub(crate) fn from_openssh(text: &str) -> Option<PublicKey> {
    let body = text.trim().strip_prefix(SSH_RSA)?.trim_start().split(' ').next()?;
    if body.len() > 2 * KEY_BYTES_MAX {
        return None;
    }
    let pem = pem::parse(format!("-----BEGIN X-----\n{body}\n-----END X-----\n")).ok()?;
    let mut rest = pem.contents();
    let mut part = || {
        let (length, after) = rest.split_at_checked(4)?;
        let length = u32::from_be_bytes(length.try_into().ok()?);
        let (part, after) = after.split_at_checked(usize::try_from(length).ok()?)?;
        rest = after;
        Some(part)
    };
    let (name, e, n) = (part()?, part()?, part()?);
    if name != SSH_RSA.as_bytes() || !rest.is_empty() {
        return None;
    }
    let key = RsaPublicKey::new(BigUint::from_bytes_be(n), BigUint::from_bytes_be(e)).ok()?;
    Some(PublicKey(subject_public_key_info(&key)?.as_bytes().into()))
}

/// The name of the kind of key.
const SSH_RSA: &str = "ssh-rsa";

fn subject_public_key_info(key: &RsaPublicKey) -> Option<Document> {
    key.to_public_key_der().ok()
}

/// The scheme, with a secret key.
pub(crate) struct Rsa(RsaKeyPair);

impl Scheme for Rsa {
    fn sign(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; SIGNATURE_BYTES];
        // This scheme takes nothing from chance, so a message has one signature.
        self.0.sign(&SIGN, &SystemRandom::new(), bytes, &mut signature).ok()?;
        Some(signature)
    }

    fn is_signed(bytes: &[u8], signature: &[u8], key: &[u8]) -> bool {
        let verify = || {
            let key = SubjectPublicKeyInfoRef::try_from(key).ok()?.subject_public_key;
            UnparsedPublicKey::new(&VERIFY, key.raw_bytes()).verify(bytes, signature).ok()
        };
        key.len() <= KEY_BYTES_MAX && verify().is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use althing_engine::rounds::Signature;
    use althing_types::{PeerId, Seed, Transaction};
    use rsa_keys::RsaPrivateKey;
    use rsa_keys::pkcs1::EncodeRsaPublicKey;
    use rsa_keys::pkcs8::DecodePrivateKey;

    use crate::testing::{rsa_secret, rsa_secret_of};

    fn solution(seed: u64) -> Message {
        let peer = PeerId::new(7);
        Message::Solution { peer, transaction: Transaction::FIRST, seed: Seed::from(seed) }
    }

    /// Returns a new public key with so many bits.
    fn public_key(bits: usize) -> RsaPublicKey {
        let secret = RsaPrivateKey::from_pkcs8_der(&rsa_secret_of(bits));
        secret.expect("it was just made").to_public_key()
    }

    fn signer() -> Box<dyn Authenticator> {
        let bytes = |message: &Message| Some(format!("{message:?}").into_bytes());
        rsa(&rsa_secret(), bytes).expect("it is a secret")
    }

    #[test]
    fn a_signature_holds_for_one_message_of_one_key() {
        let (ours, other) = (signer(), signer());
        let key = ours.public_key().expect("we sign");
        let signature = ours.signature(&solution(6)).expect("we sign");
        assert_eq!(ours.signature(&solution(6)), Some(signature.clone()));
        assert!(other.is_authentic(&solution(6), &signature, &key));
        assert!(!other.is_authentic(&solution(11), &signature, &key));
        assert!(!other.is_authentic(
            &solution(6),
            &signature,
            &other.public_key().expect("we sign")
        ));
        for bytes in [&signature.bytes[..255], &[], &[signature.bytes.as_ref(), &[0]].concat()] {
            assert!(!other.is_authentic(&solution(6), &Signature::new(bytes.into()), &key));
        }
        assert!(!other.is_authentic(&solution(6), &signature, &PublicKey(Arc::new([]))));
    }

    #[test]
    fn only_keys_of_a_reasonable_size_in_one_form_are_usable() {
        let key = public_key(2048);
        let info = subject_public_key_info(&key).expect("it can be written down").into_vec();
        assert!(is_usable(&PublicKey(info.clone().into())));
        // The same key in its other form (RFC 8017), with a byte too many, and cut short.
        let other = key.to_pkcs1_der().expect("it can be written down");
        assert!(!is_usable(&PublicKey(other.as_bytes().into())));
        assert!(!is_usable(&PublicKey([&info[..], &[0]].concat().into())));
        assert!(!is_usable(&PublicKey(info[..200].into())));
        assert!(!is_usable(&PublicKey(Arc::new([]))));
        // What is longer than 2048 bits need not be a key to be refused.
        let long = subject_public_key_info(&public_key(2560)).expect("it can be written down");
        assert!(!is_usable(&PublicKey(long.as_bytes().into())));
        assert!(!is_usable(&PublicKey(vec![0x30; 1 << 20].into())));
    }

    #[test]
    fn a_secret_of_another_size_or_kind_is_none() {
        for secret in [vec![1; 32], rsa_secret_of(2560)] {
            let error = rsa(&secret, |_| None).err();
            assert_eq!(error, Some(BadSecret { kind: SecretKind::Rsa, bytes: secret.len() }));
        }
    }
}
