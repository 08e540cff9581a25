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
    /// How often it was asked in vain whether it is there, if it is not on the tracker's list.
    unlisted: Option<u8>,
    /// Whether it has sent a whole chain where a part was asked for, as published programs do.
    is_program: bool,
}

/// How often a peer that is on no list any more is asked before it is forgotten.
const UNLISTED_TRIES: u8 = 3;

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
        let (unlisted, is_program) = (None, false);
        let new = Peer { heard: now, key, claim, shuns: 0, shunned_until, unlisted, is_program };
        self.0.entry(peer.clone()).or_insert(new).heard = now;
        true
    }

    /// Records that a peer was heard, and returns whether it is known.
    pub(super) fn hear(&mut self, now: Moment, peer: &Address) -> bool {
        let known = self.0.get_mut(peer);
        let is_there = |peer: &mut Peer| {
            peer.heard = now;
            peer.unlisted = peer.unlisted.map(|_| 0);
        };
        known.map(is_there).is_some()
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

    /// Records who is on the tracker's list. Who was on one before and is not any more is to be
    /// asked whether it is still there.
    pub(super) fn note_list(&mut self, list: &[Address]) {
        for (address, peer) in &mut self.0 {
            peer.unlisted = match list.contains(address) {
                true => None,
                // It is asked at once, whenever it was heard last.
                false => peer.unlisted.or(Some(1)),
            };
        }
    }

    /// Returns whether there are peers that are not on the list.
    pub(super) fn has_unlisted(&self) -> bool {
        self.0.values().any(|peer| peer.unlisted.is_some())
    }

    /// Returns those of them to be asked now, and forgets and returns those that never answered.
    /// Who has answered is asked again after `pause`.
    pub(super) fn check_unlisted(
        &mut self,
        now: Moment,
        pause: Duration,
    ) -> (Vec<Address>, Vec<Address>) {
        let is_gone = |_: &Address, peer: &mut Peer| {
            peer.unlisted.is_some_and(|tries| tries > UNLISTED_TRIES)
        };
        let gone = self.0.extract_if(.., is_gone).map(|(address, _)| address).collect();
        let mut asked = Vec::new();
        for (address, peer) in &mut self.0 {
            let has_answered = now - peer.heard < pause;
            if let Some(tries) = &mut peer.unlisted
                && (*tries > 0 || !has_answered)
            {
                *tries += 1;
                asked.push(address.clone());
            }
        }
        (asked, gone)
    }

    /// Records that a peer is a published program.
    pub(super) fn note_program(&mut self, peer: &Address) {
        if let Some(peer) = self.0.get_mut(peer) {
            peer.is_program = true;
        }
    }

    /// Returns whether a known peer is a published program.
    pub(super) fn has_programs(&self) -> bool {
        self.0.values().any(|peer| peer.is_program)
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
