//! What we mine, and on what (rules M1 to M3).

use althing_ledger::{Block, Entry, Outcome as Added, Proposal, Template};
use althing_types::Moment;

use super::{Event, Nakamoto, NotPooled, Output, Refusal, SearchId};

/// Whether a peer mines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mining {
    /// It only follows.
    Off,
    /// On the best chain, as soon as there is one and an entry for a block.
    OnChain,
    /// Also the first block of all. A newcomer must not do that before it has heard of the chain
    /// that is there.
    FromGenesis,
}

/// What we search for.
#[derive(Clone, Debug)]
pub(super) struct Miner {
    mining: Mining,
    search: SearchId,
    template: Option<Template>,
    /// The state of the pool when it was last looked at.
    pool: u64,
}

impl Miner {
    pub(super) fn new(mining: Mining) -> Self {
        Self { mining, search: SearchId::default(), template: None, pool: 0 }
    }
}

impl Nakamoto {
    /// Searches on the tip, for what waits; called after all that can change either (rule M1). A
    /// search is never nearer to its end than at its beginning, so nothing is lost by a new one.
    pub(super) fn keep_mining(&mut self, now: Moment, out: &mut Vec<Output>) {
        let tip = self.ledger.tip().map(|tip| tip.hash);
        let may_mine = match self.miner.mining {
            Mining::Off => false,
            Mining::OnChain => tip.is_some(),
            Mining::FromGenesis => true,
        };
        let on_tip = self.miner.template.as_ref().filter(|current| current.parent() == tip);
        if !may_mine || (on_tip.is_some() && self.miner.pool == self.pool.revision()) {
            return;
        }
        self.miner.pool = self.pool.revision();
        let entries = self.ledger.select(self.pool.entries());
        if on_tip.is_some_and(|current| current.entries() == entries) {
            return;
        }
        let proposal = Proposal { miner: self.name.as_str(), now: self.wall_time(now), entries };
        match self.ledger.template(proposal) {
            Some(template) => {
                self.miner.search.0 += 1;
                self.miner.template = Some(template.clone());
                let (search, template) = (self.miner.search, Box::new(template));
                out.push(Output::Mine { search, template });
            }
            None if self.miner.template.take().is_some() => out.push(Output::CancelMining),
            None => {}
        }
    }

    pub(super) fn on_solved(&mut self, search: SearchId, nonce: u64, out: &mut Vec<Output>) {
        if search != self.miner.search {
            return;
        }
        let Some(template) = self.miner.template.take() else { return };
        // A nonce that solves nothing is our miner's mistake; then we search again.
        self.on_mined(&template.with_nonce(nonce), out);
    }

    /// Takes in a block of our own. It need not be of the search that is running: one that was
    /// found just before the entries changed is as good.
    pub(super) fn on_mined(&mut self, block: &Block, out: &mut Vec<Output>) {
        let height = block.height();
        if let Ok(Added::Adopted(adoption)) = self.take_in(block.clone(), out)
            && let Some(hash) = adoption.joined.last().copied()
        {
            out.push(Output::Event(Event::BlockMined { hash, height }));
            self.announce(block, out);
        }
    }

    pub(super) fn on_submit(&mut self, entry: Entry, out: &mut Vec<Output>) {
        match self.pool.add(&entry, &self.ledger) {
            Ok(is_new) => {
                self.share(&entry, out);
                if is_new {
                    out.push(Output::Event(Event::EntryPooled(entry)));
                }
            }
            Err(reason) => out.push(Output::Event(Event::EntryRefused { entry, reason })),
        }
    }

    /// Takes in an entry of somebody else; it is not passed on, since whoever has it tells all.
    pub(super) fn on_entry(&mut self, entry: Entry, out: &mut Vec<Output>) -> Result<(), Refusal> {
        match self.pool.add(&entry, &self.ledger) {
            Ok(true) => out.push(Output::Event(Event::EntryPooled(entry))),
            Ok(false) => {}
            Err(NotPooled::Full) => return Err(Refusal::PoolFull),
            Err(NotPooled::Refused(reason)) => return Err(Refusal::InvalidEntry(reason)),
        }
        Ok(())
    }
}
