//! Fetches a chain from one peer, in one go where it fits into a message (rule Y1).

use std::sync::Arc;
use std::time::Duration;

use althing_ledger::{Block, Outcome as Added, Parent};
use althing_types::{Address, Height, Moment};

use super::requests::Wanted;
use super::{Message, Nakamoto, Output, Refusal, refuse};

/// The maximum number of blocks in one answer.
pub const CHAIN_BLOCKS_MAX: usize = 256;

/// How many other peers are asked when one does not answer.
const TRIES_ELSEWHERE: u8 = 3;

/// The most bytes that a whole chain may have for a peer to be asked that may know no parts (rule
/// Y1): an eighth less than fits into a datagram, since that peer's chain may be longer than ours.
/// A published program that has to send more than fits ends.
pub const WHOLE_CHAIN_BYTES_MAX: usize = 57_000;

/// How long a newcomer waits for peers to make themselves known that send their chains in parts.
pub(super) const NEWCOMER_TIME: Duration = Duration::from_secs(1);

impl Nakamoto {
    /// Asks a random peer for the blocks after our chain, and for its block at our tip.
    pub(super) fn ask_somebody_for_chain(&mut self, now: Moment, out: &mut Vec<Output>) {
        let fits = self.whole_chain_fits(0);
        let peers = &self.peers;
        let is_newcomer = self.ledger.length() <= 1;
        let in_parts = |peer: &Address| peers.is_trusted(now, peer) && peers.sends_parts(peer);
        let any = |peer: &Address| peers.is_trusted(now, peer) && (fits || peers.sends_parts(peer));
        let mut chosen = match is_newcomer {
            // It cannot know how long the others' chains are.
            true => peers.choose(1, &mut self.rng, in_parts),
            false => Vec::new(),
        };
        if chosen.is_empty() {
            chosen = peers.choose(1, &mut self.rng, any);
        }
        if let Some(peer) = chosen.pop() {
            self.request_chain(&peer, self.tip_height(), out);
        }
    }

    /// Returns whether our whole chain, with so many bytes more, fits into a message.
    pub(super) fn whole_chain_fits(&self, more: usize) -> bool {
        let mut bytes = more;
        self.ledger.blocks_from(Height::GENESIS).all(|block| {
            bytes = bytes.saturating_add(block.sent_bytes());
            bytes <= WHOLE_CHAIN_BYTES_MAX
        })
    }

    /// Asks the sender of a block that does not fit for its chain, which is at least so long; or
    /// another peer, if that may end it.
    pub(super) fn ask_for_chain_up_to(
        &mut self,
        now: Moment,
        peer: &Address,
        block: &Block,
        out: &mut Vec<Output>,
    ) {
        let missing = block.height().number().saturating_sub(self.ledger.length());
        let more =
            usize::try_from(missing).unwrap_or(usize::MAX).saturating_mul(block.sent_bytes());
        if self.peers.sends_parts(peer) || self.whole_chain_fits(more) {
            return self.request_chain(peer, self.tip_height(), out);
        }
        let peers = &self.peers;
        let in_parts = |peer: &Address| peers.is_trusted(now, peer) && peers.sends_parts(peer);
        if let Some(peer) = peers.choose(1, &mut self.rng, in_parts).pop() {
            self.request_chain(&peer, self.tip_height(), out);
        }
    }

    /// Asks a peer that has just come to a tracker's list, whose own chain is therefore short
    /// unless it sends it in parts. When we are the newcomer, those that send parts ask us first.
    pub(super) fn ask_whoever_came(&mut self, peer: &Address, out: &mut Vec<Output>) {
        if self.has_list {
            self.request_chain(peer, self.tip_height(), out);
        }
    }

    pub(super) fn tip_height(&self) -> Height {
        Height::new(self.ledger.length()).back(1)
    }

    fn request_chain(&mut self, peer: &Address, from: Height, out: &mut Vec<Output>) {
        let is_asked = |wanted: &Wanted| matches!(wanted, Wanted::Chain { .. });
        if self.requests.has_room(peer) && !self.requests.is_asked_of(peer, is_asked) {
            self.ask(peer, Wanted::Chain { from, tries_left: TRIES_ELSEWHERE }, out);
        }
    }

    pub(super) fn on_chain_overdue(
        &mut self,
        now: Moment,
        silent: &Address,
        from: Height,
        tries_left: u8,
        out: &mut Vec<Output>,
    ) {
        let Some(tries_left) = tries_left.checked_sub(1) else { return };
        let is_short = self.whole_chain_fits(0);
        let Self { peers, requests, .. } = self;
        let fits = |peer: &Address| {
            peer != silent
                && peers.is_trusted(now, peer)
                && requests.open_at(peer) == 0
                && (is_short || peers.sends_parts(peer))
        };
        if let Some(peer) = peers.choose(1, &mut self.rng, fits).pop() {
            self.ask(&peer, Wanted::Chain { from, tries_left }, out);
        }
    }

    pub(super) fn on_chain_request(
        &mut self,
        now: Moment,
        from: &Address,
        height: Height,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        if height > Height::GENESIS {
            self.peers.note_parts(from);
            if height > self.tip_height() && self.peers.is_trusted(now, from) {
                self.request_chain(from, self.tip_height(), out);
            }
        }
        let blocks = self
            .ledger
            .blocks_from(height)
            .take(CHAIN_BLOCKS_MAX)
            .map(Arc::unwrap_or_clone)
            .collect();
        self.answer(now, from, Message::Chain(blocks), out)
    }

    /// Accepts the blocks that fit. If the first does not, the chains diverge further down; if all
    /// do, there may be more.
    pub(super) fn on_chain(
        &mut self,
        now: Moment,
        from: &Address,
        blocks: Vec<Block>,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let is_chain = |wanted: &Wanted| matches!(wanted, Wanted::Chain { .. });
        let request = self.requests.take_first(from, is_chain).ok_or(Refusal::Unasked)?;
        let Wanted::Chain { from: asked, .. } = request.wanted else { return Ok(()) };
        // A program that knows no parts sends its genesis as well.
        let is_whole = blocks.first().is_some_and(|block| block.parent() == Parent::None);
        if !is_whole {
            self.peers.note_parts(from);
        } else if asked > Height::GENESIS {
            self.peers.note_program(from);
        }
        let mut gained = false;
        let mut next = None;
        for block in blocks {
            let (height, hash) = (block.height(), block.hash_after(None));
            match self.take_in(block, out) {
                Ok(Added::ParentMissing) if asked > Height::GENESIS && next.is_none() => {
                    self.request_chain(from, self.further_down(asked), out);
                    return Ok(());
                }
                Ok(Added::ParentMissing) => {
                    self.shun(now, from, out);
                    return Err(Refusal::BlockOfAnotherChain { height });
                }
                Ok(Added::Known) => {}
                Ok(Added::Side | Added::Adopted(_)) => gained = true,
                Err(invalid) => {
                    refuse(from, Refusal::InvalidBlock(invalid), out);
                    self.shun(now, from, out);
                    return Ok(());
                }
            }
            // It need not state where it stands.
            next = self.ledger.height_of(&hash).map(Height::next);
        }
        if let Some(next) = next
            && gained
        {
            self.peers.forgive(from);
            self.peers.note_use(now, from);
            // Who has sent all that it has has nothing more to send.
            if self.peers.sends_parts(from) || self.whole_chain_fits(0) {
                self.request_chain(from, next, out);
            } else {
                self.joining.join();
            }
        } else {
            self.joining.join();
        }
        Ok(())
    }

    /// Returns where to look next for the block at which two chains diverge, after it was not at
    /// `asked`: each step goes down three times as far from the tip as the one before.
    fn further_down(&self, asked: Height) -> Height {
        let below_tip = Height::new(self.ledger.length()).above(asked);
        asked.back(2 * below_tip + 1)
    }
}
