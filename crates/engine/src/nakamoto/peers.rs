//! The peers we know (rules N1 to N8).
//!
//! Anyone can make us hear of addresses without a peer, so places are earned, as in Bitcoin's
//! `addrman` and its eviction of connections (Heilman and others, *Eclipse Attacks on Bitcoin's
//! Peer-to-Peer Network*, 2015): a peer that has not answered yet has one of a few places, and one
//! that has answered gives way only if it is neither a contact nor among the oldest or the most
//! useful. Who gives way is of the *group* of addresses that has most places, since it is cheap to
//! have many addresses in one network, and dear to have them in many.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use althing_types::{Address, Moment, PeerKey};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::answers::Share;
use super::message::Claim;

/// The maximum number of known peers (rule N7).
pub const PEERS_MAX: usize = 1024;

/// The maximum number of known peers that have not answered yet (rule N7).
pub const UNANSWERED_MAX: usize = 256;

/// How many of the peers that have been known longest keep their places (rule N7).
pub const OLDEST_KEPT: usize = 64;

/// How many of the peers that last sent something new keep their places (rule N7).
pub const USEFUL_KEPT: usize = 64;

/// The maximum number of doublings of the time for which a peer is shunned: half a minute becomes a
/// little more than an hour.
const SHUNS_MAX: u32 = 7;

/// The peers that we know, by address.
#[derive(Clone, Debug, Default)]
pub(super) struct Peers {
    known: BTreeMap<Address, Peer>,
    /// Those that keep their places whatever happens, once they are known.
    contacts: BTreeSet<Address>,
}

#[derive(Clone, Debug)]
pub(super) struct Peer {
    /// When it was last heard.
    heard: Moment,
    /// When it became known.
    met: Moment,
    /// Whether it was asked for its chain and has not answered since.
    is_asked: bool,
    /// Whether it has ever answered.
    has_answered: bool,
    /// When it last sent a block that we lacked.
    useful: Option<Moment>,
    /// Whether it is known to send a chain in parts (rule Y1).
    sends_parts: bool,
    /// What it may still be sent.
    share: Share,
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
/// What became of a peer that was to be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It was known before.
    Known,
    /// It is known now, and another one gave way, if one had to.
    New(Option<Address>),
    /// All places are taken by those that keep theirs.
    None,
}

/// A group of addresses: those that one owner may well have all of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    /// A network of IPv4, by its first 16 bits.
    V4([u8; 2]),
    /// A network of IPv6, by its first 32 bits.
    V6([u8; 4]),
    /// All hosts that are known by a name, which costs nothing to invent.
    Named,
}

impl Group {
    fn of(address: &Address) -> Self {
        match address.host().parse() {
            Ok(IpAddr::V4(host)) => {
                let [a, b, ..] = host.octets();
                Self::V4([a, b])
            }
            Ok(IpAddr::V6(host)) => {
                let [a, b, c, d, ..] = host.octets();
                Self::V6([a, b, c, d])
            }
            Err(_) => Self::Named,
        }
    }
}

impl Peers {
    /// Returns an empty table, in which these have their places for sure.
    pub(super) fn new(contacts: &[Address]) -> Self {
        Self { known: BTreeMap::new(), contacts: contacts.iter().cloned().collect() }
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) fn contains(&self, peer: &Address) -> bool {
        self.known.contains_key(peer)
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.known.keys()
    }

    /// Makes a peer known, if it can have a place (rule N7).
    pub(super) fn add(&mut self, now: Moment, peer: &Address) -> Place {
        if self.hear(now, peer) {
            return Place::Known;
        }
        let unanswered = self.known.values().filter(|peer| !peer.has_answered).count();
        let is_full = self.len() >= PEERS_MAX;
        let mut evicted = None;
        if (unanswered >= UNANSWERED_MAX || is_full) && !self.contacts.contains(peer) {
            evicted = self.least_of_those_without_an_answer();
        }
        if evicted.is_none() && is_full {
            evicted = self.least_of_all();
        }
        if let Some(evicted) = &evicted {
            self.known.remove(evicted);
        } else if is_full {
            return Place::None;
        }
        self.insert(now, peer);
        Place::New(evicted)
    }

    /// Makes a peer known that a tracker has listed, if there is a place left.
    pub(super) fn add_listed(&mut self, now: Moment, peer: &Address) -> Place {
        if self.hear(now, peer) {
            return Place::Known;
        }
        if self.len() >= PEERS_MAX {
            return Place::None;
        }
        self.insert(now, peer);
        Place::New(None)
    }

    fn insert(&mut self, now: Moment, peer: &Address) {
        let new = Peer {
            heard: now,
            met: now,
            is_asked: false,
            has_answered: false,
            useful: None,
            sends_parts: false,
            share: Share::default(),
            key: None,
            claim: None,
            shuns: 0,
            shunned_until: Moment::START,
            unlisted: None,
            is_program: false,
        };
        self.known.insert(peer.clone(), new);
    }

    /// Returns who gives way of those that have never answered: the oldest of the largest group.
    fn least_of_those_without_an_answer(&self) -> Option<Address> {
        let may_go =
            |address: &Address, peer: &Peer| !peer.has_answered && !self.contacts.contains(address);
        let candidates = self.largest_group(may_go);
        candidates.into_iter().min_by_key(|(_, peer)| peer.met).map(|(address, _)| address.clone())
    }

    /// Returns who gives way of all that do not keep their places: the newest of the largest group.
    fn least_of_all(&self) -> Option<Address> {
        let mut oldest: Vec<(Moment, &Address)> =
            self.known.iter().map(|(address, peer)| (peer.met, address)).collect();
        oldest.sort();
        let mut useful: Vec<(Moment, &Address)> =
            self.known.iter().filter_map(|(address, peer)| Some((peer.useful?, address))).collect();
        useful.sort();
        let kept: BTreeSet<&Address> = oldest
            .iter()
            .take(OLDEST_KEPT)
            .chain(useful.iter().rev().take(USEFUL_KEPT))
            .map(|(_, address)| *address)
            .chain(&self.contacts)
            .collect();
        let candidates = self.largest_group(|address, _| !kept.contains(address));
        candidates.into_iter().max_by_key(|(_, peer)| peer.met).map(|(address, _)| address.clone())
    }

    /// Returns those that may go of the group that has most places.
    fn largest_group(&self, may_go: impl Fn(&Address, &Peer) -> bool) -> Vec<(&Address, &Peer)> {
        let mut groups: BTreeMap<Group, Vec<(&Address, &Peer)>> = BTreeMap::new();
        for (address, peer) in &self.known {
            groups.entry(Group::of(address)).or_default().push((address, peer));
        }
        let groups = groups.into_values().map(|mut members| {
            let size = members.len();
            members.retain(|(address, peer)| may_go(address, peer));
            (size, members)
        });
        let groups = groups.filter(|(_, going)| !going.is_empty());
        groups.max_by_key(|(size, _)| *size).map(|(_, going)| going).unwrap_or_default()
    }

    /// Records that a peer was heard, and returns whether it is known.
    pub(super) fn hear(&mut self, now: Moment, peer: &Address) -> bool {
        let known = self.known.get_mut(peer);
        let is_there = |peer: &mut Peer| {
            peer.heard = now;
            peer.unlisted = peer.unlisted.map(|_| 0);
        };
        known.map(is_there).is_some()
    }

    /// Records that a peer was asked for its chain.
    pub(super) fn note_question(&mut self, peer: &Address) {
        if let Some(peer) = self.known.get_mut(peer) {
            peer.is_asked = true;
        }
    }

    /// Records that a peer has answered, so that it is really there.
    pub(super) fn note_answer(&mut self, peer: &Address) {
        if let Some(peer) = self.known.get_mut(peer) {
            peer.has_answered = true;
        }
    }

    /// Records that a peer has said which chain it has.
    pub(super) fn note_tip(&mut self, peer: &Address) {
        if let Some(peer) = self.known.get_mut(peer) {
            (peer.is_asked, peer.has_answered) = (false, true);
        }
    }

    /// Returns whether a peer has ever answered.
    pub(super) fn has_answered(&self, peer: &Address) -> bool {
        self.known.get(peer).is_some_and(|peer| peer.has_answered)
    }

    /// Returns what a peer that has answered may still be sent.
    pub(super) fn share(&mut self, peer: &Address) -> Option<&mut Share> {
        self.known.get_mut(peer).filter(|peer| peer.has_answered).map(|peer| &mut peer.share)
    }

    /// Returns the only peer with the host of `from` that was asked for its chain and has not
    /// answered: some programs answer from another port.
    pub(super) fn asked_at_host_of(&self, from: &Address) -> Option<&Address> {
        let mut asked = self
            .known
            .iter()
            .filter(|(address, peer)| peer.is_asked && address.host() == from.host());
        let only = asked.next()?.0;
        asked.next().is_none().then_some(only)
    }

    /// Records that a peer sends its chain in parts.
    pub(super) fn note_parts(&mut self, peer: &Address) {
        if let Some(peer) = self.known.get_mut(peer) {
            peer.sends_parts = true;
        }
    }

    /// Returns whether a peer is known to send its chain in parts.
    pub(super) fn sends_parts(&self, peer: &Address) -> bool {
        self.known.get(peer).is_some_and(|peer| peer.sends_parts)
    }

    /// Records that a peer has sent a block that we lacked.
    pub(super) fn note_use(&mut self, now: Moment, peer: &Address) {
        if let Some(peer) = self.known.get_mut(peer) {
            peer.useful = Some(now);
        }
    }

    /// Records the key at an address, unless there is one already: no other key can replace it.
    pub(super) fn bind(&mut self, peer: &Address, key: PeerKey) {
        if let Some(peer) = self.known.get_mut(peer) {
            peer.key.get_or_insert(key);
        }
    }

    /// Forgets the peer with a key, and returns its address.
    pub(super) fn forget_key(&mut self, key: &PeerKey) -> Vec<Address> {
        let is_it = |_: &Address, peer: &mut Peer| peer.key.as_ref() == Some(key);
        self.known.extract_if(.., is_it).map(|(address, _)| address).collect()
    }

    /// Forgets the peers that have not been heard for `silence`, and returns them.
    pub(super) fn forget_silent(&mut self, now: Moment, silence: Duration) -> Vec<Address> {
        let is_silent = |_: &Address, peer: &mut Peer| now - peer.heard > silence;
        self.known.extract_if(.., is_silent).map(|(address, _)| address).collect()
    }

    /// Records who is on the tracker's list. Who was on one before and is not any more is to be
    /// asked whether it is still there.
    pub(super) fn note_list(&mut self, list: &[Address]) {
        for (address, peer) in &mut self.known {
            peer.unlisted = match list.contains(address) {
                true => None,
                // It is asked at once, whenever it was heard last.
                false => peer.unlisted.or(Some(1)),
            };
        }
    }

    /// Returns whether there are peers that are not on the list.
    pub(super) fn has_unlisted(&self) -> bool {
        self.known.values().any(|peer| peer.unlisted.is_some())
    }

    /// Returns those of them to be asked now, and forgets and returns those that never answered.
    /// Who has answered is asked again after `pause`. Unless `fits`, only those are asked that send
    /// their chain in parts.
    pub(super) fn check_unlisted(
        &mut self,
        now: Moment,
        pause: Duration,
        fits: bool,
    ) -> (Vec<Address>, Vec<Address>) {
        let is_gone = |_: &Address, peer: &mut Peer| {
            peer.unlisted.is_some_and(|tries| tries > UNLISTED_TRIES)
        };
        let gone = self.known.extract_if(.., is_gone).map(|(address, _)| address).collect();
        let mut asked = Vec::new();
        for (address, peer) in &mut self.known {
            let has_answered = now - peer.heard < pause;
            let may_ask = fits || peer.sends_parts;
            if let Some(tries) = &mut peer.unlisted
                && (*tries > 0 || !has_answered)
                && may_ask
            {
                *tries += 1;
                asked.push(address.clone());
            }
        }
        (asked, gone)
    }

    /// Records that a peer is a published program.
    pub(super) fn note_program(&mut self, peer: &Address) {
        if let Some(peer) = self.known.get_mut(peer) {
            peer.is_program = true;
        }
    }

    /// Returns whether a known peer is a published program.
    pub(super) fn has_programs(&self) -> bool {
        self.known.values().any(|peer| peer.is_program)
    }

    pub(super) fn set_claim(&mut self, peer: &Address, claim: Claim) {
        if let Some(peer) = self.known.get_mut(peer) {
            peer.claim = Some(claim);
        }
    }

    /// Returns the claims of all peers that are not shunned.
    pub(super) fn claims(&self, now: Moment) -> impl Iterator<Item = (&Address, Claim)> {
        let trusted = self.known.iter().filter(move |(_, peer)| peer.shunned_until <= now);
        trusted.filter_map(|(address, peer)| Some((address, peer.claim?)))
    }

    /// Returns whether a peer may be asked.
    pub(super) fn is_trusted(&self, now: Moment, peer: &Address) -> bool {
        self.known.get(peer).is_some_and(|peer| peer.shunned_until <= now)
    }

    /// Stops asking a peer for some time, and returns for how long; longer each time.
    pub(super) fn shun(&mut self, now: Moment, peer: &Address, base: Duration) -> Option<Duration> {
        let peer = self.known.get_mut(peer).filter(|peer| peer.shunned_until <= now)?;
        let time = base * 2_u32.pow(peer.shuns.min(SHUNS_MAX));
        peer.shuns += 1;
        peer.shunned_until = now + time;
        peer.claim = None;
        Some(time)
    }

    /// Forgets the claim of a peer, until it repeats it.
    pub(super) fn drop_claim(&mut self, peer: &Address) {
        if let Some(peer) = self.known.get_mut(peer) {
            peer.claim = None;
        }
    }

    /// Resets the shunning of a peer, since it was useful.
    pub(super) fn forgive(&mut self, peer: &Address) {
        if let Some(peer) = self.known.get_mut(peer) {
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
        let mut chosen: Vec<&Address> = self.known.keys().filter(|peer| passes(peer)).collect();
        let count = count.min(chosen.len());
        for place in 0..count {
            let other = rng.random_range(place..chosen.len());
            chosen.swap(place, other);
        }
        chosen.truncate(count);
        chosen.into_iter().cloned().collect()
    }

    /// Returns up to `count` different peers of those that pass, chosen at random; at least half of
    /// them, if there are so many, of those that have answered before. So addresses that an
    /// attacker invents are not all that is tried.
    pub(super) fn choose_proven(
        &self,
        count: usize,
        rng: &mut ChaCha8Rng,
        passes: impl Fn(&Address) -> bool,
    ) -> Vec<Address> {
        let mut chosen =
            self.choose(count.div_ceil(2), rng, |peer| passes(peer) && self.has_answered(peer));
        let rest = count - chosen.len();
        let others = self.choose(rest, rng, |peer| passes(peer) && !chosen.contains(peer));
        chosen.extend(others);
        chosen
    }
}
