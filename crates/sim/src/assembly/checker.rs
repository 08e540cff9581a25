//! The invariants of assemblies, checked on every write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use althing_engine::Durable as _;
use althing_engine::simplex::{CommittedBlock, Durable, Event, Simplex};
use althing_ledger::assembly::{Ed25519, Statement, genesis};
use althing_ledger::charter::{ChainId, Charter, MemberIndex};
use althing_types::{BlockHash, Height, View};

use super::violation::Violation;
use crate::host::Disk;
use crate::simulated::Checker;

/// Watches what honest peers make durable, and says when it should never have come to that.
pub struct AssemblyChecker {
    charter: Arc<Charter>,
    chain: ChainId,
    /// Checks signatures by itself.
    authenticator: Ed25519,
    genesis: BlockHash,
    /// The committed blocks, and the peer that was first to commit each.
    blocks: BTreeMap<Height, (BlockHash, usize)>,
    /// The blocks whose certificates were found in order.
    certified: BTreeSet<BlockHash>,
    /// What quorums have said, as far as honest peers have written it down.
    quorums: BTreeMap<View, Vec<Statement>>,
    byzantine: BTreeSet<usize>,
    peers: Vec<Peer>,
    /// The height of the highest committed block.
    decided: u64,
}

/// What a peer has on disk, as far as its writes have shown.
#[derive(Clone, Default)]
struct Peer {
    /// Its last committed block.
    committed: Tip,
    /// The same when a write was last synced: what a crash may bring back.
    synced: Tip,
    /// Everything that it has ever said.
    words: BTreeMap<View, Vec<Statement>>,
}

/// The height and the view of a committed block.
#[derive(Clone, Copy, Default)]
struct Tip {
    height: u64,
    view: View,
}

impl AssemblyChecker {
    pub(super) fn new(charter: Arc<Charter>, peers: usize) -> Self {
        let chain = charter.chain_id();
        Self {
            genesis: genesis(&charter, &chain).hash(),
            charter,
            chain,
            authenticator: Ed25519::new(&[0; 32]),
            blocks: BTreeMap::new(),
            certified: BTreeSet::new(),
            quorums: BTreeMap::new(),
            byzantine: BTreeSet::new(),
            peers: vec![Peer::default(); peers],
            decided: 0,
        }
    }

    fn check_committed(
        &mut self,
        peer: usize,
        committed: &CommittedBlock,
    ) -> Result<(), Violation> {
        let (height, found) = (committed.block.coinbase.height, committed.hash());
        let (before, other) = *self.blocks.entry(height).or_insert((found, peer));
        if before != found {
            return Err(Violation::Disagreement { peer, height, found, other, before });
        }
        let parent = height.previous().and_then(|below| self.blocks.get(&below));
        let parent = parent.map_or(self.genesis, |(hash, _)| *hash);
        if committed.block.parent() != Some(parent) {
            return Err(Violation::Broken { peer, height });
        }
        if let Some(certificate) = &committed.finalization
            && !self.certified.contains(&found)
        {
            let verdict = certificate.verify(&self.charter, &self.chain, &self.authenticator);
            verdict.map_err(|reason| Violation::NotCertified { peer, height, reason })?;
            if certificate.statement.block() != Some(found) {
                return Err(Violation::Broken { peer, height });
            }
            self.check_certificate(peer, certificate.statement)?;
            self.certified.insert(found);
        }
        self.decided = self.decided.max(height.number());
        self.peers[peer].committed = Tip { height: height.number(), view: committed.view };
        Ok(())
    }

    fn check_word(&mut self, peer: usize, second: Statement) -> Result<(), Violation> {
        let words = self.peers[peer].words.entry(second.view()).or_default();
        if let Some(first) = words.iter().find(|first| first.contradicts(&second)) {
            return Err(Violation::Contradiction { peer, first: *first, second });
        }
        words.push(second);
        Ok(())
    }

    /// Compares a certificate with all others of its view: two blocks, or one that is finalized in
    /// a view that is nullified, show a broken rule long before two peers disagree.
    fn check_certificate(&mut self, peer: usize, second: Statement) -> Result<(), Violation> {
        let said = self.quorums.entry(second.view()).or_default();
        let are_two = |first: &Statement| {
            let blocks = first.block().zip(second.block());
            first.contradicts(&second) || blocks.is_some_and(|(one, other)| one != other)
        };
        if let Some(first) = said.iter().copied().find(are_two) {
            return Err(Violation::CertifiedTwice { peer, first, second });
        }
        if !said.contains(&second) {
            said.push(second);
        }
        Ok(())
    }

    fn is_honest(&self, member: MemberIndex) -> bool {
        !self.byzantine.contains(&usize::from(member.0))
    }
}

impl Checker<Simplex> for AssemblyChecker {
    type Violation = Violation;

    fn excuse(&mut self, peer: usize) {
        self.byzantine.insert(peer);
    }

    fn check_write(
        &mut self,
        peer: usize,
        durable: &Durable,
        _: Option<&Simplex>,
    ) -> Result<(), Violation> {
        if self.byzantine.contains(&peer) {
            return Ok(());
        }
        let verdict = match durable {
            Durable::Word { word, .. } => self.check_word(peer, word.statement),
            Durable::Committed(blocks) => {
                blocks.iter().try_for_each(|committed| self.check_committed(peer, committed))
            }
            Durable::Evidence(evidence) if self.is_honest(evidence.member) => {
                Err(Violation::HonestAccused { peer, member: evidence.member })
            }
            Durable::Certificate(certificate) => {
                self.check_certificate(peer, certificate.statement)
            }
            Durable::Evidence(_) | Durable::Joined(_) | Durable::Silenced => Ok(()),
        };
        if durable.needs_sync() {
            self.peers[peer].synced = self.peers[peer].committed;
        }
        verdict
    }

    fn check_start(
        &mut self,
        peer: usize,
        disk: &Disk<Durable>,
        engine: &Simplex,
    ) -> Result<(), Violation> {
        if self.byzantine.contains(&peer) {
            return Ok(());
        }
        let it = &mut self.peers[peer];
        let found = disk.recovered().log.end.saturating_sub(1);
        let tips = [it.committed, it.synced];
        let Some(tip) = tips.into_iter().find(|tip| tip.height == found) else {
            return Err(Violation::Forgotten { peer, had: it.synced.height, found });
        };
        (it.committed, it.synced) = (tip, tip);
        for (view, words) in it.words.range(tip.view.next()..) {
            let kept = engine.words().get(view).copied().unwrap_or_default();
            if words.iter().any(|word| !kept.has(word)) {
                return Err(Violation::WordsForgotten { peer, view: *view });
            }
        }
        Ok(())
    }

    fn observe(&mut self, peer: usize, event: &Event) -> Result<(), Violation> {
        match event {
            Event::Diverged { reason, .. } => {
                Err(Violation::Diverged { peer, reason: reason.to_string() })
            }
            _ => Ok(()),
        }
    }

    fn checked(&self) -> &'static [&'static str] {
        &[
            "no two honest peers committed different blocks at one height",
            "no quorums contradicted each other in a view",
            "no honest member contradicted itself, in all its lives",
            "each restart found all that was said, and each commit that was synced",
            "no honest member was accused",
        ]
    }

    fn decided(&self) -> u64 {
        self.decided
    }
}
