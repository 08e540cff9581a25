use std::collections::BTreeMap;
use std::time::Duration;

use althing_types::{Moment, PeerId};

use super::roster::Roster;
use crate::rounds::{PublicKey, Queue, Refusal};

/// The peers that have announced themselves (rules G1, G2 and G5).
#[derive(Clone, Debug, Hash)]
pub(super) struct Gathering {
    known: BTreeMap<PeerId, Known>,
    known_max: usize,
}

#[derive(Clone, Debug, Hash)]
struct Known {
    key: Option<PublicKey>,
    heard: Moment,
}

/// What an announcement tells us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Of a peer we did not know.
    First,
    /// Of a peer we know.
    Again,
}

impl Gathering {
    /// Returns an empty gathering for a roster of `peers`. It keeps a few times as many, so that
    /// those who came too late are known as well, and strangers cannot fill the memory.
    pub(super) fn new(peers: usize) -> Self {
        Self { known: BTreeMap::new(), known_max: 4 * peers + 16 }
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) fn queue(&self) -> Queue {
        ("known peers", self.known.len(), self.known_max)
    }

    pub(super) fn hear(
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
    pub(super) fn key_of(&self, peer: PeerId) -> Option<Option<&PublicKey>> {
        self.known.get(&peer).map(|known| known.key.as_ref())
    }

    /// Notes that a peer which has announced itself said something else.
    pub(super) fn touch(&mut self, now: Moment, peer: PeerId) {
        if let Some(known) = self.known.get_mut(&peer) {
            known.heard = now;
        }
    }

    /// Forgets peers that have been silent for long, except `me`.
    pub(super) fn forget_silent(&mut self, now: Moment, silence: Duration, me: PeerId) {
        self.known.retain(|peer, known| *peer == me || now - known.heard < silence);
    }

    /// Returns the roster of the `peers` smallest known ids, once there are so many (rule G2).
    pub(super) fn candidate(&self, peers: usize) -> Option<Roster> {
        (self.known.len() >= peers)
            .then(|| Roster::new(self.smallest(peers).map(|(peer, key)| (*peer, key.clone()))))
    }

    /// Returns the `peers` smallest known ids, or all if there are fewer, with their keys.
    pub(super) fn smallest(
        &self,
        peers: usize,
    ) -> impl Iterator<Item = (&PeerId, &Option<PublicKey>)> {
        self.known.iter().take(peers).map(|(peer, known)| (peer, &known.key))
    }
}
