//! What shows that an entry is in a block: its hash, and what ties the entry to it.

use althing_api::{Code, EntryProof, Evidence, Problem};
use althing_dialect::assembly::{Assembly, fields};
use althing_dialect::{ChainDialect, Codec};
use althing_engine::simplex::{CommittedBlock, Durable};
use althing_ledger::Block;
use althing_ledger::assembly::{Certificate, CommitProof, RUN_HEADERS_MAX};
use althing_ledger::merkle::MerkleHash;
use althing_store::Reader;
use althing_text::hex;
use althing_types::BlockHash;
use bitcoin::consensus::encode::serialize;

use super::{Answer, of_disk};
use crate::certificate::rules;

/// Returns the proof of the entry at a place of a block, which has this hash after the block with
/// the hash `before`.
pub(super) fn of(
    dialect: &dyn ChainDialect,
    block: &Block,
    hash: BlockHash,
    before: Option<BlockHash>,
    place: u64,
) -> Answer<EntryProof> {
    let height = block.height().number();
    let index = usize::try_from(place).unwrap_or(usize::MAX);
    let entry = block.entries().get(index).ok_or_else(|| {
        Problem::new(Code::NotFound, format!("block {height} has no entry at place {place}"))
    })?;
    let evidence = match block {
        Block::Native(native) => {
            let path = native.prove(index).expect("the block has this entry");
            Evidence::Header {
                header: hex::encode(&serialize(&native.header)),
                leaf: path.index as u64,
                beside: path.beside.iter().map(|hash| hex::encode(hash)).collect(),
            }
        }
        Block::Aviary(_) | Block::Cs60(_) => Evidence::Block {
            block: hex::encode(&dialect.encode_block(block)),
            previous: before.map(|hash| hash.to_string()),
        },
    };
    let (rules, hash) = (rules(&dialect.network()), hash.to_string());
    let entry = hex::encode(entry.as_bytes());
    let (format, version) = (EntryProof::FORMAT.to_owned(), EntryProof::VERSION);
    Ok(EntryProof { format, version, rules, height, hash, place, entry, evidence })
}

/// Returns the proof of the entry at a place of a block of an assembly, as its log has it. Blocks
/// the thread.
pub fn commit_proof(
    dialect: &Assembly,
    log: &Reader<Durable>,
    height: u64,
    place: u64,
) -> Answer<EntryProof> {
    let mut from_here = from(log, height);
    let first = from_here.next().transpose()?.ok_or_else(|| {
        Problem::new(Code::NotFound, format!("the chain has no block at height {height}"))
    })?;
    let (block, mut finalization) = (first.block, first.finalization);
    let mut headers = Vec::new();
    while finalization.is_none() && headers.len() < RUN_HEADERS_MAX {
        let Some(next) = from_here.next().transpose()? else { break };
        headers.push(next.header());
        finalization = next.finalization;
    }
    let finalization = finalization.ok_or_else(|| {
        let reason = "the certificate that commits this block is not here yet; ask another member";
        Problem::new(Code::Conflict, reason)
    })?;
    let index = usize::try_from(place).unwrap_or(usize::MAX);
    let proof = CommitProof::new(&block, index, headers, finalization).ok_or_else(|| {
        Problem::new(Code::NotFound, format!("block {height} has no entry at place {place}"))
    })?;
    Ok(as_told(dialect, &proof, height, place))
}

/// Returns a proof as it is written into a file.
pub fn as_told(dialect: &Assembly, proof: &CommitProof, height: u64, place: u64) -> EntryProof {
    let all = |hashes: &[MerkleHash]| hashes.iter().map(|hash| hex::encode(hash)).collect();
    let header = |header| hex::encode(&Block::header_bytes(header));
    EntryProof {
        format: EntryProof::FORMAT.to_owned(),
        version: EntryProof::VERSION,
        rules: rules(&dialect.network()),
        height,
        hash: Block::hash_of_header(&proof.header).to_string(),
        place,
        entry: hex::encode(proof.entry.as_bytes()),
        evidence: Evidence::Certificate {
            charter: dialect.charter().to_document(),
            header: header(&proof.header),
            leaf: proof.path.index as u64,
            beside: all(&proof.path.beside),
            coinbase: hex::encode(&proof.coinbase.encode()),
            branch: all(&proof.branch),
            headers: proof.headers.iter().map(header).collect(),
            certificate: certificate_digits(&proof.finalization),
        },
    }
}

/// Returns a certificate as it is sent, in hexadecimal digits.
pub(super) fn certificate_digits(certificate: &Certificate) -> String {
    let bytes = fields::encode_certificate(certificate);
    hex::encode(&bytes.expect("a charter has no more members than a certificate may have"))
}

/// Blocks that are read at a time.
const READ_MAX: usize = 16;

/// Returns the blocks from a height on.
fn from(log: &Reader<Durable>, height: u64) -> impl Iterator<Item = Answer<CommittedBlock>> + '_ {
    let (mut next, mut page) = (height, Vec::new().into_iter());
    std::iter::from_fn(move || {
        if page.len() == 0 {
            match log.entries(next, READ_MAX) {
                Ok(read) => page = read.into_iter(),
                Err(error) => return Some(Err(of_disk(&error))),
            }
        }
        next += 1;
        page.next().map(Ok)
    })
}
