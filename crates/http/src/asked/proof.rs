//! What shows that an entry is in a block: its hash, and what ties the entry to it.

use althing_api::{Code, EntryProof, Evidence, Problem};
use althing_dialect::ChainDialect;
use althing_ledger::Block;
use althing_text::hex;
use althing_types::BlockHash;
use bitcoin::consensus::encode::serialize;

use super::Answer;
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
    Ok(EntryProof { rules, height, hash, place, entry, evidence })
}
