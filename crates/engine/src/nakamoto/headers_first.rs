//! Fetches headers from one peer, and then the blocks from all peers that have them (rules Y7 and
//! Y8), like Bitcoin Core's headers-first synchronisation.
//!
//! A header proves its work and names its predecessor, so a chain of headers is as good as its
//! blocks for choosing among chains. It names by hash the blocks to fetch, which can come from any
//! peer. So when a peer claims an unknown block, its headers are fetched first. The chain of
//! headers with the most work, if it has more than our chain, is the *target*; its blocks are
//! fetched in a window, and handed to the ledger in order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use althing_ledger::{
    Block, Contextual, Header, HeaderOutcome, Headers, Invalid, Outcome as Added,
};
use althing_types::{Address, BlockHash, Height, Moment, PeerKey};
use rand::RngExt;

use super::requests::Wanted;
use super::{Claim, Event, Message, Nakamoto, Output, Refusal, TRIES_MAX, refuse};

/// The maximum number of headers in one answer: they fit into a datagram.
pub const HEADERS_PER_ANSWER: usize = 500;

/// The maximum number of hashes in a locator that are read.
pub const LOCATOR_MAX: usize = 100;

/// The window: the maximum number of blocks that are requested, or that have arrived without the
/// ones before.
pub const BODIES_MAX: usize = 64;

/// Headers without blocks, and the state of fetching their blocks.
#[derive(Clone, Debug, Default)]
pub(super) struct HeaderSync {
    headers: Headers,
    /// The last header from each peer.
    known: BTreeMap<Address, BlockHash>,
    /// Whether some have arrived since it was last reported that all are here.
    gained: bool,
    target: Option<Target>,
}

/// The chain of headers whose blocks are being fetched.
#[derive(Clone, Debug)]
struct Target {
    tip: BlockHash,
    /// The hashes of its blocks, lowest first, and their positions in that list.
    path: Vec<BlockHash>,
    places: BTreeMap<BlockHash, usize>,
    /// The position of the first block that is not in the ledger.
    next: usize,
    arrived: BTreeMap<usize, Arrival>,
    under_way: BTreeSet<usize>,
    /// How often each peer was asked for each block.
    tries: BTreeMap<(usize, Address), u8>,
}

/// A block that waits for the ones before it.
#[derive(Clone, Debug)]
struct Arrival {
    from: Address,
    signer: Option<PeerKey>,
    block: Block,
}

impl HeaderSync {
    pub(super) fn len(&self) -> usize {
        self.headers.len()
    }

    /// Makes `tip` the target, and returns whether it extends the previous one; requests in flight
    /// then stay valid.
    fn extend_target(&mut self, tip: BlockHash) -> bool {
        let Some(target) = &mut self.target else { return false };
        let Some(more) = self.headers.path_after(target.tip, tip) else { return false };
        target.tip = tip;
        for hash in more {
            target.places.insert(hash, target.path.len());
            target.path.push(hash);
        }
        true
    }

    /// Stops asking a peer for blocks, until it sends a header again.
    pub(super) fn forget_peer(&mut self, peer: &Address) {
        self.known.remove(peer);
    }

    pub(super) fn waiting(&self) -> usize {
        self.target.as_ref().map_or(0, |target| target.arrived.len())
    }
}

impl Target {
    fn new(tip: BlockHash, path: Vec<BlockHash>) -> Self {
        let places = path.iter().enumerate().map(|(place, hash)| (*hash, place)).collect();
        Self {
            tip,
            path,
            places,
            next: 0,
            arrived: BTreeMap::new(),
            under_way: BTreeSet::new(),
            tries: BTreeMap::new(),
        }
    }

    fn tries(&self, place: usize, peer: &Address) -> u8 {
        self.tries.get(&(place, peer.clone())).copied().unwrap_or(0)
    }

    fn window(&self) -> std::ops::Range<usize> {
        self.next..self.path.len().min(self.next + BODIES_MAX)
    }
}

impl Nakamoto {
    /// Requests the headers of a claim, if it is of a block that we do not know.
    pub(super) fn on_claim(
        &mut self,
        now: Moment,
        from: &Address,
        claim: Claim,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        if !self.peers.contains(from) {
            return Err(Refusal::Stranger);
        }
        if self.ledger.contains(&claim.hash) || !self.peers.is_trusted(now, from) {
            return Ok(());
        }
        if self.headers.headers.contains(&claim.hash) {
            self.headers.known.insert(from.clone(), claim.hash);
            self.fetch_bodies(now, out);
        } else {
            self.ask_for_headers(from, out);
        }
        Ok(())
    }

    pub(super) fn ask_for_headers(&mut self, peer: &Address, out: &mut Vec<Output>) {
        let is_headers = |wanted: &Wanted| *wanted == Wanted::Headers;
        if self.requests.has_room(peer) && !self.requests.is_asked_of(peer, is_headers) {
            self.ask(peer, Wanted::Headers, out);
        }
    }

    /// Returns the locator of our best chain of headers.
    pub(super) fn locator(&self) -> Vec<BlockHash> {
        let best = self.headers.headers.best().map(|(hash, _)| hash);
        best.into_iter().chain(self.ledger.locator()).collect()
    }

    pub(super) fn on_headers_request(
        &mut self,
        now: Moment,
        from: &Address,
        locator: &[BlockHash],
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        if !self.is_shown(now, from, out) {
            return Ok(());
        }
        let mut known = locator.iter().take(LOCATOR_MAX);
        let common = known.find(|hash| self.ledger.is_on_best(hash));
        let common = common.and_then(|hash| self.ledger.height_of(hash));
        let start = common.map_or(Height::GENESIS, Height::next);
        let headers = self.ledger.headers_from(start).take(HEADERS_PER_ANSWER).collect();
        self.answer(now, from, Message::Headers(headers), out)
    }

    pub(super) fn on_headers(
        &mut self,
        now: Moment,
        from: &Address,
        headers: &[Header],
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let is_headers = |wanted: &Wanted| *wanted == Wanted::Headers;
        self.requests.take_first(from, is_headers).ok_or(Refusal::Unasked)?;
        let mut gained = false;
        for header in headers.iter().take(HEADERS_PER_ANSWER) {
            match self.headers.headers.add(&self.ledger, header) {
                Ok(HeaderOutcome::Added) => gained = true,
                Ok(HeaderOutcome::Known) => {}
                Ok(HeaderOutcome::Full) => break,
                Ok(HeaderOutcome::ParentMissing) => {
                    self.shun(now, from, out);
                    return Err(Refusal::HeadersApart);
                }
                Err(invalid) => {
                    self.shun(now, from, out);
                    return Err(Refusal::InvalidBlock(invalid));
                }
            }
            let hash = Block::hash_of_header(header);
            self.headers.known.insert(from.clone(), hash);
        }
        self.headers.known.retain(|peer, _| self.peers.contains(peer));
        self.headers.gained |= gained;
        let is_last = headers.len() < HEADERS_PER_ANSWER;
        if gained && !is_last {
            self.ask_for_headers(from, out);
        }
        if is_last && std::mem::take(&mut self.headers.gained) {
            let (peer, ahead) = (from.clone(), self.headers.len());
            out.push(Output::Event(Event::HeadersFetched { peer, ahead }));
        }
        self.aim(now, out);
        Ok(())
    }

    /// Makes the best chain of headers the target, if it has more work than our chain.
    fn aim(&mut self, now: Moment, out: &mut Vec<Output>) {
        let ours = self.ledger.tip().map(|tip| tip.work).unwrap_or_default();
        let best = self.headers.headers.best().filter(|(_, work)| *work > ours);
        let current = self.headers.target.as_ref().map(|target| target.tip);
        match best {
            None => self.drop_target(),
            Some((tip, _)) if current == Some(tip) => self.fetch_bodies(now, out),
            Some((tip, _)) if self.headers.extend_target(tip) => self.fetch_bodies(now, out),
            Some((tip, _)) => {
                let path = self.headers.headers.path(tip);
                // Requests in flight are repeated, since positions in the path have shifted.
                self.drop_target();
                self.headers.target = Some(Target::new(tip, path));
                self.fetch_bodies(now, out);
            }
        }
    }

    fn drop_target(&mut self) {
        self.headers.target = None;
        self.requests.forget(|request| matches!(request.wanted, Wanted::Body { .. }));
    }

    /// Keeps the window full. A block is requested from a peer whose last header is that block's or
    /// one above; of those peers, from the one that was asked for it least often and has the fewest
    /// open requests.
    fn fetch_bodies(&mut self, now: Moment, out: &mut Vec<Output>) {
        let Some(window) = self.headers.target.as_ref().map(Target::window) else { return };
        for place in window {
            let Some(target) = &self.headers.target else { return };
            if target.arrived.contains_key(&place) || target.under_way.contains(&place) {
                continue;
            }
            let (peers, requests, known) = (&self.peers, &self.requests, &self.headers.known);
            let has_it =
                |hash: &BlockHash| target.places.get(hash).is_some_and(|last| *last >= place);
            let able: Vec<&Address> = known
                .iter()
                .filter(|(peer, last)| has_it(last) && peers.is_trusted(now, peer))
                .map(|(peer, _)| peer)
                .filter(|peer| target.tries(place, peer) < TRIES_MAX)
                .collect();
            let load = |peer: &&Address| (target.tries(place, peer), requests.open_at(peer));
            let Some(least) = able.iter().map(load).min() else {
                if place == target.next {
                    self.give_up(now, out);
                }
                return;
            };
            let equal: Vec<&Address> =
                able.into_iter().filter(|peer| load(peer) == least).collect();
            let peer = equal[self.rng.random_range(0..equal.len())].clone();
            if !requests.has_room(&peer) {
                return;
            }
            let target = self.headers.target.as_mut().expect("it was here just now");
            target.under_way.insert(place);
            *target.tries.entry((place, peer.clone())).or_default() += 1;
            let hash = target.path[place];
            self.ask(&peer, Wanted::Body { hash }, out);
        }
    }

    /// No peer sends the next block: the peers that sent its header are shunned, and the header is
    /// forgotten with all above it until a peer sends it again.
    fn give_up(&mut self, now: Moment, out: &mut Vec<Output>) {
        let Some(target) = self.headers.target.take() else { return };
        let backers: Vec<Address> = self
            .headers
            .known
            .iter()
            .filter(|(_, last)| target.places.get(last).is_some_and(|last| *last >= target.next))
            .map(|(peer, _)| peer.clone())
            .collect();
        for peer in &backers {
            self.headers.known.remove(peer);
            self.shun(now, peer, out);
        }
        self.headers.headers.remove(&target.path[target.next]);
        self.headers.headers.remove_unfounded(&self.ledger);
        self.drop_target();
        self.aim(now, out);
    }

    pub(super) fn on_body_request(
        &mut self,
        now: Moment,
        from: &Address,
        hash: &BlockHash,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        if !self.is_shown(now, from, out) {
            return Ok(());
        }
        let block = self.ledger.block(hash);
        let answer = block.map(Arc::unwrap_or_clone).map_or(Message::NoBlock, Message::Block);
        self.answer(now, from, answer, out)
    }

    pub(super) fn on_body(
        &mut self,
        now: Moment,
        from: &Address,
        signer: Option<PeerKey>,
        block: Block,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let found = block.hash_after(None);
        let is_it = |wanted: &Wanted| *wanted == Wanted::Body { hash: found };
        self.requests.take_first(from, is_it).ok_or(Refusal::Unasked)?;
        if let Some(target) = &mut self.headers.target
            && let Some(place) = target.places.get(&found).copied()
        {
            target.under_way.remove(&place);
            target.arrived.insert(place, Arrival { from: from.clone(), signer, block });
            self.link_bodies(now, out);
        }
        Ok(())
    }

    pub(super) fn on_no_body(
        &mut self,
        now: Moment,
        from: &Address,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let is_body = |wanted: &Wanted| matches!(wanted, Wanted::Body { .. });
        let request = self.requests.take_first(from, is_body).ok_or(Refusal::Unasked)?;
        if let Wanted::Body { hash } = request.wanted
            && let Some(target) = &mut self.headers.target
            && let Some(place) = target.places.get(&hash).copied()
        {
            target.under_way.remove(&place);
            target.tries.insert((place, from.clone()), TRIES_MAX);
            self.fetch_bodies(now, out);
        }
        Ok(())
    }

    pub(super) fn on_body_overdue(&mut self, now: Moment, hash: BlockHash, out: &mut Vec<Output>) {
        if let Some(target) = &mut self.headers.target
            && let Some(place) = target.places.get(&hash).copied()
        {
            target.under_way.remove(&place);
            self.fetch_bodies(now, out);
        }
    }

    /// Hands the ledger all blocks whose predecessors it has.
    fn link_bodies(&mut self, now: Moment, out: &mut Vec<Output>) {
        while let Some(target) = &mut self.headers.target
            && let Some(arrival) = target.arrived.remove(&target.next)
        {
            let Arrival { from, signer, block } = arrival;
            let (place, hash) = (target.next, target.path[target.next]);
            match self.take_in(block, out) {
                Ok(Added::ParentMissing) => return self.give_up(now, out),
                Ok(Added::Known | Added::Side | Added::Adopted(_)) => {
                    self.headers.headers.remove(&hash);
                    self.peers.forgive(&from);
                    self.peers.note_use(now, &from);
                    let target = self.headers.target.as_mut().expect("it was here just now");
                    target.next += 1;
                    target.tries.retain(|(place, _), _| *place >= target.next);
                }
                // Its sender may never have followed its branch, and so may not have known.
                Err(Invalid::Contextual(
                    Contextual::EntriesRefused { .. } | Contextual::KnownBad { .. },
                )) => {
                    self.headers.headers.remember_bad(hash);
                    return self.give_up(now, out);
                }
                Err(invalid) => {
                    let target = self.headers.target.as_mut().expect("it was here just now");
                    target.tries.insert((place, from.clone()), TRIES_MAX);
                    let reason = Refusal::InvalidBlock(invalid);
                    self.blame(now, signer, &reason, out);
                    refuse(&from, reason, out);
                    break;
                }
            }
        }
        self.aim(now, out);
    }
}
