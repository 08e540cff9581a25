//! Whether a block's hash is its own and shows the work (rules B6 to B9).

use althing_types::{BlockHash, Height};

use crate::block::Block;
use crate::entry::Entry;
use crate::rules::Rules;
use crate::signed::{NotSigned, SignedEntry};
use crate::target::Target;

/// Why a block's hash proves no work, or not enough.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Semantic {
    /// Rule B6.
    #[error("the block states the hash {claimed}, but its hash is {found}")]
    HashWrong {
        /// The hash that it states.
        claimed: BlockHash,
        /// Its actual hash.
        found: BlockHash,
    },
    /// Rule B7.
    #[error(
        "its hash, {hash}, does not have {wanted}: the block was changed after it was found, or \
         never found"
    )]
    WorkTooLow {
        /// Its hash.
        hash: BlockHash,
        /// What it should have.
        wanted: Target,
    },
    /// Rule B8.
    #[error("the entries of block {hash} are not the ones under its Merkle root")]
    RootWrong {
        /// Its hash.
        hash: BlockHash,
    },
    /// Rule B9.
    #[error("entry {index}: {reason}")]
    EntryNotAuthentic {
        /// The position of the entry in the block.
        index: usize,
        /// What is wrong with it.
        reason: NotSigned,
    },
    /// Rule D2.
    #[error("no block can be found at height {height}")]
    Unfindable {
        /// The height it claims.
        height: Height,
    },
}

impl Semantic {
    /// Returns the rule that is broken.
    pub(crate) fn rule(&self) -> &'static str {
        match self {
            Self::HashWrong { .. } => "B6",
            Self::WorkTooLow { .. } => "B7",
            Self::RootWrong { .. } => "B8",
            Self::EntryNotAuthentic { .. } => "B9",
            Self::Unfindable { .. } => "D2",
        }
    }
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
    let target = rules.difficulty.stated(block).ok_or(Semantic::Unfindable { height })?;
    if !target.is_met_by(&hash) {
        return Err(Semantic::WorkTooLow { hash, wanted: target });
    }
    // Only after the work, since this is what costs us most.
    if let Block::Native(native) = block {
        if !native.has_its_root() {
            return Err(Semantic::RootWrong { hash });
        }
        check_authors(rules, &native.entries)?;
    }
    Ok(Proven { hash, target })
}

/// Checks that entries are their authors': all together, and one by one if any of them is not, to
/// name the first.
fn check_authors(rules: &Rules, entries: &[Entry]) -> Result<(), Semantic> {
    let decoded: Result<Vec<SignedEntry>, NotSigned> =
        entries.iter().map(SignedEntry::decode).collect();
    if let (Some(chain), Ok(decoded)) = (rules.chain(), decoded)
        && SignedEntry::are_authentic(&decoded, &chain)
    {
        return Ok(());
    }
    let mut entries = entries.iter().enumerate();
    entries.try_for_each(|(index, entry)| check_author(rules, index, entry))
}

/// Checks that an entry is its author's; `index` is for the error.
pub(crate) fn check_author(rules: &Rules, index: usize, entry: &Entry) -> Result<(), Semantic> {
    let not_authentic = |reason| Semantic::EntryNotAuthentic { index, reason };
    let chain = rules.chain().ok_or(not_authentic(NotSigned::SignatureWrong))?;
    let signed = SignedEntry::decode(entry).map_err(not_authentic)?;
    signed.verify(&chain).map_err(not_authentic)
}
