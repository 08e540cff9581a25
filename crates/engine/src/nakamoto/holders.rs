//! Which of our own blocks others have as well (rule M5): until then, they may be lost with us.

use std::collections::BTreeMap;

use althing_types::{Address, BlockHash, Height, Moment};

use super::{Event, Nakamoto, Output, SyncMethod, Timer};

/// The maximum number of our last blocks of which we watch whether others have them.
pub const OWN_BLOCKS_MAX: usize = 1024;

/// How many request timeouts pass before we say that no other peer has a block.
const REQUESTS_WAITED: u32 = 5;

/// How many others are asked whether they have a new block of ours.
const ASKED: usize = 3;

/// Our blocks of the best chain of which no other peer has shown yet that it has them.
#[derive(Clone, Debug, Default)]
pub(super) struct Holders(BTreeMap<Height, BlockHash>);

impl Holders {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Forgets the blocks from a height on, which no longer count.
    pub(super) fn forget_from(&mut self, height: Height) {
        let _ = self.0.split_off(&height);
    }
}

impl Nakamoto {
    /// Watches a block of ours that all known peers have just been told of.
    pub(super) fn watch_own(
        &mut self,
        now: Moment,
        height: Height,
        hash: BlockHash,
        out: &mut Vec<Output>,
    ) {
        self.holders.0.insert(height, hash);
        if self.holders.len() > OWN_BLOCKS_MAX {
            self.holders.0.pop_first();
        }
        if self.peers.len() == 0 {
            out.push(Output::Event(Event::BlockOnlyHere { hash, height }));
            return;
        }
        match self.rules.sync {
            SyncMethod::ByHeight | SyncMethod::HeadersFirst => self.ask_for_tips(now, ASKED, out),
            SyncMethod::WholeChain => self.ask_somebody_for_chain(now, out),
        }
        let after = self.rules.timeouts.request * REQUESTS_WAITED;
        out.push(Output::SetTimer { after, timer: Timer::Held(hash) });
    }

    /// Records that `peer` has our best chain up to a height.
    pub(super) fn note_held(&mut self, peer: &Address, height: Height, out: &mut Vec<Output>) {
        let others = self.holders.0.split_off(&height.next());
        for (height, hash) in std::mem::replace(&mut self.holders.0, others) {
            let peer = peer.clone();
            out.push(Output::Event(Event::BlockHeld { peer, hash, height }));
        }
    }

    /// Reports it if no other peer has shown in time that it has a block of ours.
    pub(super) fn on_held_over(&mut self, hash: BlockHash, out: &mut Vec<Output>) {
        if let Some((height, _)) = self.holders.0.iter().find(|(_, own)| **own == hash) {
            out.push(Output::Event(Event::BlockOnlyHere { hash, height: *height }));
        }
    }
}
