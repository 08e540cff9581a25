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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NativeBlock {
    /// What is hashed.
    pub header: Header,
    /// The first leaf of the Merkle tree.
    pub imprint: Imprint,
    /// The other leaves.
    pub entries: Box<[Entry]>,
}

/// What a miner says of its block, under the Merkle root, as Bitcoin's does in the coinbase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imprint {
    /// Where the block stands.
    pub height: Height,
    /// Who mined it.
    pub miner: Box<str>,
    /// Anything: another value makes 2^32 more nonces.
    pub salt: u64,
}

/// What an imprint's bytes begin with: long enough that it is never taken for an inner hash.
const IMPRINT_DOMAIN: &[u8; 47] = b"althing imprint 1 (height, salt, length, name)\n";

impl NativeBlock {
    /// Returns a block without work, after the block with the hash `parent`.
    pub fn new(
        parent: Option<BlockHash>,
        time: u32,
        bits: CompactTarget,
        imprint: Imprint,
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
        let mut block = Self { header, imprint, entries };
        block.update_root();
        block
    }

    /// Returns the way from an entry to the Merkle root, for who has only the header.
    pub fn prove(&self, index: usize) -> Option<MerkleProof> {
        MerkleProof::new(self.leaves(), index.checked_add(1)?)
    }

    /// Returns what its imprint's bytes are before the salt, and what after it. A salt is eight
    /// bytes between them, the highest first, and the three together are the first leaf.
    pub fn around_salt(&self) -> (Vec<u8>, Vec<u8>) {
        let Imprint { height, miner, salt: _ } = &self.imprint;
        let before = [&IMPRINT_DOMAIN[..], &height.number().to_be_bytes()].concat();
        let after = [&(miner.len() as u64).to_be_bytes()[..], miner.as_bytes()].concat();
        (before, after)
    }

    /// Returns the way from the imprint to the Merkle root, which is the same for all salts.
    pub fn way_of_imprint(&self) -> MerkleProof {
        MerkleProof::new(self.leaves(), 0).expect("a block has an imprint")
    }

    /// Puts another salt into the imprint, and the root over it into the header.
    pub fn set_salt(&mut self, salt: u64) {
        self.imprint.salt = salt;
        self.update_root();
    }

    /// Returns whether `entry` is in the block with this header.
    pub fn is_proven(header: &Header, entry: &Entry, proof: &MerkleProof) -> bool {
        // The imprint is no entry.
        let root = header.merkle_root.to_byte_array();
        proof.index > 0 && proof.leads(merkle::leaf(entry.as_bytes()), root)
    }

    pub(crate) fn parent(&self) -> Option<BlockHash> {
        let parent = self.header.prev_blockhash.to_byte_array();
        (parent != [0; 32]).then(|| BlockHash::from_bytes(parent))
    }

    pub(crate) fn hash(&self) -> BlockHash {
        super::Block::hash_of_header(&self.header)
    }

    /// Returns whether its entries are the ones under its root, and no two of them equal: with its
    /// end repeated, a list may have the same root.
    pub(crate) fn has_its_root(&self) -> bool {
        let leaves = self.leaves();
        let different: BTreeSet<&MerkleHash> = leaves.iter().collect();
        different.len() == leaves.len()
            && self.header.merkle_root.to_byte_array() == merkle::root(leaves)
    }

    /// Puts the lower half of `number` into the header, and adds the upper one to the salt.
    pub(crate) fn set_nonce(&mut self, number: u64) {
        let [_, _, _, _, low @ ..] = number.to_be_bytes();
        self.header.nonce = u32::from_be_bytes(low);
        if number > u64::from(u32::MAX) {
            self.set_salt(self.imprint.salt.wrapping_add(number >> 32));
        }
    }

    fn update_root(&mut self) {
        self.header.merkle_root = TxMerkleNode::from_byte_array(merkle::root(self.leaves()));
    }

    fn leaves(&self) -> Vec<MerkleHash> {
        let (before, after) = self.around_salt();
        let imprint = [&before[..], &self.imprint.salt.to_be_bytes(), &after].concat();
        let entries = self.entries.iter().map(|entry| merkle::leaf(entry.as_bytes()));
        [merkle::leaf(&imprint)].into_iter().chain(entries).collect()
    }
}
