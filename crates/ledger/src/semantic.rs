//! Whether a block's hash is its own and shows the work (rules B6 and B7).

use althing_types::{BlockHash, Height};

use crate::block::Block;
use crate::rules::Rules;
use crate::target::Target;

/// Why a block's hash is worth nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Semantic {
    /// Rule B6.
    #[error("the block says its hash is {claimed}, and it is {found}")]
    HashWrong {
        /// What it says.
        claimed: BlockHash,
        /// What it is.
        found: BlockHash,
    },
    /// Rule B7.
    #[error("block {hash} does not have {wanted}")]
    WorkTooLow {
        /// Its hash.
        hash: BlockHash,
        /// What it should have.
        wanted: Target,
    },
    /// Rule D2.
    #[error("no block can be found at height {height}")]
    Unfindable {
        /// The height it claims.
        height: Height,
    },
}

/// A hash that is its block's own, with the work it shows.
pub(crate) struct Proven {
    pub(crate) hash: BlockHash,
    pub(crate) target: Target,
}

/// Checks `block` after a parent with the hash `parent`, at the difficulty that it states itself.
pub(crate) fn check(
    rules: &Rules,
    block: &Block,
    parent: Option<&BlockHash>,
) -> Result<Proven, Semantic> {
    let hash = block.hash_after(parent);
    if let Some(claimed) = block.claimed_hash().filter(|claimed| *claimed != hash) {
        return Err(Semantic::HashWrong { claimed, found: hash });
    }
    let height = block.height();
    let target = rules.difficulty.target(height).ok_or(Semantic::Unfindable { height })?;
    if !target.is_met_by(&hash) {
        return Err(Semantic::WorkTooLow { hash, wanted: target });
    }
    Ok(Proven { hash, target })
}
