//! The envelope of a message: the network, and a signature over all of it.

use althing_engine::nakamoto::Message;
use althing_types::{BlockHash, PeerKey};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use super::fields;
use crate::bytes::{Reader, not_a_message};
use crate::{DATAGRAM_MAX, Malformed};

/// What is wrong with a message of an open network that was founded with other options.
pub(super) const OF_ANOTHER: &str =
    "of another open network: --network, --founded or the like differs";

/// The first byte of a message, so that there can be another format.
const VERSION: u8 = 2;

/// What stands before the bytes that are signed.
const DOMAIN: &[u8] = b"althing open 1\n";

/// Bytes of the chain's name that a message begins with, after the version.
const CHAIN_BYTES: usize = 8;

/// Returns the bytes of `message`, signed with `key`, or `None` if the network has no such message
/// or it does not fit into a datagram.
pub(super) fn encode(chain: &BlockHash, key: &SigningKey, message: &Message) -> Option<Vec<u8>> {
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&chain.as_bytes()[..CHAIN_BYTES]);
    bytes.extend_from_slice(&fields::encode(message)?);
    bytes.extend_from_slice(key.verifying_key().as_bytes());
    let signature = key.sign(&signed_bytes(chain, &bytes));
    bytes.extend_from_slice(&signature.to_bytes());
    (bytes.len() <= DATAGRAM_MAX).then_some(bytes)
}

/// Returns whose valid signature `payload` has, and what it says. Its fields are read only when its
/// signature is right.
pub(super) fn decode(
    chain: &BlockHash,
    payload: &[u8],
) -> (Option<PeerKey>, Result<Message, Malformed>) {
    match open(chain, payload) {
        Ok((signer, message)) => (Some(signer), fields::decode(message)),
        Err(malformed) => (None, Err(malformed)),
    }
}

/// Returns the key that signed `payload`, and the message in it: its kind and its fields.
fn open<'a>(chain: &BlockHash, payload: &'a [u8]) -> Result<(PeerKey, &'a [u8]), Malformed> {
    if payload.len() > DATAGRAM_MAX {
        return Err(not_a_message("it is longer than a datagram"));
    }
    let mut reader = Reader::new(payload);
    if reader.byte()? != VERSION {
        return Err(not_a_message("another version"));
    }
    if *reader.array::<CHAIN_BYTES>()? != chain.as_bytes()[..CHAIN_BYTES] {
        return Err(not_a_message(OF_ANOTHER));
    }
    let (signed, signature) =
        payload.split_last_chunk().ok_or_else(|| not_a_message("it ends too early"))?;
    let (before, key) = signed
        .split_last_chunk()
        .filter(|(before, _)| before.len() > CHAIN_BYTES)
        .ok_or_else(|| not_a_message("it ends too early"))?;
    let is_signed = VerifyingKey::from_bytes(key).is_ok_and(|key| {
        let signature = Signature::from_bytes(signature);
        key.verify_strict(&signed_bytes(chain, signed), &signature).is_ok()
    });
    match is_signed {
        true => Ok((PeerKey::from_bytes(*key), &before[1 + CHAIN_BYTES..])),
        false => Err(Malformed::SignatureWrong),
    }
}

fn signed_bytes(chain: &BlockHash, bytes: &[u8]) -> Vec<u8> {
    [DOMAIN, chain.as_bytes(), bytes].concat()
}
