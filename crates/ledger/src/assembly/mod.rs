//! Blocks of an assembly and what proves that they are committed, for readers that know nothing but
//! the charter.
//!
//! Members of an assembly say three things about a block, each at most once in a [view] and signed:
//! *notarize* (I have this block and it is valid), *nullify* (this view need not have a block) and
//! *finalize* (I have seen it notarized, and shall never nullify its view). A quorum of one of them
//! is a [`Certificate`]; one of finalize commits the block with all blocks before it. How members
//! come to say this is the business of the engine; this module says what the words are, which bytes
//! are signed, and which blocks are valid.
//!
//! A block has the header and the entries of all our own chains ([`NativeBlock`]). What the
//! assembly adds to it is its [`Seal`]: the view, the member that made it and the salt of the
//! challenge, as the text that other chains have for the miner's name. So it is under the Merkle
//! root, and the header alone proves it.
//!
//! | file | question |
//! | --- | --- |
//! | `statement` | what do members say, and when do two words contradict each other? |
//! | `certificate` | has a quorum said it? |
//! | `seal` | what does a block say about its view? |
//! | `block` | may a block follow another one? |
//! | `run` | how does a reader know that blocks are committed? |
//! | `proof` | how does one who has only the charter know that an entry is committed? |
//! | `audit` | is a whole chain valid, and committed by its members? |
//!
//! [view]: althing_types::View
//! [`NativeBlock`]: crate::NativeBlock

mod audit;
mod block;
mod certificate;
mod proof;
mod run;
mod seal;
mod statement;

#[cfg(test)]
mod tests;

pub use self::audit::{Audit, Audited, ChainProblem};
pub use self::block::{
    AHEAD_MAX, BLOCK_BYTES_MAX, BlockProblem, ENTRIES_MAX, ENTRY_BYTES_MAX, Facts, genesis,
};
pub use self::certificate::{Certificate, CertificateProblem};
pub use self::proof::{CommitProof, ProofProblem, Proven};
pub use self::run::{CertifiedRun, RUN_HEADERS_MAX, RunProblem};
pub use self::seal::Seal;
pub use self::statement::{Evidence, SignedStatement, Statement, StatementKind};
pub use crate::signature::{Authenticator, Claim, Ed25519, Signature, are_authentic};
