//! The ways in which an invariant of assemblies can be broken.

use althing_ledger::assembly::{CertificateProblem, Statement};
use althing_ledger::charter::MemberIndex;
use althing_types::{BlockHash, Height, View};

/// A broken invariant: an honest peer of an assembly did what must never happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// Rule L10: two honest peers have committed different blocks.
    #[error("peer {peer} has committed {found} at height {height}, but peer {other} {before}")]
    Disagreement {
        /// The peer.
        peer: usize,
        /// The height.
        height: Height,
        /// Its block.
        found: BlockHash,
        /// A peer that was there before.
        other: usize,
        /// The block of that one.
        before: BlockHash,
    },
    /// Rules L7 to L9: an honest member has contradicted itself, perhaps in two lives.
    #[error("peer {peer} has said {first} and {second}")]
    Contradiction {
        /// The peer.
        peer: usize,
        /// What it has said first.
        first: Statement,
        /// What it has said after that.
        second: Statement,
    },
    /// Rule L2: quorums have notarized or finalized two blocks of a view, or finalized one of a
    /// view that another one has nullified.
    #[error("peer {peer} has a certificate to {second}, and there is one to {first}")]
    CertifiedTwice {
        /// The peer.
        peer: usize,
        /// What a quorum has said.
        first: Statement,
        /// What one has said besides.
        second: Statement,
    },
    /// Rule L10: what should prove that a block is committed does not.
    #[error("peer {peer} has committed height {height} with no certificate: {reason}")]
    NotCertified {
        /// The peer.
        peer: usize,
        /// The height.
        height: Height,
        /// What is wrong with it.
        reason: CertificateProblem,
    },
    /// Rule L6: a block does not follow the one before it.
    #[error("peer {peer} has committed a block at height {height} that follows another one")]
    Broken {
        /// The peer.
        peer: usize,
        /// The height.
        height: Height,
    },
    /// Rule L13: a peer has come back with less than it had.
    #[error("peer {peer} had {had} blocks, and came back with {found}")]
    Forgotten {
        /// The peer.
        peer: usize,
        /// The blocks that it had committed.
        had: u64,
        /// The blocks that it has.
        found: u64,
    },
    /// Rule L13: a peer has come back without what it has said.
    #[error("peer {peer} came back without its words of view {view}")]
    WordsForgotten {
        /// The peer.
        peer: usize,
        /// The view.
        view: View,
    },
    /// Rule L12: an honest member is accused.
    #[error("peer {peer} has evidence against member {member}, who is honest")]
    HonestAccused {
        /// The peer.
        peer: usize,
        /// The member.
        member: MemberIndex,
    },
    /// A quorum has committed what an honest peer finds invalid.
    #[error("peer {peer} cannot follow: {reason}")]
    Diverged {
        /// The peer.
        peer: usize,
        /// What is wrong with the block.
        reason: String,
    },
}
