//! Whether we have met our network, and who of it stays when its tracker forgets it (rules M4 and
//! N6).

use std::time::Duration;

use althing_ledger::{Block, Format};
use althing_types::{Address, BlockHash, Moment};

use super::{Discovery, Event, Message, Nakamoto, Output, SyncMethod, Timer};

/// How many requests without an answer a peer waits before it goes on alone.
const REQUESTS_ALONE: u32 = 4;

/// How we stand to our network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The tracker has not told us of it yet.
    Apart,
    /// Others are asked for their chains.
    Asking,
    /// We have the chain of another peer, or there is none that answers.
    Joined,
}

/// Whether we have met our network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Joining {
    state: State,
    /// Whether the timer for those runs that are no longer on the list.
    checks_unlisted: bool,
}

/// What a message shows of its sender's chain.
pub(super) enum Shown {
    /// Its last block has this hash.
    Tip(BlockHash),
    /// It has this block.
    Block(Box<Block>),
    /// The sender has just found this block, or passes it on, on top of the rest of its chain.
    NewTip(Box<Block>),
}

impl Joining {
    pub(super) fn new(discovery: Discovery) -> Self {
        let state = match discovery {
            // A founder cannot be told from a peer that has not met the others yet.
            Discovery::Gossip { .. } => State::Joined,
            Discovery::Tracker => State::Apart,
        };
        Self { state, checks_unlisted: false }
    }

    /// Returns whether a block of ours would be on top of the network's chain, as far as we can
    /// know.
    pub(super) fn is_joined(&self) -> bool {
        self.state == State::Joined
    }

    pub(super) fn is_asking(&self) -> bool {
        self.state == State::Asking
    }

    /// Records that we have all that another peer has.
    pub(super) fn join(&mut self) {
        if self.state == State::Asking {
            self.state = State::Joined;
        }
    }
}

impl Shown {
    /// Returns what a message shows, if anything.
    pub(super) fn by(message: &Message) -> Option<Self> {
        match message {
            Message::Tip(claim) => Some(Self::Tip(claim.hash)),
            Message::Block(block) => Some(Self::Block(Box::new(block.clone()))),
            Message::Announcement(block) => Some(Self::NewTip(Box::new(block.clone()))),
            Message::Chain(blocks) => Some(Self::Block(Box::new(blocks.last()?.clone()))),
            _ => None,
        }
    }
}

impl Nakamoto {
    /// Begins to join, with the tracker's first list.
    pub(super) fn begin_to_join(&mut self, out: &mut Vec<Output>) {
        if self.joining.state != State::Apart {
            return;
        }
        if self.peers.len() == 0 {
            self.joining.state = State::Joined;
            return;
        }
        self.joining.state = State::Asking;
        let after = self.rules.timeouts.request * REQUESTS_ALONE;
        out.push(Output::SetTimer { after, timer: Timer::Joined });
    }

    /// Records what a message that has been handled shows of its sender's chain.
    pub(super) fn on_shown(&mut self, from: &Address, shown: &Shown, out: &mut Vec<Output>) {
        let height = match shown {
            Shown::Tip(hash) if self.ledger.is_on_best(hash) => self.ledger.height_of(hash),
            Shown::Tip(_) => None,
            // It need not state where it stands.
            Shown::Block(block) | Shown::NewTip(block) if block.format() == Format::Cs60 => {
                let hash = block.hash_after(None);
                self.ledger.height_of(&hash).filter(|_| self.ledger.is_on_best(&hash))
            }
            Shown::Block(block) | Shown::NewTip(block) => {
                let ours = self.ledger.block_at(block.height());
                ours.is_some_and(|ours| *ours == **block).then(|| block.height())
            }
        };
        let Some(height) = height.filter(|_| self.peers.contains(from)) else { return };
        if !matches!(shown, Shown::Block(_)) {
            self.joining.join();
        }
        self.note_held(from, height, out);
    }

    /// Begins to ask those whom a new list no longer has whether they are there: a tracker that
    /// was restarted knows only who has come back to it.
    pub(super) fn check_unlisted(&mut self, now: Moment, out: &mut Vec<Output>) {
        if !self.joining.checks_unlisted {
            self.joining.checks_unlisted = true;
            self.on_unlisted_timer(now, out);
        }
    }

    /// Asks those that are on no list, and forgets who does not answer.
    pub(super) fn on_unlisted_timer(&mut self, now: Moment, out: &mut Vec<Output>) {
        let pause = self.rules.timeouts.tips;
        let fits = self.rules.sync != SyncMethod::WholeChain || self.whole_chain_fits(0);
        let (asked, gone) = self.peers.check_unlisted(now, pause, fits);
        for peer in gone {
            out.push(Output::Event(Event::PeerLost { peer }));
        }
        for peer in asked {
            self.ask_for_tip(&peer, out);
        }
        self.joining.checks_unlisted = self.peers.has_unlisted();
        if self.joining.checks_unlisted {
            let after: Duration = self.rules.timeouts.request;
            out.push(Output::SetTimer { after, timer: Timer::Unlisted });
        }
    }
}
