use std::fmt;

use althing_types::PeerId;
use zeroize::{Zeroize, Zeroizing};

use crate::encoding::{self, Undecodable};

/// Who a peer is, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The network it belongs to, as its caller names networks.
    pub network: String,
    /// Its id in that network.
    pub peer: PeerId,
    /// What it signs with.
    pub secret: Secret,
}

/// The 32 bytes of a secret key.
///
/// They are wiped from memory when it is dropped, and never shown by `Debug`. Copies that the
/// database makes in its cache are out of reach.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<Zeroizing<[u8; Secret::LENGTH]>>);

impl Secret {
    /// Bytes in a secret.
    pub const LENGTH: usize = 32;

    /// Returns `bytes` as a secret.
    pub fn new(mut bytes: [u8; Self::LENGTH]) -> Self {
        let secret = Self(Box::new(Zeroizing::new(bytes)));
        bytes.zeroize();
        secret
    }

    /// Returns the bytes.
    pub fn bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl Identity {
    pub(crate) fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(encoding::encode(&(&self.network, self.peer, self.secret.bytes())))
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Undecodable> {
        let (network, peer, secret) = encoding::decode(bytes)?;
        Ok(Self { network, peer, secret: Secret::new(secret) })
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
            network: "sd/room".into(),
            peer: PeerId::new(7),
            secret: Secret::new([0xab; Secret::LENGTH]),
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
