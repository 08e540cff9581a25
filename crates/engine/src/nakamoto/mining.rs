//! Which block this peer mines (rules M1 to M4).

use std::sync::Arc;

use althing_ledger::{Block, Entry, Outcome as Added, Preimage, Proposal, Target, Template};
use althing_pow::{Goal, HEADER_WITHOUT_NONCE, Hash, Nonce, Work};
use althing_types::{Height, Moment};

use super::{Durable, Event, Nakamoto, NotAdmitted, Output, Refusal};
use crate::{ProofOfWork, SearchId};

/// Whether a peer mines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mining {
    /// It does not mine.
    Off,
    /// On the best chain, as soon as there is one and an entry for a block.
    OnChain,
    /// Also the genesis. A newcomer must not mine that before it has heard of an existing chain.
    FromGenesis,
}

/// The running search.
#[derive(Clone, Debug)]
pub(super) struct Miner {
    mining: Mining,
    search: SearchId,
    template: Option<Arc<Template>>,
    /// The state of the mempool when it was last checked.
    revision: u64,
    /// Whether the search is for a block with a wrong time.
    is_stale: bool,
}

impl Miner {
    pub(super) fn new(mining: Mining) -> Self {
        Self { mining, search: SearchId::default(), template: None, revision: 0, is_stale: false }
    }

    pub(super) fn mining(&self) -> Mining {
        self.mining
    }

    /// Begins the search anew at the next occasion, for a block with the right time.
    pub(super) fn search_anew(&mut self) {
        self.is_stale = self.template.is_some();
    }

    /// Returns the height of the block that we search for.
    pub(super) fn height(&self) -> Option<Height> {
        Some(self.template.as_ref()?.height())
    }
}

impl ProofOfWork for Arc<Template> {
    type Solution = u64;

    // Each peer searches for a different block, so all may begin with the same nonce.
    const FIRST_CANDIDATE_MAX: u64 = 1;

    /// The upper half of the nonce is the part, the lower half the index in it. In Bitcoin's format
    /// a header has room only for the lower half; the upper one is the extra nonce in the coinbase.
    fn part(&self, part: u32) -> Option<Work> {
        let goal = match self.target() {
            Target::LeadingZeros(digits) => Goal::LeadingZeroBits(4 * u16::from(digits.number())),
            Target::TrailingZeros(digits) => Goal::TrailingZeroBits(4 * u16::from(digits.number())),
            Target::AtMost(bits) => Goal::AtMost(bitcoin::Target::from_compact(bits).to_le_bytes()),
        };
        let (hash, template) = match self.preimage(part) {
            Preimage::Decimal { before, after } => {
                (Hash::Sha256, althing_pow::Template::new(before, Nonce::Decimal, after))
            }
            Preimage::Header(bytes) => {
                let before = &bytes[..HEADER_WITHOUT_NONCE];
                let template = althing_pow::Template::new(before, Nonce::LittleEndian, []);
                (Hash::DoubleSha256, template)
            }
        };
        Some(Work { hash, template, goal })
    }

    fn solution(&self, part: u32, index: u64) -> u64 {
        u64::from(part) << 32 | index
    }
}

impl Nakamoto {
    /// Searches on the tip for a block with the waiting entries; called after everything that can
    /// change either (rule M1). A search has no memory, so starting a new one loses nothing.
    pub(super) fn keep_mining(&mut self, now: Moment, out: &mut Vec<Output>) {
        let tip = self.ledger.tip().map(|tip| tip.hash);
        let may_mine = match self.miner.mining {
            _ if !self.joining.is_joined() => false,
            Mining::Off => false,
            Mining::OnChain => tip.is_some(),
            Mining::FromGenesis => true,
        };
        if may_mine && !self.is_our_turn(now, out) {
            if self.miner.template.take().is_some() {
                out.push(Output::CancelSearch);
            }
            return;
        }
        let on_tip = self.miner.template.as_ref().filter(|current| current.parent() == tip);
        let is_stale = self.miner.is_stale;
        let is_current = on_tip.is_some() && self.miner.revision == self.mempool.revision();
        if !may_mine || (is_current && !is_stale) {
            return;
        }
        self.miner.revision = self.mempool.revision();
        let entries = self.ledger.select(self.name.as_str(), self.mempool.entries());
        if !is_stale && on_tip.is_some_and(|current| current.entries() == entries) {
            return;
        }
        self.miner.is_stale = false;
        let proposal = Proposal { miner: self.name.as_str(), now: self.wall_time(now), entries };
        match self.ledger.template(proposal) {
            Some(template) => {
                let (id, work) = (self.miner.search.next(), Arc::new(template));
                self.miner.search = id;
                self.miner.template = Some(Arc::clone(&work));
                out.push(Output::Search { id, work });
            }
            None if self.miner.template.take().is_some() => out.push(Output::CancelSearch),
            None => {}
        }
    }

    pub(super) fn on_solved(
        &mut self,
        now: Moment,
        search: SearchId,
        nonce: u64,
        out: &mut Vec<Output>,
    ) {
        if search != self.miner.search {
            return;
        }
        let Some(template) = self.miner.template.take() else { return };
        // A nonce that solves nothing is a bug of our miner; then we search again.
        self.on_mined(now, &template.with_nonce(nonce), out);
    }

    /// Accepts our own block. It need not be of the running search: one that was found just before
    /// the entries changed is as good.
    pub(super) fn on_mined(&mut self, now: Moment, block: &Block, out: &mut Vec<Output>) {
        let height = block.height();
        if let Ok(Added::Adopted(adoption)) = self.ledger.add(block.clone())
            && let Some(hash) = adoption.connected.last().map(|block| block.hash)
        {
            self.turns.note_own(hash);
            self.follow(&adoption, Some(Event::BlockMined { hash, height }), out);
            self.announce(block, out);
            self.watch_own(now, height, hash, out);
        }
    }

    pub(super) fn on_submit(&mut self, entry: Entry, out: &mut Vec<Output>) {
        match self.mempool.add(&entry, &self.ledger) {
            Ok(is_new) => {
                if self.own.add(&entry) {
                    let own = Some(self.own.to_vec());
                    out.push(Output::Persist(Durable { own, ..Durable::default() }));
                }
                self.share(&entry, out);
                if is_new {
                    out.push(Output::Event(Event::EntryPooled(entry)));
                }
            }
            Err(reason) => out.push(Output::Event(Event::EntryRefused { entry, reason })),
        }
    }

    /// Forgets an entry of our user that is in no block, on disk as well.
    pub(super) fn on_withdraw(&mut self, entry: &Entry, out: &mut Vec<Output>) {
        self.mempool.withdraw(entry);
        if self.own.forget(entry) {
            let own = Some(self.own.to_vec());
            out.push(Output::Persist(Durable { own, ..Durable::default() }));
        }
    }

    /// Submits the entries of our user again that were not in the chain before a restart (rule M7).
    pub(super) fn submit_again(&mut self, out: &mut Vec<Output>) {
        let waiting: Vec<Entry> = self.own.waiting().cloned().collect();
        for entry in waiting {
            match self.mempool.add(&entry, &self.ledger) {
                Ok(_) => out.push(Output::Event(Event::EntryPooled(entry))),
                Err(reason) => {
                    self.own.forget(&entry);
                    let own = Some(self.own.to_vec());
                    out.push(Output::Persist(Durable { own, ..Durable::default() }));
                    out.push(Output::Event(Event::EntryRefused { entry, reason }));
                }
            }
        }
    }

    /// Accepts an entry of another peer. It is not passed on, since its first peer sends it to all.
    pub(super) fn on_entry(&mut self, entry: Entry, out: &mut Vec<Output>) -> Result<(), Refusal> {
        match self.mempool.add(&entry, &self.ledger) {
            Ok(true) => out.push(Output::Event(Event::EntryPooled(entry))),
            Ok(false) => {}
            Err(NotAdmitted::Full) => return Err(Refusal::MempoolFull),
            Err(NotAdmitted::Refused(reason)) => return Err(Refusal::InvalidEntry(reason)),
        }
        Ok(())
    }
}
