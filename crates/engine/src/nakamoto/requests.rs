//! Our open requests (rule Y3).

use std::collections::BTreeMap;

use althing_types::{Address, BlockHash, Height};

use super::message::Claim;

/// The maximum number of open requests.
pub const REQUESTS_MAX: usize = 256;

/// The maximum number of open requests to one peer.
pub const REQUESTS_PER_PEER_MAX: usize = 16;

/// The id of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u64);

/// A request, and the peer that it was sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) peer: Address,
    pub(super) wanted: Wanted,
    /// Whether it was sent a second time, after the peer asked for a proof of our address.
    pub(super) is_repeated: bool,
}

/// The blocks or headers that the answer must contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A block of a chain that the peer claims to have.
    Block { claim: Claim, height: Height },
    /// The headers of the peer's chain.
    Headers,
    /// The block with this hash.
    Body { hash: BlockHash },
    /// The peer's chain from here on.
    Chain { from: Height, tries_left: u8 },
}

/// The open requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Requests {
    open: BTreeMap<RequestId, Request>,
    per_peer: BTreeMap<Address, usize>,
    asked: u64,
}

impl Requests {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn open_at(&self, peer: &Address) -> usize {
        self.per_peer.get(peer).copied().unwrap_or(0)
    }

    /// Returns whether one more request can be sent to a peer.
    pub(super) fn has_room(&self, peer: &Address) -> bool {
        self.open.len() < REQUESTS_MAX && self.open_at(peer) < REQUESTS_PER_PEER_MAX
    }

    /// Records a request, and returns its id.
    pub(super) fn ask(&mut self, peer: Address, wanted: Wanted) -> RequestId {
        self.asked += 1;
        let id = RequestId(self.asked);
        *self.per_peer.entry(peer.clone()).or_default() += 1;
        self.open.insert(id, Request { peer, wanted, is_repeated: false });
        id
    }

    /// Returns whether there is an open request to a peer that `fits`.
    pub(super) fn is_asked_of(&self, peer: &Address, fits: impl Fn(&Wanted) -> bool) -> bool {
        let is_it = |request: &Request| request.peer == *peer && fits(&request.wanted);
        self.open_at(peer) > 0 && self.open.values().any(is_it)
    }

    /// Returns what was asked of a peer and not repeated yet; now it is.
    pub(super) fn repeat(&mut self, peer: &Address) -> Vec<Wanted> {
        let is_it = |request: &&mut Request| request.peer == *peer && !request.is_repeated;
        let repeat = |request: &mut Request| {
            request.is_repeated = true;
            request.wanted
        };
        self.open.values_mut().filter(is_it).map(repeat).collect()
    }

    /// Returns the only other peer with the host of `from` that was asked for what `fits`: some
    /// programs answer from another port.
    pub(super) fn asked_at_host_of(
        &self,
        from: &Address,
        fits: impl Fn(&Wanted) -> bool,
    ) -> Option<&Address> {
        let is_it =
            |request: &&Request| request.peer.host() == from.host() && fits(&request.wanted);
        let mut peers = self.open.values().filter(is_it).map(|request| &request.peer);
        let first = peers.next()?;
        peers.all(|peer| peer == first).then_some(first)
    }

    /// Ends a request.
    pub(super) fn take(&mut self, id: RequestId) -> Option<Request> {
        let request = self.open.remove(&id)?;
        if let Some(open) = self.per_peer.get_mut(&request.peer) {
            *open -= 1;
            if *open == 0 {
                self.per_peer.remove(&request.peer);
            }
        }
        Some(request)
    }

    /// Ends the first request to `peer` that `fits`.
    pub(super) fn take_first(
        &mut self,
        peer: &Address,
        fits: impl Fn(&Wanted) -> bool,
    ) -> Option<Request> {
        if self.open_at(peer) == 0 {
            return None;
        }
        let is_it = |request: &Request| request.peer == *peer && fits(&request.wanted);
        let id = *self.open.iter().find(|(_, request)| is_it(request))?.0;
        self.take(id)
    }

    /// Ends all requests that `fits`.
    pub(super) fn forget(&mut self, fits: impl Fn(&Request) -> bool) {
        let ids: Vec<RequestId> =
            self.open.iter().filter(|(_, request)| fits(request)).map(|(id, _)| *id).collect();
        for id in ids {
            self.take(id);
        }
    }
}
