//! Merkle trees as in Bitcoin: with the root and a few hashes one can check that an entry is under
//! it.
//!
//! A level with an odd number of hashes repeats its last one. So a list and the same list with its
//! end repeated have the same root (CVE-2012-2459); this is why a block with two equal entries is
//! invalid (rule B8). An inner hash covers 64 bytes, so no leaf may have exactly that many: a
//! coinbase and an entry have more.

use sha2::{Digest, Sha256};

/// A hash in a Merkle tree.
pub type MerkleHash = [u8; 32];

/// Levels that a proof may have: enough for as many entries as can be counted in 32 bits.
pub const PROOF_LEVELS_MAX: usize = 32;

/// The path from one leaf to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerkleProof {
    /// Which leaf, counted from zero.
    pub index: usize,
    /// The sibling at each level, from the leaf up.
    pub beside: Vec<MerkleHash>,
}

/// Returns the hash of a leaf.
pub fn leaf(bytes: &[u8]) -> MerkleHash {
    Sha256::digest(Sha256::digest(bytes)).into()
}

/// Returns the root over these leaves, of which there must be one at least.
pub fn root(leaves: Vec<MerkleHash>) -> MerkleHash {
    let mut level = leaves;
    while level.len() > 1 {
        level = next_level(&level);
    }
    level[0]
}

impl MerkleProof {
    /// Returns the path from a leaf to the root, or `None` if there are fewer leaves.
    pub fn new(leaves: Vec<MerkleHash>, index: usize) -> Option<Self> {
        if index >= leaves.len() {
            return None;
        }
        let (mut level, mut place, mut beside) = (leaves, index, Vec::new());
        while level.len() > 1 {
            let other = if place.is_multiple_of(2) { place + 1 } else { place - 1 };
            beside.push(level.get(other).copied().unwrap_or(level[place]));
            level = next_level(&level);
            place /= 2;
        }
        Some(Self { index, beside })
    }

    /// Returns whether this is the path from `leaf` to `root`.
    pub fn leads(&self, leaf: MerkleHash, root: MerkleHash) -> bool {
        if self.beside.len() > PROOF_LEVELS_MAX || self.index >> self.beside.len() != 0 {
            return false;
        }
        // Where a level repeats its last hash, that has its place on the left only.
        let is_repeated = |(place, hash, beside): (usize, MerkleHash, &MerkleHash)| {
            !place.is_multiple_of(2) && hash == *beside
        };
        !self.levels(leaf).any(is_repeated) && self.root_over(leaf) == root
    }

    /// Returns the root at the end of this path from `leaf`.
    pub fn root_over(&self, leaf: MerkleHash) -> MerkleHash {
        let top = self.levels(leaf).last();
        top.map_or(leaf, |(place, hash, beside)| above(place, &hash, beside))
    }

    /// Returns the place, the hash and what is beside it at each level, from the leaf up.
    fn levels(&self, leaf: MerkleHash) -> impl Iterator<Item = (usize, MerkleHash, &MerkleHash)> {
        let mut at = (self.index, leaf);
        self.beside.iter().map(move |beside| {
            let (place, hash) = at;
            at = (place / 2, above(place, &hash, beside));
            (place, hash, beside)
        })
    }
}

fn next_level(level: &[MerkleHash]) -> Vec<MerkleHash> {
    level.chunks(2).map(|two| pair(&two[0], two.last().expect("a chunk is not empty"))).collect()
}

/// Returns the hash over the one at a place and the one beside it.
fn above(place: usize, hash: &MerkleHash, beside: &MerkleHash) -> MerkleHash {
    if place.is_multiple_of(2) { pair(hash, beside) } else { pair(beside, hash) }
}

fn pair(left: &MerkleHash, right: &MerkleHash) -> MerkleHash {
    leaf(&[*left, *right].concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn leaves(count: usize) -> Vec<MerkleHash> {
        (0..count).map(|number| leaf(&number.to_be_bytes())).collect()
    }

    #[test]
    fn the_root_is_the_one_of_bitcoin() {
        use bitcoin::hashes::{Hash, sha256d};
        for count in 1..40 {
            let hashes = leaves(count).into_iter().map(sha256d::Hash::from_byte_array);
            let theirs = bitcoin::merkle_tree::calculate_root(hashes).expect("not empty");
            assert_eq!(root(leaves(count)), theirs.to_byte_array(), "{count} leaves");
        }
    }

    #[test]
    fn every_leaf_has_a_proof_and_only_that_leaf() {
        for count in 1..40 {
            let leaves = leaves(count);
            let root = root(leaves.clone());
            for index in 0..count {
                let proof = MerkleProof::new(leaves.clone(), index).expect("there is such a leaf");
                for (other, leaf) in leaves.iter().enumerate() {
                    assert_eq!(proof.leads(*leaf, root), other == index);
                }
            }
            assert_eq!(MerkleProof::new(leaves, count), None);
        }
    }

    #[test]
    fn a_repeated_end_is_no_leaf_of_its_own() {
        for count in [3, 5, 6, 7, 11] {
            let leaves = leaves(count);
            let root = root(leaves.clone());
            for index in 0..count {
                let proof = MerkleProof::new(leaves.clone(), index).expect("there is such a leaf");
                for other in (0..1 << proof.beside.len()).filter(|other| *other != index) {
                    let moved = MerkleProof { index: other, ..proof.clone() };
                    assert!(!moved.leads(leaves[index], root), "{index} of {count} as {other}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_proof_with_anything_changed_leads_nowhere(
            count in 2..40_usize,
            index in any::<prop::sample::Index>(),
            change in any::<prop::sample::Index>(),
            bit in 0..8_u8,
        ) {
            let leaves = leaves(count);
            let index = index.index(count);
            let root = root(leaves.clone());
            let proof = MerkleProof::new(leaves.clone(), index).expect("there is such a leaf");
            let mut wrong = proof.clone();
            let at = change.index(32 * wrong.beside.len());
            wrong.beside[at / 32][at % 32] ^= 1 << bit;
            prop_assert!(!wrong.leads(leaves[index], root));
            let far = MerkleProof { index: index + (1 << proof.beside.len()), ..proof.clone() };
            prop_assert!(!far.leads(leaves[index], root));
            let mut short = proof;
            short.beside.pop();
            prop_assert!(!short.leads(leaves[index], root));
        }
    }
}
