//! One chain that is being fetched block by block.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

use althing_ledger::Block;
use althing_types::{Address, Height, Moment};

use super::{BAD_CLAIMS_MAX, TRIES_MAX, WINDOW};
use crate::nakamoto::Claim;

/// The running downloads, and the claims that will never be fetched.
#[derive(Clone, Debug, Default)]
pub(in crate::nakamoto) struct Downloads {
    pub(super) running: BTreeMap<Claim, Download>,
    pub(super) bad: BTreeSet<Claim>,
    pub(super) bad_order: VecDeque<Claim>,
}

/// One chain that is being fetched.
#[derive(Clone, Debug)]
pub(super) struct Download {
    pub(super) backers: BTreeSet<Address>,
    /// The lowest block that is not in the ledger yet.
    pub(super) next: Height,
    /// How far to go down if the block at `next` does not fit.
    pub(super) stride: u64,
    /// Whether one has fitted.
    pub(super) linked: bool,
    pub(super) restarts: u8,
    /// Blocks that have arrived before their predecessors.
    pub(super) arrived: BTreeMap<Height, (Address, Block)>,
    pub(super) under_way: BTreeSet<Height>,
    /// How often each backer was asked for each block.
    pub(super) tries: BTreeMap<(Height, Address), u8>,
    /// The peers that sent a block that did not fit at `next`.
    pub(super) doubted: Vec<Address>,
    /// Whether it has brought any new block.
    pub(super) gained: bool,
    /// When it last made progress.
    pub(super) moved: Moment,
}

impl Downloads {
    pub(in crate::nakamoto) fn len(&self) -> usize {
        self.running.len()
    }

    pub(in crate::nakamoto) fn waiting(&self) -> usize {
        self.running.values().map(|download| download.arrived.len()).sum()
    }

    pub(in crate::nakamoto) fn bad_claims(&self) -> usize {
        self.bad_order.len()
    }

    /// Adds a peer to the backers of a running download.
    pub(in crate::nakamoto) fn join(&mut self, claim: &Claim, peer: &Address) {
        if !self.is_backing(peer)
            && let Some(download) = self.running.get_mut(claim)
        {
            download.backers.insert(peer.clone());
        }
    }

    pub(super) fn is_backing(&self, peer: &Address) -> bool {
        self.running.values().any(|download| download.backers.contains(peer))
    }

    pub(super) fn remember_bad(&mut self, claim: Claim) {
        if self.bad.insert(claim) {
            self.bad_order.push_back(claim);
        }
        if self.bad_order.len() > BAD_CLAIMS_MAX
            && let Some(oldest) = self.bad_order.pop_front()
        {
            self.bad.remove(&oldest);
        }
    }
}

impl Download {
    pub(super) fn new(now: Moment, backers: BTreeSet<Address>, next: Height) -> Self {
        Self {
            backers,
            next,
            stride: 1,
            linked: false,
            restarts: 0,
            arrived: BTreeMap::new(),
            under_way: BTreeSet::new(),
            tries: BTreeMap::new(),
            doubted: Vec::new(),
            gained: false,
            moved: now,
        }
    }

    /// The heights in the window, up to the end of the claim.
    pub(super) fn window(&self) -> Range<Height> {
        self.next..Height::new(self.next.number().saturating_add(WINDOW as u64))
    }

    pub(super) fn tries(&self, height: Height, peer: &Address) -> u8 {
        self.tries.get(&(height, peer.clone())).copied().unwrap_or(0)
    }

    /// Stops asking this peer for this block.
    pub(super) fn give_up_on(&mut self, height: Height, peer: &Address) {
        self.tries.insert((height, peer.clone()), TRIES_MAX);
    }

    pub(super) fn advance(&mut self, now: Moment) {
        self.next = self.next.next();
        self.linked = true;
        self.moved = now;
        self.tries = self.tries.split_off(&(self.next, self.least_address()));
    }

    /// An address that sorts before all backers.
    pub(super) fn least_address(&self) -> Address {
        self.backers.first().cloned().expect("a download has backers as long as it runs")
    }

    /// Goes further down, since the block at `next` does not fit on any block that we have.
    pub(super) fn go_down(&mut self, now: Moment) {
        self.next = self.next.back(self.stride);
        self.stride = self.stride.saturating_mul(2);
        self.moved = now;
        self.doubted.clear();
        // Blocks that are now beyond the window are fetched again.
        self.arrived.split_off(&self.window().end);
    }
}
