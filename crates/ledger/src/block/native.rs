//! Blocks of our own networks: Bitcoin's header, a coinbase, and entries under a Merkle root.

use std::collections::BTreeSet;

use althing_types::{BlockHash, Height};
use bitcoin::block::{Header, Version};
use bitcoin::hashes::Hash;
use bitcoin::{CompactTarget, TxMerkleNode};
use serde::{Deserialize, Serialize};

use crate::entry::Entry;
use crate::merkle::{self, MerkleHash, MerkleProof};

/// A block of our own networks: a header in Bitcoin's format, which any of its miners can work on,
/// and entries under its Merkle root.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NativeBlock {
    /// The 80 bytes in the format of Bitcoin that are hashed.
    pub header: Header,
    /// The first leaf of the Merkle tree.
    pub coinbase: Coinbase,
    /// The other leaves.
    pub entries: Box<[Entry]>,
}

/// What a miner states about its block, under the Merkle root, as in Bitcoin's coinbase
/// transaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Coinbase {
    /// Where the block stands.
    pub height: Height,
    /// The name of its miner, which nothing proves.
    pub miner: Box<str>,
    /// Any value: each one gives 2^32 more nonces to try.
    pub extra_nonce: u64,
}

/// The first bytes of a coinbase, long enough that it is never mistaken for an inner hash. They
/// contain older names of the coinbase and the extra nonce; since they are hashed, they cannot
/// change.
const COINBASE_DOMAIN: &[u8; 47] = b"althing imprint 1 (height, salt, length, name)\n";

/// Bytes of a message around a block and its variable parts: the envelope, the header, and numbers.
const BYTES_AROUND: usize = 106 + 80 + 20;

impl NativeBlock {
    pub(crate) fn sent_bytes(&self) -> usize {
        let entries = self.entries.iter().map(|entry| 2 + entry.as_bytes().len());
        BYTES_AROUND + self.coinbase.miner.len() + entries.sum::<usize>()
    }

    /// Returns a block without work, after the block with the hash `parent`.
    pub fn new(
        parent: Option<BlockHash>,
        time: u32,
        bits: CompactTarget,
        coinbase: Coinbase,
        entries: Box<[Entry]>,
    ) -> Self {
        let parent = parent.map_or([0; 32], |parent| *parent.as_bytes());
        let header = Header {
            version: Version::TWO,
            prev_blockhash: bitcoin::BlockHash::from_byte_array(parent),
            merkle_root: TxMerkleNode::all_zeros(),
            time,
            bits,
            nonce: 0,
        };
        let mut block = Self { header, coinbase, entries };
        block.update_root();
        block
    }

    /// Returns the path from an entry to the Merkle root, for a reader that has only the header.
    pub fn prove(&self, index: usize) -> Option<MerkleProof> {
        MerkleProof::new(self.leaves(), index.checked_add(1)?)
    }

    /// Returns the bytes of its coinbase before the extra nonce, and those after it. The extra
    /// nonce is eight bytes between them, the highest first, and the three together are the first
    /// leaf.
    pub fn around_extra_nonce(&self) -> (Vec<u8>, Vec<u8>) {
        self.coinbase.around_extra_nonce()
    }

    /// Returns the Merkle branch from the coinbase to the root, which is the same for all extra
    /// nonces.
    pub fn coinbase_branch(&self) -> MerkleProof {
        MerkleProof::new(self.leaves(), 0).expect("a block has a coinbase")
    }

    /// Puts another extra nonce into the coinbase, and the root over it into the header.
    pub fn set_extra_nonce(&mut self, extra_nonce: u64) {
        self.coinbase.extra_nonce = extra_nonce;
        self.update_root();
    }

    /// Returns whether `entry` is in the block with this header.
    pub fn is_proven(header: &Header, entry: &Entry, proof: &MerkleProof) -> bool {
        // The coinbase is not an entry.
        let root = header.merkle_root.to_byte_array();
        proof.index > 0 && proof.leads(entry.leaf(), root)
    }

    /// Returns whether `coinbase` is that of the block with this header; `branch` is what is beside
    /// it at each level.
    pub fn is_coinbase_proven(
        header: &Header,
        coinbase: &Coinbase,
        branch: Vec<MerkleHash>,
    ) -> bool {
        let path = MerkleProof { index: 0, beside: branch };
        path.leads(merkle::leaf(&coinbase.encode()), header.merkle_root.to_byte_array())
    }

    /// Returns the hash of the block before it that its header states; `None` for a genesis.
    pub fn parent(&self) -> Option<BlockHash> {
        let parent = self.header.prev_blockhash.to_byte_array();
        (parent != [0; 32]).then(|| BlockHash::from_bytes(parent))
    }

    /// Returns the hash of its header.
    pub fn hash(&self) -> BlockHash {
        super::Block::hash_of_header(&self.header)
    }

    /// Returns whether its entries are the ones under its root, and no two of them equal: with its
    /// end repeated, a list may have the same root.
    pub fn has_its_root(&self) -> bool {
        let leaves = self.leaves();
        let different: BTreeSet<&MerkleHash> = leaves.iter().collect();
        different.len() == leaves.len()
            && self.header.merkle_root.to_byte_array() == merkle::root(leaves)
    }

    /// Puts the lower half of `number` into the header, and adds the upper one to the extra nonce.
    pub(crate) fn set_nonce(&mut self, number: u64) {
        let [_, _, _, _, low @ ..] = number.to_be_bytes();
        self.header.nonce = u32::from_be_bytes(low);
        if number > u64::from(u32::MAX) {
            self.set_extra_nonce(self.coinbase.extra_nonce.wrapping_add(number >> 32));
        }
    }

    fn update_root(&mut self) {
        self.header.merkle_root = TxMerkleNode::from_byte_array(merkle::root(self.leaves()));
    }

    fn leaves(&self) -> Vec<MerkleHash> {
        let entries = self.entries.iter().map(Entry::leaf);
        [merkle::leaf(&self.coinbase.encode())].into_iter().chain(entries).collect()
    }
}

impl Coinbase {
    /// Returns the bytes that are hashed as the first leaf.
    pub fn encode(&self) -> Vec<u8> {
        let (before, after) = self.around_extra_nonce();
        [&before[..], &self.extra_nonce.to_be_bytes(), &after].concat()
    }

    /// Returns the coinbase with these bytes, if they are those of one.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(COINBASE_DOMAIN)?;
        let (height, rest) = rest.split_first_chunk()?;
        let (extra_nonce, rest) = rest.split_first_chunk()?;
        let (length, miner) = rest.split_first_chunk()?;
        (u64::from_be_bytes(*length) == miner.len() as u64).then_some(())?;
        Some(Self {
            height: Height::new(u64::from_be_bytes(*height)),
            miner: str::from_utf8(miner).ok()?.into(),
            extra_nonce: u64::from_be_bytes(*extra_nonce),
        })
    }

    fn around_extra_nonce(&self) -> (Vec<u8>, Vec<u8>) {
        let Self { height, miner, extra_nonce: _ } = self;
        let before = [&COINBASE_DOMAIN[..], &height.number().to_be_bytes()].concat();
        let after = [&(miner.len() as u64).to_be_bytes()[..], miner.as_bytes()].concat();
        (before, after)
    }
}
