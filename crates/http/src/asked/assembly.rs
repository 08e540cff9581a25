//! What a peer of an assembly answers.

use std::ops::Range;
use std::sync::Arc;

use althing_api::{AssemblyStatus, Code, Contradiction, EntryProof, NewEntry, Problem, Submitted};
use althing_dialect::assembly::Assembly;
use althing_engine::simplex::{self, Simplex, SimplexStatus};
use althing_feed::{CharterMember, Id};
use althing_ledger::Block;
use althing_ledger::assembly::Seal;
use althing_ledger::charter::{Member, MemberIndex};
use althing_node::Commands;
use althing_node::assembly::Entries;
use althing_types::{BlockHash, Height, PeerId};

use super::chain::submitted;
use super::listing::Blocks;
use super::{Answer, has_left, of_disk};

#[derive(Clone)]
pub(super) struct AskedAssembly {
    pub(super) commands: Commands<Simplex>,
    pub(super) entries: Entries,
    pub(super) dialect: Arc<Assembly>,
}

impl AskedAssembly {
    pub(super) fn status(&self, status: &SimplexStatus) -> AssemblyStatus {
        let charter = self.dialect.charter();
        let id = |index: MemberIndex| -> Id {
            charter.member(index).map_or(PeerId::UNNAMED, Member::id).into()
        };
        let contradictions = status.evidence.iter().map(|evidence| Contradiction {
            member: id(evidence.member),
            first: evidence.first.into(),
            second: evidence.second.into(),
        });
        AssemblyStatus {
            chain: self.dialect.chain().to_string(),
            members: CharterMember::all(charter),
            quorum: charter.quorum(),
            observing: status.observing.map(Into::into),
            silent: status.suspected.iter().copied().map(id).collect(),
            view: status.view.number(),
            leader: id(status.leader),
            height: status.height.number(),
            tip: status.tip.to_string(),
            mempool: status.mempool,
            searching: status.searching.map(Height::number),
            contradictions: contradictions.collect(),
        }
    }

    /// Has a note committed, signed by the owner of this peer.
    pub(super) async fn add(&self, new: NewEntry) -> Answer<Submitted> {
        let entry = match self.entries.note(&new.text) {
            Ok(entry) => entry,
            Err(refused) => return Ok(Submitted::Invalid { reason: refused.to_string() }),
        };
        // What is committed is never undone, so no further block is waited for.
        let submission = self.entries.submit(entry).await.map_err(has_left)?;
        submitted(&submission.outcome().await.map_err(has_left)?)
    }

    pub(super) fn proof(&self, _: u64, _: u64) -> Answer<EntryProof> {
        Err(Problem::new(Code::WrongNetwork, "there are no proofs of assemblies in this version"))
    }
}

impl Blocks for AskedAssembly {
    fn heights(&self) -> Answer<Range<u64>> {
        self.entries.log().range().map_err(|error| of_disk(&error))
    }

    fn read(&self, from: u64, count: usize) -> Answer<Vec<Block>> {
        let read = self.entries.log().entries(from, count).map_err(|error| of_disk(&error))?;
        Ok(read.into_iter().map(|committed| Block::Native(committed.block)).collect())
    }

    fn genesis(&self) -> Option<BlockHash> {
        Some(self.dialect.genesis().hash())
    }

    fn work(&self, block: &Block) -> u128 {
        match block {
            Block::Native(block) if self.dialect.charter().is_mined() => {
                althing_ledger::Target::AtMost(block.header.bits).work().hashes()
            }
            _ => 0,
        }
    }

    /// The member that has made it.
    fn miner(&self, block: &Block) -> Option<String> {
        let Block::Native(block) = block else { return None };
        let member = self.dialect.charter().member(Seal::of(block)?.maker)?;
        Some(member.name.to_string())
    }

    fn encode(&self, block: &Block) -> Vec<u8> {
        self.dialect.encode_block(block)
    }
}

/// Returns, in words, the action of a timer that has run out.
pub(super) fn timer(timer: simplex::Timer) -> &'static str {
    match timer {
        simplex::Timer::Tick => "say how far we are, and repeat what others may lack",
        simplex::Timer::View(_) => "propose a block, or pass over the leader of the view",
    }
}
