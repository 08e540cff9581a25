//! Where a peer says that it listens. It is signed, so that others can pass it on and none can
//! invent it.

use althing_types::{Address, PeerKey};
use bytes::{Buf, BufMut};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

/// What is signed begins with this, so that it cannot be taken for anything else.
const DOMAIN: &[u8] = b"althing mesh address 1\n";

/// Bytes of an address as text: a host, its brackets, a colon and a port.
const ADDRESS_BYTES_MAX: usize = Address::HOST_LENGTH_MAX + 8;

/// Where the owner of a key says that it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Announcement {
    /// The key of its owner.
    pub(super) key: PeerKey,
    /// When its process started, in milliseconds since 1970: a later word counts, and two processes
    /// with one key are told apart.
    pub(super) started: u64,
    /// The address at which others reach it.
    pub(super) address: Address,
    signature: [u8; 64],
}

impl Announcement {
    /// Returns one that the owner of `key` signs for a network.
    pub(super) fn sign(
        key: &SigningKey,
        network: &[u8; 32],
        started: u64,
        address: Address,
    ) -> Self {
        let signature = key.sign(&signed(network, started, &address)).to_bytes();
        Self { key: public(key), started, address, signature }
    }

    /// Returns whether its owner has signed it for this network.
    pub(super) fn is_authentic(&self, network: &[u8; 32]) -> bool {
        verify(&self.key, &signed(network, self.started, &self.address), &self.signature)
    }

    pub(super) fn encode_into(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.key.as_bytes());
        out.put_u64(self.started);
        put_address(&self.address, out);
        out.extend_from_slice(&self.signature);
    }

    /// Takes one from the beginning of `bytes`.
    pub(super) fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let key = PeerKey::from_bytes(take(bytes)?);
        let started = bytes.try_get_u64().ok()?;
        let length = usize::from(bytes.try_get_u16().ok()?);
        let text = bytes.get(..length).filter(|text| text.len() <= ADDRESS_BYTES_MAX)?;
        let text = std::str::from_utf8(text).ok()?;
        // There is one way to write an address.
        let address: Address = text.parse().ok().filter(|it: &Address| it.to_string() == text)?;
        bytes.advance(length);
        Some(Self { key, started, address, signature: take(bytes)? })
    }
}

/// Takes so many bytes from the beginning.
pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*first)
}

/// Returns the public half of a key.
pub(super) fn public(key: &SigningKey) -> PeerKey {
    PeerKey::from_bytes(key.verifying_key().to_bytes())
}

/// Returns whether the owner of `key` has signed these bytes.
pub(super) fn verify(key: &PeerKey, bytes: &[u8], signature: &[u8; 64]) -> bool {
    let key = VerifyingKey::from_bytes(key.as_bytes());
    key.is_ok_and(|key| key.verify_strict(bytes, &Signature::from_bytes(signature)).is_ok())
}

fn signed(network: &[u8; 32], started: u64, address: &Address) -> Vec<u8> {
    let mut bytes = [DOMAIN, network].concat();
    bytes.put_u64(started);
    put_address(address, &mut bytes);
    bytes
}

fn put_address(address: &Address, out: &mut Vec<u8>) {
    let text = address.to_string();
    out.put_u16(u16::try_from(text.len()).expect("an address is short"));
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const NETWORK: [u8; 32] = [7; 32];

    pub(in crate::mesh) fn announcement(port: u16) -> Announcement {
        let address = Address::new("127.0.0.1", port).expect("a host");
        Announcement::sign(&SigningKey::from_bytes(&[1; 32]), &NETWORK, 5, address)
    }

    #[test]
    fn only_its_owner_can_say_it_and_only_for_one_network() {
        let ours = announcement(7000);
        assert!(ours.is_authentic(&NETWORK));
        assert!(!ours.is_authentic(&[8; 32]));
        let later = Announcement { started: 6, ..ours.clone() };
        let elsewhere = Announcement { address: announcement(7001).address, ..ours.clone() };
        let key = public(&SigningKey::from_bytes(&[2; 32]));
        let of_another = Announcement { key, ..ours };
        for forged in [later, elsewhere, of_another] {
            assert!(!forged.is_authentic(&NETWORK), "{forged:?}");
        }
    }

    #[test]
    fn one_that_is_cut_short_is_none() {
        let mut bytes = Vec::new();
        announcement(7000).encode_into(&mut bytes);
        assert_eq!(Announcement::decode(&mut &bytes[..]), Some(announcement(7000)));
        for length in 0..bytes.len() {
            assert_eq!(Announcement::decode(&mut &bytes[..length]), None);
        }
    }
}
