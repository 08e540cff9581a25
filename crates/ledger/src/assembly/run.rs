//! Committed blocks with what proves it, for a reader that has the block before them (rule L15).

use althing_types::BlockHash;
use bitcoin::block::Header;
use bitcoin::hashes::Hash;
use serde::{Deserialize, Serialize};

use super::certificate::{Certificate, CertificateProblem};
use super::statement::Statement;
use crate::block::{Block, NativeBlock};
use crate::charter::{ChainId, Charter};
use crate::signature::Authenticator;

/// Headers between the last block of a run and the one that was finalized. Only blocks that were
/// not finalized themselves need them, and it takes much trouble for so many in a row.
pub const RUN_HEADERS_MAX: usize = 512;

/// Blocks in a row that are committed, and what proves it: the certificate of the last one or of
/// one after it, to which headers lead.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CertifiedRun {
    /// The blocks, lowest first; at least one.
    pub blocks: Vec<NativeBlock>,
    /// The headers of the blocks after them, up to the one that was finalized.
    pub headers: Vec<Header>,
    /// What a quorum has finalized.
    pub finalization: Certificate,
}

/// Why a run proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunProblem {
    /// Rule L15.
    #[error("no blocks, or more headers than {RUN_HEADERS_MAX}")]
    Size,
    /// Rule L15.
    #[error("what block {0} holds is not what is under its root")]
    RootWrong(BlockHash),
    /// Rule L15.
    #[error("the blocks and headers do not follow each other up to the block that was finalized")]
    Broken,
    /// Rule L2 or L4.
    #[error(transparent)]
    Certificate(#[from] CertificateProblem),
}

impl CertifiedRun {
    /// Returns whether the blocks are committed in the chain of the charter, if the block before
    /// the first of them is, and are what its members have seen of them.
    pub fn verify(
        &self,
        charter: &Charter,
        chain: &ChainId,
        authenticator: &dyn Authenticator,
    ) -> Result<(), RunProblem> {
        if self.blocks.is_empty() || self.headers.len() > RUN_HEADERS_MAX {
            return Err(RunProblem::Size);
        }
        let headers = self.blocks.iter().map(|block| &block.header).chain(&self.headers);
        if !leads_to(headers, &self.finalization.statement) {
            return Err(RunProblem::Broken);
        }
        self.finalization.verify(charter, chain, authenticator)?;
        // What is not hashed can be changed by anyone on the way.
        match self.blocks.iter().find(|block| !block.has_its_root()) {
            Some(block) => Err(RunProblem::RootWrong(block.hash())),
            None => Ok(()),
        }
    }
}

/// Returns whether each of these headers follows on the one before it, and the last of them is that
/// of a block which this statement finalizes.
pub(super) fn leads_to<'a>(
    headers: impl Iterator<Item = &'a Header>,
    statement: &Statement,
) -> bool {
    let Statement::Finalize { block: finalized, .. } = statement else { return false };
    let mut last: Option<BlockHash> = None;
    for header in headers {
        let parent = header.prev_blockhash.to_byte_array();
        if last.is_some_and(|last| parent != *last.as_bytes()) {
            return false;
        }
        last = Some(Block::hash_of_header(header));
    }
    last == Some(*finalized)
}
