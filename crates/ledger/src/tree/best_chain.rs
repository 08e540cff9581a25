//! The chain that counts, without its blocks: a few dozen bytes for each.

use althing_types::{BlockHash, Height, UnixTime, Work};
use bitcoin::block::{Header, Version};
use bitcoin::hashes::Hash;
use bitcoin::{CompactTarget, TxMerkleNode};
use hashbrown::HashTable;

use super::Placed;
use crate::block::Block;

/// What is known of each block of the best chain without reading it, by height.
///
/// Bitcoin Core has the same division: its block index is in memory, its blocks are in files, and
/// the active chain is an array by height (`CBlockIndex`, `CChain`). Here the index is columns
/// rather than nodes with pointers: parent and height follow from the place, and what a network's
/// blocks do not have takes no room. Since headers are whole, peers that ask for them cause no
/// reads; a stranger could otherwise have 500 blocks read for one small question.
#[derive(Debug, Default)]
pub(crate) struct BestChain {
    hashes: Vec<BlockHash>,
    /// Of the whole chain up to each block.
    work: Vec<Work>,
    /// Empty where blocks have no times.
    times: Vec<UnixTime>,
    /// Empty where blocks have no headers.
    headers: Vec<Rest>,
    /// Heights, to be found by hash. It is never iterated over, so its order does not matter.
    heights: HashTable<u32>,
}

/// What a header has besides the hash of its parent and its time.
#[derive(Clone, Copy, Debug)]
struct Rest {
    version: i32,
    root: [u8; 32],
    bits: CompactTarget,
    nonce: u32,
}

impl BestChain {
    /// Returns how many blocks there are.
    pub(crate) fn len(&self) -> u64 {
        self.hashes.len() as u64
    }

    pub(crate) fn last(&self) -> Option<&BlockHash> {
        self.hashes.last()
    }

    pub(crate) fn hash_at(&self, height: u64) -> Option<BlockHash> {
        self.hashes.get(usize::try_from(height).ok()?).copied()
    }

    /// Returns the height of the block with a hash.
    pub(crate) fn find(&self, hash: &BlockHash) -> Option<u64> {
        // Most questions are about the tip.
        if self.last() == Some(hash) {
            return Some(self.len() - 1);
        }
        let is_it = |height: &u32| self.hashes[*height as usize] == *hash;
        self.heights.find(scattered(hash), is_it).copied().map(u64::from)
    }

    /// Returns where the block at a height stands.
    pub(crate) fn placed(&self, height: u64) -> Option<Placed> {
        let place = usize::try_from(height).ok()?;
        Some(Placed {
            work: *self.work.get(place)?,
            parent: place.checked_sub(1).map(|before| self.hashes[before]),
            height: Height::new(height),
            time: self.times.get(place).copied().unwrap_or_default(),
        })
    }

    /// Returns the header of the block at a height, where blocks have one.
    pub(crate) fn header(&self, height: u64) -> Option<Header> {
        let place = usize::try_from(height).ok()?;
        let Rest { version, root, bits, nonce } = *self.headers.get(place)?;
        let before = place.checked_sub(1).map(|before| *self.hashes[before].as_bytes());
        Some(Header {
            version: Version::from_consensus(version),
            prev_blockhash: bitcoin::BlockHash::from_byte_array(before.unwrap_or_default()),
            merkle_root: TxMerkleNode::from_byte_array(root),
            time: u32::try_from(self.times[place].seconds()).expect("it was a header's"),
            bits,
            nonce,
        })
    }

    /// Adds the block after the last one.
    pub(super) fn push(&mut self, hash: BlockHash, work: Work, block: &Block) {
        let height = u32::try_from(self.hashes.len()).expect("memory holds fewer than 2^32 hashes");
        push(&mut self.hashes, hash);
        push(&mut self.work, work);
        if let Some(time) = block.time() {
            push(&mut self.times, time);
        }
        if let Block::Native(block) = block {
            let Header { version, merkle_root, bits, nonce, .. } = block.header;
            let (version, root) = (version.to_consensus(), merkle_root.to_byte_array());
            push(&mut self.headers, Rest { version, root, bits, nonce });
        }
        let hashes = &self.hashes;
        let rehash = |height: &u32| scattered(&hashes[*height as usize]);
        self.heights.insert_unique(scattered(&hash), height, rehash);
    }

    /// Takes out the last block.
    pub(super) fn pop(&mut self) {
        let Some(hash) = self.hashes.last() else { return };
        let is_it = |height: &u32| self.hashes[*height as usize] == *hash;
        if let Ok(found) = self.heights.find_entry(scattered(hash), is_it) {
            found.remove();
        }
        self.hashes.pop();
        self.work.pop();
        self.times.truncate(self.hashes.len());
        self.headers.truncate(self.hashes.len());
    }
}

/// Appends with an eighth of room to spare, and not as much again as `Vec` would take.
fn push<T>(column: &mut Vec<T>, value: T) {
    if column.len() == column.capacity() {
        column.reserve_exact(column.len() / 8 + 64);
    }
    column.push(value);
}

/// Returns a number for a hash table. Work makes one end of a hash zeros, so all of it is used; to
/// find hashes that fall together costs a stranger the work of a block for each.
fn scattered(hash: &BlockHash) -> u64 {
    let (words, _) = hash.as_bytes().as_chunks::<8>();
    let mixed =
        words.iter().fold(0, |mixed: u64, word| mixed.rotate_left(23) ^ u64::from_le_bytes(*word));
    // Fibonacci hashing (Knuth, volume 3, 6.4): the table looks at both ends of the number.
    let spread = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    spread ^ (spread >> 32)
}
