//! Handles a block, wherever it came from (rules Y6, F1 and F3).

use std::sync::Arc;

use althing_ledger::{Adoption, Block, Entry, HashedBlock, Invalid, Outcome as Added};
use althing_types::{Address, Height, Moment};

use super::{Durable, Entries, Event, Message, Nakamoto, Output, Refusal, SyncMethod, send};

impl Nakamoto {
    /// Hands a block to the ledger, and follows it if it is now part of the best chain.
    pub(super) fn take_in(
        &mut self,
        block: Block,
        out: &mut Vec<Output>,
    ) -> Result<Added, Invalid> {
        let added = self.ledger.add(block)?;
        if let Added::Adopted(adoption) = &added {
            self.follow(adoption, None, out);
        }
        Ok(added)
    }

    /// Goes over to a better chain. If its last block is ours, `own` is what is told of that.
    pub(super) fn follow(
        &mut self,
        adoption: &Adoption,
        own: Option<Event>,
        out: &mut Vec<Output>,
    ) {
        let Adoption { disconnected, connected, returned } = adoption;
        let blocks: Vec<Block> = connected.iter().map(|it| (*it.block).clone()).collect();
        let from = blocks.first().map(Block::height).unwrap_or(Height::GENESIS);
        let before = out.len();
        self.mempool.settle(&blocks, returned, &self.ledger, out);
        let mut own_changed = self.own.follow(&blocks);
        // Own entries that can be in no block any more have just been reported.
        for output in &out[before..] {
            if let Output::Event(Event::EntryRefused { entry, .. }) = output {
                own_changed |= self.own.forget(entry);
            }
        }
        let entries = own_changed.then(|| self.own.to_vec());
        self.holders.forget_from(from);
        // With the blocks, so that no crash comes between.
        out.push(Output::Persist(Durable { from, blocks, own: entries }));
        out.extend(own.map(Output::Event));
        let tip = self.ledger.tip().expect("a chain has just been adopted");
        let ids = |blocks: &[HashedBlock]| blocks.iter().map(HashedBlock::id).collect();
        let (disconnected, connected) = (ids(disconnected), ids(connected));
        out.push(Output::Event(Event::TipChanged { tip, disconnected, connected }));
    }

    pub(super) fn on_announcement(
        &mut self,
        now: Moment,
        from: &Address,
        block: &Block,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let height = block.height();
        self.compare_clocks(now, from, block, out);
        match self.take_in(block.clone(), out) {
            Ok(Added::Adopted(_)) => {
                self.note_announced(now);
                self.peers.note_use(now, from);
                self.end_finished_downloads(now, out);
                let others = |peer: &Address| peer != from;
                for peer in self.peers.choose_proven(self.rules.relay, &mut self.rng, others) {
                    send(&peer, Message::Announcement(block.clone()), out);
                }
                Ok(())
            }
            Ok(Added::Known | Added::Side) => Ok(()),
            Ok(Added::ParentMissing) => {
                let length = Height::new(self.ledger.length());
                match self.rules.sync {
                    SyncMethod::ByHeight if height < length => {}
                    SyncMethod::ByHeight => self.ask_for_tip(from, out),
                    SyncMethod::WholeChain => self.ask_for_chain_up_to(now, from, block, out),
                    SyncMethod::HeadersFirst => self.ask_for_headers(from, out),
                }
                Ok(())
            }
            Err(invalid) => Err(Refusal::InvalidBlock(invalid)),
        }
    }

    /// Answers with the block of our best chain at a height.
    pub(super) fn on_block_request(
        &mut self,
        now: Moment,
        from: &Address,
        height: Height,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let block = self.ledger.block_at(height);
        let answer = block.map(Arc::unwrap_or_clone).map_or(Message::NoBlock, Message::Block);
        self.answer(now, from, answer, out)
    }

    /// Announces our own block to all peers we know.
    pub(super) fn announce(&self, block: &Block, out: &mut Vec<Output>) {
        for peer in self.peers.addresses() {
            send(peer, Message::Announcement(block.clone()), out);
        }
    }

    /// Sends an entry to all peers we know, where entries are shared.
    pub(super) fn share(&self, entry: &Entry, out: &mut Vec<Output>) {
        if self.rules.entries == Entries::Shared {
            for peer in self.peers.addresses() {
                send(peer, Message::Entry(entry.clone()), out);
            }
        }
    }
}
