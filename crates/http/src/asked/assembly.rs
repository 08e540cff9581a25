//! What a peer of an assembly answers.

use std::ops::Range;
use std::sync::Arc;

use althing_api::{AssemblyStatus, Charter, Contradiction, EntryProof, NewEntry, Submitted};
use althing_dialect::assembly::Assembly;
use althing_engine::simplex::{self, CommittedBlock, Simplex, SimplexStatus};
use althing_feed::{CharterMember, Id};
use althing_ledger::assembly::Seal;
use althing_ledger::charter::{Member, MemberIndex};
use althing_ledger::{Block, SignedEntry};
use althing_node::Commands;
use althing_node::assembly::Entries;
use althing_types::{BlockHash, Height, PeerId, PeerKey};

use super::chain::submitted;
use super::listing::{Blocks, entry_hash};
use super::proof::{certificate_digits, commit_proof};
use super::{Answer, has_left, of_disk, read};

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
        let found_by = entry_hash(&entry);
        // What is committed is never undone, so no further block is waited for.
        let submission = self.entries.submit(entry).await.map_err(has_left)?;
        let mut answer = submitted(&submission.outcome().await.map_err(has_left)?)?;
        if let Submitted::Added { height, view, entry, .. } = &mut answer {
            *entry = Some(found_by);
            *view = self.view_of(*height).await?;
        }
        Ok(answer)
    }

    /// Returns the view in which the block at a height was proposed.
    async fn view_of(&self, height: u64) -> Answer<Option<u64>> {
        let log = self.entries.log().clone();
        let block = read(move || log.entry(height)).await?.map_err(|error| of_disk(&error))?;
        Ok(block.map(|committed| committed.view.number()))
    }

    pub(super) fn proof(&self, height: u64, place: u64) -> Answer<EntryProof> {
        commit_proof(&self.dialect, self.entries.log(), height, place)
    }

    pub(super) fn charter(&self) -> Charter {
        let document = self.dialect.charter().to_document();
        Charter { chain: self.dialect.chain().to_string(), document }
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

    fn read_certified(&self, from: u64, count: usize) -> Answer<Vec<(Block, Option<String>)>> {
        let read = self.entries.log().entries(from, count).map_err(|error| of_disk(&error))?;
        let certified = |committed: CommittedBlock| {
            let certificate = committed.finalization.as_ref().map(certificate_digits);
            (Block::Native(committed.block), certificate)
        };
        Ok(read.into_iter().map(certified).collect())
    }

    fn name_of(&self, signed: &SignedEntry) -> Option<String> {
        let charter = self.dialect.charter();
        let index = charter.index_of(&PeerKey::from_bytes(signed.author))?;
        charter.member(index).map(|member| member.name.to_string())
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
