//! What proves that an entry is committed, to one who has nothing but the charter.

use althing_types::{BlockHash, Height, UnixTime, View};
use bitcoin::block::Header;

use super::certificate::{Certificate, CertificateProblem, anyone};
use super::run::{RUN_HEADERS_MAX, leads_to};
use super::seal::Seal;
use crate::block::{Block, Coinbase, NativeBlock};
use crate::charter::{ChainId, Charter, MemberIndex};
use crate::entry::Entry;
use crate::merkle::{MerkleHash, MerkleProof};
use crate::signed::{NotSigned, SignedEntry};

/// An entry with what ties it to a certificate of the members: a path to the root in the header of
/// its block, and the headers from there to the block that a quorum has finalized. The coinbase has
/// such a path as well, since height and view are in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitProof {
    /// The entry.
    pub entry: Entry,
    /// Its path to the root. The coinbase is the first leaf, so the first entry is leaf 1.
    pub path: MerkleProof,
    /// The coinbase of its block, which has the height and the seal.
    pub coinbase: Coinbase,
    /// What is beside the coinbase at each level.
    pub branch: Vec<MerkleHash>,
    /// The header of its block.
    pub header: Header,
    /// The headers of the blocks after it, up to the one that was finalized.
    pub headers: Vec<Header>,
    /// What a quorum has finalized.
    pub finalization: Certificate,
}

/// What a [`CommitProof`] has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The hash of the block that has the entry.
    pub hash: BlockHash,
    /// Its height.
    pub height: Height,
    /// The view in which it was proposed.
    pub view: View,
    /// The member that has made it.
    pub maker: MemberIndex,
    /// The time that it states.
    pub time: UnixTime,
    /// Which entry of the block it is, counted from zero.
    pub place: usize,
    /// The entry; its author has signed it.
    pub entry: SignedEntry,
}

/// Why a [`CommitProof`] shows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofProblem {
    /// Rule L6.
    #[error("the entry is wrong: {0}")]
    Entry(#[from] NotSigned),
    /// Rule L6.
    #[error("the path does not lead from the entry to the header of the block")]
    PathWrong,
    /// Rule L6.
    #[error("the path does not lead from the height and the seal to the header of the block")]
    BranchWrong,
    /// Rule L6.
    #[error("the block has no seal, or one of a member that the charter does not have")]
    NoSeal,
    /// Rule L15.
    #[error("more headers than {RUN_HEADERS_MAX}")]
    TooManyHeaders,
    /// Rule L15.
    #[error("the headers do not lead from the block to the one that was finalized")]
    Broken,
    /// Rule L6.
    #[error("the seal says view {found}, and members have finalized the block in view {wanted}")]
    ViewWrong {
        /// What the seal says.
        found: View,
        /// What the members say.
        wanted: View,
    },
    /// Rule L2 or L4.
    #[error(transparent)]
    Certificate(#[from] CertificateProblem),
}

impl CommitProof {
    /// Returns the proof of the entry at a place of a block, counted from zero; `None` if the block
    /// has fewer. `headers` are those of the blocks after it, up to the one with the certificate.
    pub fn new(
        block: &NativeBlock,
        place: usize,
        headers: Vec<Header>,
        finalization: Certificate,
    ) -> Option<Self> {
        Some(Self {
            entry: block.entries.get(place)?.clone(),
            path: block.prove(place)?,
            coinbase: block.coinbase.clone(),
            branch: block.coinbase_branch().beside,
            header: block.header,
            headers,
            finalization,
        })
    }

    /// Returns what it shows, to one who knows that this is the charter of the chain.
    pub fn verify(&self, charter: &Charter, chain: &ChainId) -> Result<Proven, ProofProblem> {
        if self.headers.len() > RUN_HEADERS_MAX {
            return Err(ProofProblem::TooManyHeaders);
        }
        let entry = SignedEntry::decode(&self.entry)?;
        entry.verify(&chain.for_entries())?;
        if !NativeBlock::is_proven(&self.header, &self.entry, &self.path) {
            return Err(ProofProblem::PathWrong);
        }
        let branch = self.branch.clone();
        if !NativeBlock::is_coinbase_proven(&self.header, &self.coinbase, branch) {
            return Err(ProofProblem::BranchWrong);
        }
        let seal = Seal::of_coinbase(&self.coinbase).ok_or(ProofProblem::NoSeal)?;
        charter.member(seal.maker).ok_or(ProofProblem::NoSeal)?;
        let statement = self.finalization.statement;
        if !leads_to(std::iter::once(&self.header).chain(&self.headers), &statement) {
            return Err(ProofProblem::Broken);
        }
        let (found, wanted) = (seal.view, statement.view());
        if self.headers.is_empty() && found != wanted {
            return Err(ProofProblem::ViewWrong { found, wanted });
        }
        self.finalization.verify(charter, chain, &anyone())?;
        Ok(Proven {
            hash: Block::hash_of_header(&self.header),
            height: self.coinbase.height,
            view: seal.view,
            maker: seal.maker,
            time: UnixTime::from_seconds(self.header.time.into()),
            // A path to the coinbase is none to an entry.
            place: self.path.index - 1,
            entry,
        })
    }
}
