//! What a member keeps, and what of it has to be on disk before it is heard (rules L13 and L11).

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use althing_ledger::assembly::{
    Certificate, Evidence, Seal, SignedStatement, Statement, StatementKind,
};
use althing_ledger::charter::ChainId;
use althing_ledger::{Header, NativeBlock};
use althing_types::{BlockHash, View};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::UNCOMMITTED_MAX;
use crate::{Change, Gap, Undecodable};

/// What a peer puts on disk: all but committed blocks before its next output is carried out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Durable {
    /// It takes part in the votes of this chain from here on (rule L13).
    Joined(ChainId),
    /// It has heard a copy of itself, so it votes no more (rule L13).
    Silenced,
    /// What it is about to say of a view. With its vote to notarize comes the block: a block that
    /// a quorum has notarized must not be lost.
    Word {
        /// Its statement.
        word: SignedStatement,
        /// The block that it notarizes.
        block: Option<Arc<NativeBlock>>,
    },
    /// What has let it leave a view.
    Certificate(Certificate),
    /// Blocks are committed, the next ones of the chain.
    Committed(Vec<CommittedBlock>),
    /// A member has contradicted itself.
    Evidence(Evidence),
}

/// A committed block: an entry of the log, numbered by its height.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CommittedBlock {
    /// The block.
    pub block: NativeBlock,
    /// The view in which it was proposed.
    pub view: View,
    /// What has finalized it; `None` if it was committed with a block after it.
    pub finalization: Option<Certificate>,
}

/// What a peer has said in one view, each at most once (rules L7 to L9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Words {
    /// Its vote to notarize a block.
    pub notarize: Option<SignedStatement>,
    /// Its vote to nullify the view.
    pub nullify: Option<SignedStatement>,
    /// Its vote to finalize a block.
    pub finalize: Option<SignedStatement>,
}

/// What a peer stores besides its chain. All of it is about views after that of the last committed
/// block, except the last field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// The chain in whose votes it takes part.
    pub joined: Option<ChainId>,
    /// Whether it has heard a copy of itself.
    pub silenced: bool,
    /// What it has said.
    pub words: BTreeMap<View, Words>,
    /// The blocks that it has notarized.
    pub blocks: Vec<Arc<NativeBlock>>,
    /// What has let it leave views.
    pub certificates: Vec<Certificate>,
    /// What proves that members have contradicted themselves; one for each.
    pub evidence: Vec<Evidence>,
}

impl Words {
    /// Adds a statement. What was said before is never replaced.
    pub fn add(&mut self, word: SignedStatement) {
        let place = match word.statement.kind() {
            StatementKind::Notarize => &mut self.notarize,
            StatementKind::Nullify => &mut self.nullify,
            StatementKind::Finalize => &mut self.finalize,
        };
        place.get_or_insert(word);
    }

    /// Returns all that was said.
    pub fn all(&self) -> impl Iterator<Item = SignedStatement> {
        [self.notarize, self.nullify, self.finalize].into_iter().flatten()
    }

    /// Returns whether this was said.
    pub fn has(&self, statement: &Statement) -> bool {
        self.all().any(|word| word.statement == *statement)
    }
}

impl State {
    /// Forgets the first block whose view was nullified and not notarized, as far as is known, once
    /// there are many.
    fn forget_abandoned(&mut self) {
        if self.blocks.len() <= UNCOMMITTED_MAX {
            return;
        }
        let certificates = self.certificates.iter().map(|it| it.statement);
        let (notarized, nullified): (Vec<_>, Vec<_>) =
            certificates.partition(|it| it.kind() == StatementKind::Notarize);
        let is_abandoned = |block: &Arc<NativeBlock>| {
            let (hash, seal) = (NativeBlock::hash(block), Seal::of(block));
            seal.is_some_and(|seal| nullified.iter().any(|it| it.view() == seal.view))
                && notarized.iter().all(|it| it.block() != Some(hash))
        };
        if let Some(place) = self.blocks.iter().position(is_abandoned) {
            self.blocks.remove(place);
        }
    }

    /// Forgets what is about views up to that of the last committed block, and blocks that are not
    /// above it.
    fn prune(&mut self, committed: &CommittedBlock) {
        let height = committed.block.coinbase.height;
        self.words = self.words.split_off(&committed.view.next());
        self.blocks.retain(|block| block.coinbase.height > height);
        self.certificates.retain(|certificate| certificate.statement.view() > committed.view);
    }
}

impl crate::Durable for Durable {
    type Entry = CommittedBlock;
    type State = State;

    fn change<'a>(
        &'a self,
        state: &mut State,
        log: &Range<u64>,
    ) -> Result<Option<Change<'a, CommittedBlock>>, Gap> {
        match self {
            Self::Joined(chain) => state.joined = Some(*chain),
            Self::Silenced => state.silenced = true,
            Self::Word { word, block } => {
                state.words.entry(word.statement.view()).or_default().add(*word);
                state.blocks.extend(block.iter().cloned());
                state.forget_abandoned();
            }
            Self::Certificate(certificate) => state.certificates.push(certificate.clone()),
            Self::Committed(blocks) => {
                let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
                    return Ok(None);
                };
                // A committed block is final: it is never replaced. The genesis is not in the log.
                let from = first.block.coinbase.height.number();
                let wanted = if log.is_empty() { 1 } else { log.end };
                if from != wanted {
                    return Err(Gap { found: from, log: (log.start, log.end) });
                }
                state.prune(last);
                return Ok(Some(Change { from, entries: blocks }));
            }
            Self::Evidence(evidence) => {
                if state.evidence.iter().all(|known| known.member != evidence.member) {
                    state.evidence.push(*evidence);
                }
            }
        }
        Ok(None)
    }

    /// What commits a block is on the disks of a quorum already: the block, that it is notarized,
    /// and that it is final, or one after it. So it is committed again where it was lost (rule
    /// L11).
    fn needs_sync(&self) -> bool {
        !matches!(self, Self::Committed(_))
    }
}

impl crate::State for State {
    const CELLS: &'static [&'static str] =
        &["joined", "silenced", "words", "blocks", "certificates", "evidence"];

    fn cell(&self, name: &str) -> Option<Vec<u8>> {
        match name {
            "joined" => self.joined.as_ref().map(bytes),
            "silenced" => self.silenced.then(Vec::new),
            "words" => (!self.words.is_empty()).then(|| bytes(&self.words)),
            "blocks" => (!self.blocks.is_empty()).then(|| bytes(&self.blocks)),
            "certificates" => (!self.certificates.is_empty()).then(|| bytes(&self.certificates)),
            "evidence" => (!self.evidence.is_empty()).then(|| bytes(&self.evidence)),
            _ => None,
        }
    }

    fn differs(&self, other: &Self, name: &str) -> bool {
        match name {
            "joined" => self.joined != other.joined,
            "silenced" => self.silenced != other.silenced,
            "words" => self.words != other.words,
            // Blocks that are the same in memory are not compared.
            "blocks" => self.blocks != other.blocks,
            "certificates" => self.certificates != other.certificates,
            "evidence" => self.evidence != other.evidence,
            _ => self.cell(name) != other.cell(name),
        }
    }

    fn restore(&mut self, name: &str, bytes: &[u8]) -> Result<(), Undecodable> {
        match name {
            "joined" => self.joined = Some(value(bytes)?),
            "silenced" => self.silenced = true,
            "words" => self.words = value(bytes)?,
            "blocks" => self.blocks = value(bytes)?,
            "certificates" => self.certificates = value(bytes)?,
            "evidence" => self.evidence = value(bytes)?,
            _ => return Err(Undecodable(format!("there is no cell {name:?}"))),
        }
        Ok(())
    }
}

fn bytes<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("memory takes any number of bytes")
}

fn value<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Undecodable> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(Undecodable(format!("is followed by {} stray bytes", rest.len()))),
        Err(_) => Err(Undecodable("does not decode".to_owned())),
    }
}

impl CommittedBlock {
    /// Returns the hash of the block.
    pub fn hash(&self) -> BlockHash {
        self.block.hash()
    }

    /// Returns the header of the block.
    pub fn header(&self) -> Header {
        self.block.header
    }
}
