//! Fetches a chain from one peer, in one go where it fits into a message (rule Y1).

use std::sync::Arc;

use althing_ledger::{Block, Outcome as Added};
use althing_types::{Address, Height, Moment};

use super::requests::Wanted;
use super::{Message, Nakamoto, Output, Refusal, refuse, send};

/// The maximum number of blocks in one answer.
pub const CHAIN_BLOCKS_MAX: usize = 256;

/// How many other peers are asked when one does not answer.
const TRIES_ELSEWHERE: u8 = 3;

impl Nakamoto {
    /// Asks a random peer for the blocks after our chain, and for its block at our tip.
    pub(super) fn ask_somebody_for_chain(&mut self, now: Moment, out: &mut Vec<Output>) {
        let peers = &self.peers;
        let trusted = |peer: &Address| peers.is_trusted(now, peer);
        if let Some(peer) = peers.choose(1, &mut self.rng, trusted).pop() {
            self.ask_for_chain(&peer, self.tip_height(), out);
        }
    }

    pub(super) fn tip_height(&self) -> Height {
        Height::new(self.ledger.length()).back(1)
    }

    pub(super) fn ask_for_chain(&mut self, peer: &Address, from: Height, out: &mut Vec<Output>) {
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
        let Self { peers, requests, .. } = self;
        let fits = |peer: &Address| {
            peer != silent && peers.is_trusted(now, peer) && requests.open_at(peer) == 0
        };
        if let Some(peer) = peers.choose(1, &mut self.rng, fits).pop() {
            self.ask(&peer, Wanted::Chain { from, tries_left }, out);
        }
    }

    pub(super) fn on_chain_request(
        &mut self,
        from: &Address,
        height: Height,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        if !self.answers.may_send_chain() {
            return Err(Refusal::TooManyQuestions);
        }
        let blocks = self
            .ledger
            .blocks_from(height)
            .take(CHAIN_BLOCKS_MAX)
            .map(Arc::unwrap_or_clone)
            .collect();
        send(from, Message::Chain(blocks), out);
        Ok(())
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
        let is_whole = blocks.first().is_some_and(|block| block.height() == Height::GENESIS);
        if is_whole && asked > Height::GENESIS {
            self.peers.note_program(from);
        }
        let mut gained = false;
        let mut next = None;
        for block in blocks {
            let height = block.height();
            match self.take_in(block, out) {
                Ok(Added::ParentMissing) if asked > Height::GENESIS && next.is_none() => {
                    self.ask_for_chain(from, self.further_down(asked), out);
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
            next = Some(height.next());
        }
        if let Some(next) = next
            && gained
        {
            self.peers.forgive(from);
            self.ask_for_chain(from, next, out);
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
