//! The hash functions, one block at a time.

use sha1::block_api::compress as compress_sha1;
use sha2::block_api::compress256;

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-1, 20 bytes.
    Sha1,
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-256 of the SHA-256, as in Bitcoin's headers.
    DoubleSha256,
}

/// The block that both hash functions process at a time.
pub(crate) type Block = [u8; 64];

/// The words that a hash function carries from block to block; SHA-1 uses the first five.
pub(crate) type State = [u32; 8];

/// The state before the first block of SHA-1 (FIPS 180-4, section 5.3.1).
pub(crate) const SHA1_START: State =
    [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0, 0, 0, 0];

/// The state before the first block of SHA-256 (section 5.3.3).
pub(crate) const SHA256_START: State = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

impl Hash {
    /// All hash functions.
    pub const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::DoubleSha256];

    /// Returns the state before the first block.
    pub(crate) const fn start(self) -> State {
        match self {
            Self::Sha1 => SHA1_START,
            Self::Sha256 | Self::DoubleSha256 => SHA256_START,
        }
    }

    /// Compresses blocks into the state. The fast kernels are checked against this, so it uses the
    /// `sha1` and `sha2` crates and not our own code.
    pub(crate) fn compress(self, state: &mut State, blocks: &[Block]) {
        match self {
            Self::Sha1 => {
                let words = state.first_chunk_mut().expect("eight words are more than five");
                compress_sha1(words, blocks);
            }
            Self::Sha256 | Self::DoubleSha256 => compress256(state, blocks),
        }
    }

    /// Returns the digest for the state after the last block.
    pub(crate) fn finish(self, state: State) -> Digest {
        match self {
            Self::Sha1 => Digest { bytes: bytes_of(state), length: 20 },
            Self::Sha256 => Digest { bytes: bytes_of(state), length: 32 },
            Self::DoubleSha256 => {
                let mut second = SHA256_START;
                compress256(&mut second, &padded(&bytes_of(state)));
                Digest { bytes: bytes_of(second), length: 32 }
            }
        }
    }

    /// Returns the digest of a message.
    pub(crate) fn digest(self, message: &[u8]) -> Digest {
        let mut state = self.start();
        self.compress(&mut state, &padded(message));
        self.finish(state)
    }
}

/// The bytes of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    bytes: [u8; 32],
    length: usize,
}

impl Digest {
    /// Returns 32 bytes as a digest.
    #[cfg(test)]
    pub(crate) const fn of_bytes(bytes: [u8; 32]) -> Self {
        Self { bytes, length: 32 }
    }

    /// Returns the 20 or 32 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// Returns a message as blocks, with the padding and the length that both functions require.
pub(crate) fn padded(message: &[u8]) -> Vec<Block> {
    /// Bytes of the end mark (one) and of the length (eight).
    const AROUND: usize = 9;
    let mut blocks = vec![[0; 64]; (message.len() + AROUND).div_ceil(64)];
    let bits = 8 * u64::try_from(message.len()).expect("a length has at most 64 bits");
    let bytes = blocks.as_flattened_mut();
    bytes[..message.len()].copy_from_slice(message);
    bytes[message.len()] = 0x80;
    let length_at = bytes.len() - 8;
    bytes[length_at..].copy_from_slice(&bits.to_be_bytes());
    blocks
}

/// Returns a block as the big-endian words that a hash function works on.
pub(crate) fn words(block: &Block) -> [u32; 16] {
    let (words, _) = block.as_chunks();
    std::array::from_fn(|i| u32::from_be_bytes(words[i]))
}

/// Returns the words of a state as the bytes of a digest.
pub(crate) fn bytes_of(state: State) -> [u8; 32] {
    let mut bytes = [0; 32];
    let (chunks, _) = bytes.as_chunks_mut();
    for (chunk, word) in chunks.iter_mut().zip(state) {
        *chunk = word.to_be_bytes();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha1::{Digest as _, Sha1};
    use sha2::Sha256;

    use super::*;

    proptest! {
        #[test]
        fn digests_are_those_of_the_crates(message in prop::collection::vec(any::<u8>(), 0..300)) {
            let once = Sha256::digest(&message);
            for (hash, expected) in [
                (Hash::Sha1, Sha1::digest(&message).to_vec()),
                (Hash::Sha256, once.to_vec()),
                (Hash::DoubleSha256, Sha256::digest(once).to_vec()),
            ] {
                let digest = hash.digest(&message);
                prop_assert_eq!(digest.as_bytes(), expected);
            }
        }
    }
}
