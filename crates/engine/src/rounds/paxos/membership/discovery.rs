//! The peers that have announced themselves, before the members are settled (rules G1, G5).

use std::collections::BTreeMap;
use std::time::Duration;

use althing_types::{Moment, PeerId};

use super::members::Members;
use crate::Queue;
use crate::rounds::{PublicKey, Refusal};

/// The peers that have announced themselves (rules G1, G2 and G5).
#[derive(Clone, Debug, Hash)]
pub(in crate::rounds::paxos) struct Discovery {
    known: BTreeMap<PeerId, Known>,
    known_max: usize,
}

#[derive(Clone, Debug, Hash)]
struct Known {
    key: Option<PublicKey>,
    heard: Moment,
}

/// Whether an announcement is news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rounds::paxos) enum Heard {
    /// It is from a peer that we did not know.
    First,
    /// It is from a peer that we know.
    Again,
}

impl Discovery {
    /// Returns an empty discovery for a membership of `peers`. It keeps a few times as many, so
    /// that late peers are known too, and strangers cannot fill the memory.
    pub(in crate::rounds::paxos) fn new(peers: usize) -> Self {
        Self { known: BTreeMap::new(), known_max: 4 * peers + 16 }
    }

    pub(in crate::rounds::paxos) fn len(&self) -> usize {
        self.known.len()
    }

    pub(in crate::rounds::paxos) fn queue(&self) -> Queue {
        Queue { name: "known peers", len: self.known.len(), max: self.known_max }
    }

    pub(in crate::rounds::paxos) fn hear(
        &mut self,
        now: Moment,
        peer: PeerId,
        key: Option<PublicKey>,
    ) -> Result<Heard, Refusal> {
        let is_full = self.known.len() >= self.known_max;
        match self.known.get_mut(&peer) {
            // Anyone can announce a peer without a key, or damage its announcement; only the peer
            // itself can announce it with one.
            Some(known) if known.key.is_some() && known.key != key => Err(Refusal::SecondKey),
            Some(known) => {
                known.key = key;
                known.heard = now;
                Ok(Heard::Again)
            }
            None if is_full => Err(Refusal::TooManyPeers),
            None => {
                self.known.insert(peer, Known { key, heard: now });
                Ok(Heard::First)
            }
        }
    }

    /// Returns the key that `peer` has announced; `None` if it has not announced itself.
    pub(in crate::rounds::paxos) fn key_of(&self, peer: PeerId) -> Option<Option<&PublicKey>> {
        self.known.get(&peer).map(|known| known.key.as_ref())
    }

    /// Records another message of a peer that has announced itself.
    pub(in crate::rounds::paxos) fn touch(&mut self, now: Moment, peer: PeerId) {
        if let Some(known) = self.known.get_mut(&peer) {
            known.heard = now;
        }
    }

    /// Forgets peers that have been silent for long, except `me`.
    pub(in crate::rounds::paxos) fn forget_silent(
        &mut self,
        now: Moment,
        silence: Duration,
        me: PeerId,
    ) {
        self.known.retain(|peer, known| *peer == me || now - known.heard < silence);
    }

    /// Returns the members of the `peers` smallest known ids, once there are so many (rule G2).
    pub(in crate::rounds::paxos) fn candidate(&self, peers: usize) -> Option<Members> {
        (self.known.len() >= peers)
            .then(|| Members::new(self.smallest(peers).map(|(peer, key)| (*peer, key.clone()))))
    }

    /// Returns the `peers` smallest known ids, or all if there are fewer, with their keys.
    pub(in crate::rounds::paxos) fn smallest(
        &self,
        peers: usize,
    ) -> impl Iterator<Item = (&PeerId, &Option<PublicKey>)> {
        self.known.iter().take(peers).map(|(peer, known)| (peer, &known.key))
    }
}
