//! How two peers prove to each other which keys they have. Functions of bytes, without sockets:
//! what is fresh is an argument.
//!
//! The dialer says a [`Hello`], the acceptor says one and proves its key; the dialer proves its
//! own. A proof signs both hellos, and with them the network, both keys, both fresh challenges
//! and both addresses, and on which side of the connection its signer is. So one that was heard
//! proves nothing on another connection, and none can be passed on between two connections that
//! others have made.

use althing_types::PeerKey;
use ed25519_dalek::{Signer, SigningKey};

use super::announcement::{Announcement, take, verify};

/// The first bytes of a connection.
const MAGIC: &[u8; 15] = b"althing mesh 1\n";

/// What is signed begins with this, so that it cannot be taken for anything else.
const DOMAIN: &[u8] = b"althing mesh proof 1\n";

/// The bytes of a hello at most.
pub(super) const HELLO_BYTES_MAX: usize = 512;

/// Which side of a connection a peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// It has connected.
    Dialer = 0,
    /// It has accepted.
    Acceptor = 1,
}

/// Who a peer says that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hello {
    /// The hash of the charter.
    pub(super) network: [u8; 32],
    /// Bytes that no other connection has.
    pub(super) challenge: [u8; 32],
    /// Its key, and where it listens.
    pub(super) announcement: Announcement,
}

/// What is wrong with a hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadHello {
    /// It is nothing that a peer says.
    #[error("it does not speak as a peer of an assembly")]
    NoHello,
    /// It is of another network.
    #[error("it is of another assembly: its charter differs")]
    OtherNetwork,
    /// Its address is not signed with its key.
    #[error("its address is not signed with its key")]
    NotSigned,
}

impl Hello {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = [&MAGIC[..], &self.network, &self.challenge].concat();
        self.announcement.encode_into(&mut bytes);
        bytes
    }

    /// Returns what a peer of `network` says with these bytes.
    pub(super) fn decode(mut bytes: &[u8], network: &[u8; 32]) -> Result<Self, BadHello> {
        let rest = &mut bytes;
        let magic = take(rest).filter(|magic| magic == MAGIC);
        magic.ok_or(BadHello::NoHello)?;
        let theirs: [u8; 32] = take(rest).ok_or(BadHello::NoHello)?;
        if theirs != *network {
            return Err(BadHello::OtherNetwork);
        }
        let challenge = take(rest).ok_or(BadHello::NoHello)?;
        let announcement = Announcement::decode(rest).ok_or(BadHello::NoHello)?;
        if !rest.is_empty() {
            return Err(BadHello::NoHello);
        }
        if !announcement.is_authentic(network) {
            return Err(BadHello::NotSigned);
        }
        Ok(Self { network: theirs, challenge, announcement })
    }
}

/// Both hellos of a connection, as they were sent.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub(super) dialer: Vec<u8>,
    pub(super) acceptor: Vec<u8>,
}

impl Exchange {
    /// Returns the proof that the owner of `key` is on this side of the connection.
    pub(super) fn prove(&self, key: &SigningKey, side: Side) -> [u8; 64] {
        key.sign(&self.signed(side)).to_bytes()
    }

    /// Returns whether `proof` is that of the owner of `key` on this side.
    pub(super) fn is_proven(&self, key: &PeerKey, side: Side, proof: &[u8]) -> bool {
        proof.try_into().is_ok_and(|proof| verify(key, &self.signed(side), proof))
    }

    fn signed(&self, side: Side) -> Vec<u8> {
        // Hellos have lengths of their own, so that it matters where the one ends.
        let length = u16::try_from(self.dialer.len()).unwrap_or(u16::MAX).to_be_bytes();
        [DOMAIN, &[side as u8], &length, &self.dialer, &self.acceptor].concat()
    }
}

#[cfg(test)]
mod tests {
    use althing_types::Address;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::mesh::announcement::public;

    const NETWORK: [u8; 32] = [7; 32];

    fn key(number: u8) -> SigningKey {
        SigningKey::from_bytes(&[number; 32])
    }

    fn hello(number: u8, challenge: u8) -> Hello {
        let address = Address::new("127.0.0.1", 7000 + u16::from(number)).expect("a host");
        let announcement = Announcement::sign(&key(number), &NETWORK, 5, address);
        Hello { network: NETWORK, challenge: [challenge; 32], announcement }
    }

    fn exchange(dialer: &Hello, acceptor: &Hello) -> Exchange {
        Exchange { dialer: dialer.encode(), acceptor: acceptor.encode() }
    }

    #[test]
    fn a_hello_is_read_as_it_was_said_and_fits() {
        let hello = hello(1, 9);
        assert_eq!(Hello::decode(&hello.encode(), &NETWORK), Ok(hello));
        let host = "h".repeat(Address::HOST_LENGTH_MAX);
        let far = Address::new(&host, u16::MAX).expect("a host");
        let announcement = Announcement::sign(&key(1), &NETWORK, 5, far);
        let longest = Hello { network: NETWORK, challenge: [9; 32], announcement };
        assert!(longest.encode().len() <= HELLO_BYTES_MAX);
        assert_eq!(Hello::decode(&longest.encode(), &NETWORK), Ok(longest));
    }

    #[test]
    fn what_is_of_another_network_or_signed_by_another_is_no_hello() {
        let hello = hello(1, 9);
        let bytes = hello.encode();
        assert_eq!(Hello::decode(&bytes, &[8; 32]), Err(BadHello::OtherNetwork));
        let mut stolen = hello.clone();
        stolen.announcement.key = public(&key(2));
        assert_eq!(Hello::decode(&stolen.encode(), &NETWORK), Err(BadHello::NotSigned));
        let longer = [&bytes[..], b"x"].concat();
        assert_eq!(Hello::decode(&longer, &NETWORK), Err(BadHello::NoHello));
        assert_eq!(Hello::decode(b"GET / HTTP/1.1\r\n", &NETWORK), Err(BadHello::NoHello));
    }

    #[test]
    fn a_proof_holds_on_one_connection_for_one_key_on_one_side() {
        let (ann, bob) = (hello(1, 9), hello(2, 10));
        let these = exchange(&ann, &bob);
        let proof = these.prove(&key(1), Side::Dialer);
        assert!(these.is_proven(&ann.announcement.key, Side::Dialer, &proof));
        // Another has said it, or on the other side, or it is cut short.
        assert!(!these.is_proven(&bob.announcement.key, Side::Dialer, &proof));
        assert!(!these.is_proven(&ann.announcement.key, Side::Acceptor, &proof));
        assert!(!these.is_proven(&ann.announcement.key, Side::Dialer, &proof[..63]));
        // It was heard before, when one of the challenges was another.
        for replayed in [exchange(&hello(1, 11), &bob), exchange(&ann, &hello(2, 11))] {
            assert!(!replayed.is_proven(&ann.announcement.key, Side::Dialer, &proof));
        }
    }

    #[test]
    fn a_stranger_between_two_connections_has_no_proof_for_either() {
        // It connects to ann as bob and to bob as ann, and passes on what they say: as acceptors,
        // neither of them gives the proof that the other wants of a dialer.
        let (ann, bob) = (hello(1, 9), hello(2, 10));
        let with_ann = exchange(&bob, &ann);
        let with_bob = exchange(&ann, &bob);
        let of_ann = with_ann.prove(&key(1), Side::Acceptor);
        assert!(!with_bob.is_proven(&ann.announcement.key, Side::Dialer, &of_ann));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_hello_or_an_error(bytes in vec(any::<u8>(), 0..300)) {
            let _ = Hello::decode(&bytes, &NETWORK);
            let begun = [&MAGIC[..], &NETWORK, &bytes].concat();
            let _ = Hello::decode(&begun, &NETWORK);
        }

        #[test]
        fn a_hello_that_was_changed_on_the_way_is_none_or_proves_nothing(
            place in any::<prop::sample::Index>(),
            change in 1..=255_u8,
        ) {
            let (ann, bob) = (hello(1, 9), hello(2, 10));
            let sent = exchange(&ann, &bob);
            let mut heard = sent.clone();
            let place = place.index(heard.dialer.len());
            heard.dialer[place] ^= change;
            if let Ok(hello) = Hello::decode(&heard.dialer, &NETWORK) {
                let proof = sent.prove(&key(1), Side::Dialer);
                prop_assert!(!heard.is_proven(&hello.announcement.key, Side::Dialer, &proof));
            }
        }
    }
}
