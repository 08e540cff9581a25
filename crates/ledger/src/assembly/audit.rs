//! Whether a whole chain is valid, and what of it its members have committed: for one who has the
//! charter, and trusts none of them alone.

use std::sync::Arc;

use althing_types::{BlockHash, Height, UnixTime};

use super::block::{BlockProblem, Facts, genesis};
use super::certificate::{Certificate, CertificateProblem, anyone};
use super::seal::Seal;
use super::statement::Statement;
use crate::application::{Application, EntriesRefused};
use crate::block::NativeBlock;
use crate::charter::{ChainId, Charter};

/// Checks the blocks of a chain one by one, from the first after the genesis on. Use
/// [`Audit::check`], and at the end [`Audit::finish`].
pub struct Audit {
    charter: Arc<Charter>,
    chain: ChainId,
    tip: Facts,
    application: Box<dyn Application>,
    audited: Audited,
}

/// The result of an audit: the chain that was checked, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audited {
    /// The height of the last block; the genesis has none before it.
    pub height: Height,
    /// The hash of the last block.
    pub hash: BlockHash,
    /// The time that the last block states.
    pub time: UnixTime,
    /// How many entries all blocks have.
    pub entries: u64,
    /// How many blocks have a certificate of their own.
    pub certificates: u64,
    /// The height of the last block with a certificate, which commits it with all before it.
    pub committed: Height,
}

/// Why a block is not the next of its chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainProblem {
    /// Rule L5 or L6.
    #[error(transparent)]
    Block(#[from] BlockProblem),
    /// Rule L6.
    #[error("its entries are refused: {0}")]
    Entries(#[from] EntriesRefused),
    /// Rule L10.
    #[error("its certificate is about another block or view, or does not finalize it")]
    OtherBlock,
    /// Rule L2 or L4.
    #[error("its certificate proves nothing: {0}")]
    Certificate(#[from] CertificateProblem),
    /// Rule L10.
    #[error(
        "from this one on no block has a certificate, so nothing here proves that they are \
         committed"
    )]
    Unproven,
}

impl Audit {
    /// Begins with the genesis. `application` is the state before any entry.
    pub fn new(charter: Arc<Charter>, application: Box<dyn Application>) -> Self {
        let chain = charter.chain_id();
        let tip = Facts::of_genesis(&genesis(&charter, &chain));
        let audited = Audited {
            height: tip.height,
            hash: tip.hash,
            time: tip.time,
            entries: 0,
            certificates: 0,
            committed: tip.height,
        };
        Self { charter, chain, tip, application, audited }
    }

    /// Returns the height of the block that is to come next.
    pub fn next(&self) -> Height {
        self.tip.height.next()
    }

    /// Checks the next block, and what has finalized it, if it has a certificate of its own.
    pub fn check(
        &mut self,
        block: &NativeBlock,
        finalization: Option<&Certificate>,
    ) -> Result<(), ChainProblem> {
        let seal = Seal::of(block).ok_or_else(|| BlockProblem::NoSeal(block.hash()))?;
        let facts = self.tip.follow(&self.charter, block, seal.view)?;
        // Members have compared its time with their clocks; ours shows another one now.
        facts.check_entries(&self.chain, block, |_| false, facts.time)?;
        self.application.check(&facts.context(), &block.entries)?;
        if let Some(certificate) = finalization {
            let wanted = Statement::Finalize { view: facts.view, block: facts.hash };
            if certificate.statement != wanted {
                return Err(ChainProblem::OtherBlock);
            }
            certificate.verify(&self.charter, &self.chain, &anyone())?;
            self.audited.certificates += 1;
            self.audited.committed = facts.height;
        }
        self.application.apply(&facts.context(), &block.entries);
        self.audited.entries += block.entries.len() as u64;
        (self.audited.height, self.audited.hash) = (facts.height, facts.hash);
        self.audited.time = facts.time;
        self.tip = facts;
        Ok(())
    }

    /// Returns what was checked, if the last block has a certificate: otherwise the first one is
    /// told after which there is none, and why that is not enough.
    pub fn finish(self) -> Result<Audited, (Height, ChainProblem)> {
        match self.audited.committed == self.audited.height {
            true => Ok(self.audited),
            false => Err((self.audited.committed.next(), ChainProblem::Unproven)),
        }
    }
}
