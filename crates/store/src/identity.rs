//! The identity of a peer: its network, its name, and the secret with which it signs.

use std::fmt;

use althing_types::PeerId;
use zeroize::Zeroizing;

use crate::encoding::{self, Undecodable};

/// The identity of a peer in its network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The configuration of the network it belongs to, in an encoding of the caller's, as text.
    pub network: String,
    /// The hash of that configuration, by which networks are compared.
    pub network_hash: [u8; 32],
    /// Its id in that network.
    pub peer: PeerId,
    /// The secret key with which it signs.
    pub secret: Secret,
}

/// The bytes of a secret key; what they mean is the network's business.
///
/// They are wiped from memory when it is dropped, and never shown by `Debug`. Copies that the
/// database makes in its cache are out of reach.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Returns `bytes` as a secret.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Returns the bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Identity {
    pub(crate) fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(encoding::encode(&(
            &self.network,
            self.network_hash,
            self.peer,
            self.secret.bytes(),
        )))
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Undecodable> {
        let (network, network_hash, peer, secret) = encoding::decode(bytes)?;
        Ok(Self { network, network_hash, peer, secret: Secret::new(secret) })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            network: r#"{"dialect":"sd"}"#.into(),
            network_hash: [0x5d; 32],
            peer: PeerId::new(7),
            secret: Secret::new(vec![0xab; 32]),
        }
    }

    #[test]
    fn an_identity_is_read_back_as_it_was_written() {
        assert_eq!(Identity::decode(&identity().encode()), Ok(identity()));
    }

    #[test]
    fn a_secret_is_not_shown() {
        let shown = format!("{:?}", identity());
        assert!(shown.contains("Secret(hidden)"), "{shown}");
        assert!(!shown.contains("171") && !shown.contains("ab"), "{shown}");
    }
}
