use althing_ledger::merkle::{self, MerkleHash, MerkleProof};
use althing_ledger::{Block, Header, NativeBlock, Target};
use althing_types::BlockHash;
use bitcoin::TxMerkleNode;
use bitcoin::hashes::Hash;
use bitcoin::hex::DisplayHex;
use serde_json::{Value, json};

use crate::request::Submission;

/// A block to be mined, as miners are told of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Job {
    block: NativeBlock,
    /// What the imprint is around the salt.
    imprint: (Vec<u8>, Vec<u8>),
    way: MerkleProof,
}

/// A header that a miner says is a share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) header: Header,
    pub(crate) hash: BlockHash,
    salt: u64,
}

impl Job {
    pub(crate) fn new(block: NativeBlock) -> Self {
        let (imprint, way) = (block.around_salt(), block.way_of_imprint());
        Self { block, imprint, way }
    }

    pub(crate) fn block(&self) -> &NativeBlock {
        &self.block
    }

    pub(crate) fn target(&self) -> Target {
        Target::AtMost(self.block.header.bits)
    }

    /// Returns the parameters of `mining.notify`, under a name and with a time. The last of them
    /// asks for all older work to be dropped.
    pub(crate) fn parameters(&self, name: &str, time: u32, is_urgent: bool) -> Value {
        let header = &self.block.header;
        let branch: Vec<String> =
            self.way.beside.iter().map(DisplayHex::to_lower_hex_string).collect();
        json!([
            name,
            in_words(header.prev_blockhash.to_byte_array()).to_lower_hex_string(),
            self.imprint.0.to_lower_hex_string(),
            self.imprint.1.to_lower_hex_string(),
            branch,
            format!("{:08x}", header.version.to_consensus()),
            format!("{:08x}", header.bits.to_consensus()),
            format!("{time:08x}"),
            is_urgent,
        ])
    }

    /// Returns the header that a miner with this first extranonce means.
    pub(crate) fn candidate(&self, extranonce1: u32, submission: &Submission) -> Candidate {
        let salt = u64::from(extranonce1) << 32 | u64::from(submission.extranonce2);
        let (before, after) = &self.imprint;
        let imprint: MerkleHash = merkle::leaf(&[before, &salt.to_be_bytes()[..], after].concat());
        let header = Header {
            merkle_root: TxMerkleNode::from_byte_array(self.way.root_over(imprint)),
            time: submission.time,
            nonce: submission.nonce,
            ..self.block.header
        };
        Candidate { header, hash: Block::hash_of_header(&header), salt }
    }

    /// Returns the block with the header of a candidate of this job.
    pub(crate) fn solved(&self, candidate: &Candidate) -> NativeBlock {
        let mut block = self.block.clone();
        block.imprint.salt = candidate.salt;
        block.header = candidate.header;
        block
    }
}

/// Returns a hash as `mining.notify` has it: the bytes of each word of four in turned order.
fn in_words(mut hash: [u8; 32]) -> [u8; 32] {
    hash.chunks_exact_mut(4).for_each(<[u8]>::reverse);
    hash
}
