//! The peers we know (rules N1 to N8).

use std::collections::BTreeMap;
use std::time::Duration;

use althing_types::{Address, Moment, PeerKey};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::message::Claim;

/// The maximum number of known peers (rule N7).
pub const PEERS_MAX: usize = 1024;

/// The maximum number of doublings of the time for which a peer is shunned: half a minute becomes a
/// little more than an hour.
const SHUNS_MAX: u32 = 7;

/// The peers that we know, by address.
#[derive(Clone, Debug, Default)]
pub(super) struct Peers(BTreeMap<Address, Peer>);

#[derive(Clone, Debug)]
pub(super) struct Peer {
    /// When it was last heard.
    heard: Moment,
    /// Its key, where messages are signed: the first key that sent a message from there.
    key: Option<PeerKey>,
    /// The last chain that it claimed.
    claim: Option<Claim>,
    /// How often it was shunned, and until when.
    shuns: u32,
    shunned_until: Moment,
}

impl Peers {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn contains(&self, peer: &Address) -> bool {
        self.0.contains_key(peer)
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.0.keys()
    }

    /// Adds a peer, and returns whether there is room for it.
    pub(super) fn add(&mut self, now: Moment, peer: &Address) -> bool {
        if self.0.len() >= PEERS_MAX && !self.contains(peer) {
            return false;
        }
        let (claim, key, shunned_until) = (None, None, Moment::START);
        let new = Peer { heard: now, key, claim, shuns: 0, shunned_until };
        self.0.entry(peer.clone()).or_insert(new).heard = now;
        true
    }

    /// Records that a peer was heard, and returns whether it is known.
    pub(super) fn hear(&mut self, now: Moment, peer: &Address) -> bool {
        let known = self.0.get_mut(peer);
        known.map(|peer| peer.heard = now).is_some()
    }

    /// Records the key at an address, unless there is one already: no other key can replace it.
    pub(super) fn bind(&mut self, peer: &Address, key: PeerKey) {
        if let Some(peer) = self.0.get_mut(peer) {
            peer.key.get_or_insert(key);
        }
    }

    /// Forgets the peer with a key, and returns its address.
    pub(super) fn forget_key(&mut self, key: &PeerKey) -> Vec<Address> {
        let is_it = |_: &Address, peer: &mut Peer| peer.key.as_ref() == Some(key);
        self.0.extract_if(.., is_it).map(|(address, _)| address).collect()
    }

    /// Forgets the peers that have not been heard for `silence`, and returns them.
    pub(super) fn forget_silent(&mut self, now: Moment, silence: Duration) -> Vec<Address> {
        let is_silent = |_: &Address, peer: &mut Peer| now - peer.heard > silence;
        self.0.extract_if(.., is_silent).map(|(address, _)| address).collect()
    }

    /// Forgets the peers that are not in `list`, and returns them.
    pub(super) fn keep_only(&mut self, list: &[Address]) -> Vec<Address> {
        let is_gone = |address: &Address, _: &mut Peer| !list.contains(address);
        self.0.extract_if(.., is_gone).map(|(address, _)| address).collect()
    }

    pub(super) fn set_claim(&mut self, peer: &Address, claim: Claim) {
        if let Some(peer) = self.0.get_mut(peer) {
            peer.claim = Some(claim);
        }
    }

    /// Returns the claims of all peers that are not shunned.
    pub(super) fn claims(&self, now: Moment) -> impl Iterator<Item = (&Address, Claim)> {
        let trusted = self.0.iter().filter(move |(_, peer)| peer.shunned_until <= now);
        trusted.filter_map(|(address, peer)| Some((address, peer.claim?)))
    }

    /// Returns whether a peer may be asked.
    pub(super) fn is_trusted(&self, now: Moment, peer: &Address) -> bool {
        self.0.get(peer).is_some_and(|peer| peer.shunned_until <= now)
    }

    /// Stops asking a peer for some time, and returns for how long; longer each time.
    pub(super) fn shun(&mut self, now: Moment, peer: &Address, base: Duration) -> Option<Duration> {
        let peer = self.0.get_mut(peer).filter(|peer| peer.shunned_until <= now)?;
        let time = base * 2_u32.pow(peer.shuns.min(SHUNS_MAX));
        peer.shuns += 1;
        peer.shunned_until = now + time;
        peer.claim = None;
        Some(time)
    }

    /// Forgets the claim of a peer, until it repeats it.
    pub(super) fn drop_claim(&mut self, peer: &Address) {
        if let Some(peer) = self.0.get_mut(peer) {
            peer.claim = None;
        }
    }

    /// Resets the shunning of a peer, since it was useful.
    pub(super) fn forgive(&mut self, peer: &Address) {
        if let Some(peer) = self.0.get_mut(peer) {
            peer.shuns = 0;
        }
    }

    /// Returns up to `count` different peers of those that pass, chosen at random.
    pub(super) fn choose(
        &self,
        count: usize,
        rng: &mut ChaCha8Rng,
        passes: impl Fn(&Address) -> bool,
    ) -> Vec<Address> {
        let mut chosen: Vec<&Address> = self.0.keys().filter(|peer| passes(peer)).collect();
        let count = count.min(chosen.len());
        for place in 0..count {
            let other = rng.random_range(place..chosen.len());
            chosen.swap(place, other);
        }
        chosen.truncate(count);
        chosen.into_iter().cloned().collect()
    }
}
