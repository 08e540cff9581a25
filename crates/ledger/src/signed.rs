//! Entries with an author: their one encoding, and what their signature covers (rules B3 and B9).

use althing_types::BlockHash;
use ed25519_dalek::{Signer, SigningKey};

use crate::ed25519;
use crate::entry::Entry;

/// An entry with an author, in networks whose blocks are in Bitcoin's format.
///
/// It has one encoding, whose bytes are hashed, signed and sent. The signature also covers the hash
/// of the genesis, so an entry of one chain is invalid in another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedEntry {
    /// Which application it is for.
    pub application: Box<str>,
    /// The author's Ed25519 key.
    pub author: [u8; 32],
    /// Tells this entry from others of the author.
    pub nonce: u64,
    /// The content, which the application interprets.
    pub payload: Box<[u8]>,
    /// The author's signature.
    pub signature: [u8; 64],
}

/// Why bytes are not a signed entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotSigned {
    /// Rule B3.
    #[error("it is not a signed entry in its one encoding")]
    Malformed,
    /// Rule B9.
    #[error("its signature is not the author's, or is for another chain")]
    SignatureWrong,
}

/// The first byte of the encoding, so that there can be another one.
const VERSION: u8 = 1;
/// What stands before the bytes that are signed.
const DOMAIN: &[u8] = b"althing entry 1\n";

impl SignedEntry {
    /// Returns an entry of the owner of `key`, for the chain that begins with `genesis`.
    pub fn sign(
        key: &SigningKey,
        genesis: &BlockHash,
        application: &str,
        nonce: u64,
        payload: &[u8],
    ) -> Self {
        let mut entry = Self {
            application: application.into(),
            author: key.verifying_key().to_bytes(),
            nonce,
            payload: payload.into(),
            signature: [0; 64],
        };
        entry.signature = key.sign(&entry.signed_bytes(genesis)).to_bytes();
        entry
    }

    /// Returns it in its encoding.
    pub fn encode(&self) -> Entry {
        let mut bytes = self.unsigned();
        bytes.extend_from_slice(&self.signature);
        Entry::new(bytes)
    }

    /// Returns what `entry` says, if it is an entry of this kind. Its signature is not checked.
    pub fn decode(entry: &Entry) -> Result<Self, NotSigned> {
        parse(entry.as_bytes()).ok_or(NotSigned::Malformed)
    }

    /// Returns which application an entry of this kind is for, without reading the rest of it.
    pub fn application_of(entry: &Entry) -> Result<&str, NotSigned> {
        let name = || {
            let (&[VERSION], rest) = entry.as_bytes().split_first_chunk()? else { return None };
            let (application, _) = parse_text(rest)?;
            str::from_utf8(application).ok()
        };
        name().ok_or(NotSigned::Malformed)
    }

    /// Returns whether the author signed it for the chain that begins with `genesis` (rule B9).
    pub fn verify(&self, genesis: &BlockHash) -> Result<(), NotSigned> {
        match Self::are_authentic(std::slice::from_ref(self), genesis) {
            true => Ok(()),
            false => Err(NotSigned::SignatureWrong),
        }
    }

    /// Returns whether each of these entries was signed by its author, in less time than one by
    /// one.
    pub fn are_authentic(entries: &[Self], genesis: &BlockHash) -> bool {
        ed25519::are_valid(
            entries
                .iter()
                .map(|entry| (&entry.author, &entry.signature, entry.signed_bytes(genesis))),
        )
    }

    fn signed_bytes(&self, genesis: &BlockHash) -> Vec<u8> {
        [DOMAIN, genesis.as_bytes(), &self.unsigned()].concat()
    }

    fn unsigned(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        for text in [self.application.as_bytes(), &self.payload] {
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text);
        }
        bytes.extend_from_slice(&self.author);
        bytes.extend_from_slice(&self.nonce.to_be_bytes());
        bytes
    }
}

fn parse(bytes: &[u8]) -> Option<SignedEntry> {
    let (&[VERSION], rest) = bytes.split_first_chunk()? else { return None };
    let (application, rest) = parse_text(rest)?;
    let (payload, rest) = parse_text(rest)?;
    let (author, rest) = rest.split_first_chunk()?;
    let (nonce, rest) = rest.split_first_chunk()?;
    Some(SignedEntry {
        application: str::from_utf8(application).ok()?.into(),
        author: *author,
        nonce: u64::from_be_bytes(*nonce),
        payload: payload.into(),
        signature: rest.try_into().ok()?,
    })
}

fn parse_text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u64::from_be_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const GENESIS: BlockHash = BlockHash::from_bytes([1; 32]);

    fn entry(nonce: u64, payload: &[u8]) -> SignedEntry {
        SignedEntry::sign(&SigningKey::from_bytes(&[7; 32]), &GENESIS, "notes", nonce, payload)
    }

    #[test]
    fn a_signature_is_for_one_chain_and_every_field() {
        let entry = entry(5, b"hello");
        assert_eq!(entry.verify(&GENESIS), Ok(()));
        let wrong = Err(NotSigned::SignatureWrong);
        assert_eq!(entry.verify(&BlockHash::from_bytes([2; 32])), wrong);
        let changed = [
            SignedEntry { application: "note".into(), ..entry.clone() },
            SignedEntry { application: "noteshello".into(), payload: [].into(), ..entry.clone() },
            SignedEntry { author: [9; 32], ..entry.clone() },
            SignedEntry { nonce: 6, ..entry.clone() },
            SignedEntry { payload: b"hallo"[..].into(), ..entry.clone() },
        ];
        for entry in changed {
            assert_eq!(entry.verify(&GENESIS), wrong, "{entry:?}");
        }
    }

    proptest! {
        #[test]
        fn an_entry_survives_its_encoding(nonce: u64, payload in vec(any::<u8>(), 0..50)) {
            let entry = entry(nonce, &payload);
            prop_assert_eq!(SignedEntry::decode(&entry.encode()), Ok(entry));
        }

        #[test]
        fn there_is_one_encoding(bytes in vec(any::<u8>(), 0..300), at: prop::sample::Index) {
            let mut almost = entry(1, b"x").encode().as_bytes().to_vec();
            let at = at.index(almost.len());
            almost[at] = almost[at].wrapping_add(1);
            for bytes in [bytes, almost] {
                let given = Entry::new(bytes);
                if let Ok(entry) = SignedEntry::decode(&given) {
                    prop_assert_eq!(entry.encode(), given);
                }
            }
        }
    }
}
