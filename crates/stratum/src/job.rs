//! A block as miners are told of it, and a share as the header it stands for.

use althing_ledger::merkle::{self, MerkleHash, MerkleProof};
use althing_ledger::{Block, Header, NativeBlock, Target};
use althing_types::BlockHash;
use bitcoin::TxMerkleNode;
use bitcoin::block::Version;
use bitcoin::hashes::Hash;
use bitcoin::hex::DisplayHex;
use serde_json::{Value, json};

use crate::request::Submission;

/// A block to be mined, in the form in which miners receive it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Job {
    block: NativeBlock,
    /// The coinbase before and after the extra nonce.
    coinbase: (Vec<u8>, Vec<u8>),
    way: MerkleProof,
}

/// A header that a miner submits as a share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) header: Header,
    pub(crate) hash: BlockHash,
    extra_nonce: u64,
}

impl Job {
    pub(crate) fn new(block: NativeBlock) -> Self {
        let (coinbase, way) = (block.around_extra_nonce(), block.coinbase_branch());
        Self { block, coinbase, way }
    }

    pub(crate) fn block(&self) -> &NativeBlock {
        &self.block
    }

    pub(crate) fn target(&self) -> Target {
        Target::AtMost(self.block.header.bits)
    }

    /// Returns the parameters of `mining.notify`, with a job id and a time. The last parameter asks
    /// the miner to drop all older work.
    pub(crate) fn parameters(&self, name: &str, time: u32, is_urgent: bool) -> Value {
        let header = &self.block.header;
        let branch: Vec<String> =
            self.way.beside.iter().map(DisplayHex::to_lower_hex_string).collect();
        json!([
            name,
            in_words(header.prev_blockhash.to_byte_array()).to_lower_hex_string(),
            self.coinbase.0.to_lower_hex_string(),
            self.coinbase.1.to_lower_hex_string(),
            branch,
            format!("{:08x}", header.version.to_consensus()),
            format!("{:08x}", header.bits.to_consensus()),
            format!("{time:08x}"),
            is_urgent,
        ])
    }

    /// Returns the header that a miner with this first extranonce has hashed, where the version has
    /// the bits in `mask` from the miner, and all others from the job.
    pub(crate) fn candidate(
        &self,
        extranonce1: u32,
        submission: &Submission,
        mask: u32,
    ) -> Candidate {
        let extra_nonce = u64::from(extranonce1) << 32 | u64::from(submission.extranonce2);
        let (before, after) = &self.coinbase;
        let coinbase: MerkleHash =
            merkle::leaf(&[before, &extra_nonce.to_be_bytes()[..], after].concat());
        // BIP 310 speaks of the version's bits, whatever their sign as a number.
        let version = self.block.header.version.to_consensus().cast_unsigned();
        let version = match submission.version_bits {
            Some(bits) => version & !mask | bits & mask,
            None => version,
        };
        let header = Header {
            version: Version::from_consensus(version.cast_signed()),
            merkle_root: TxMerkleNode::from_byte_array(self.way.root_over(coinbase)),
            time: submission.time,
            nonce: submission.nonce,
            ..self.block.header
        };
        Candidate { header, hash: Block::hash_of_header(&header), extra_nonce }
    }

    /// Returns the block with the header of a candidate of this job.
    pub(crate) fn solved(&self, candidate: &Candidate) -> NativeBlock {
        let mut block = self.block.clone();
        block.coinbase.extra_nonce = candidate.extra_nonce;
        block.header = candidate.header;
        block
    }
}

/// Returns a hash in the byte order of `mining.notify`: the bytes of each word of four reversed.
fn in_words(mut hash: [u8; 32]) -> [u8; 32] {
    hash.chunks_exact_mut(4).for_each(<[u8]>::reverse);
    hash
}
