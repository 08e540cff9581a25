//! The peers of the network, in the order in which they were first heard.

use std::collections::BTreeMap;

use althing_types::PeerId;

/// Peers that are listed; any beyond them are neither listed nor counted.
pub const PEERS_MAX: usize = 256;

/// All peers that were heard.
#[derive(Debug, Default)]
pub struct Peers {
    listed: Vec<Peer>,
    places: BTreeMap<PeerId, usize>,
}

/// One peer.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its id.
    pub id: PeerId,
    /// How many came before it, and itself.
    pub number: usize,
    /// Whether it was killed, and not yet started again.
    pub is_down: bool,
    /// Whether it was made to stand still.
    pub is_frozen: bool,
    /// Whether it was made to break the rules.
    pub is_byzantine: bool,
    /// Whether it has been silent for long.
    pub is_lost: bool,
    /// Whether the members were settled without it.
    pub is_observer: bool,
    /// Rows won.
    pub won: u64,
}

impl Peers {
    /// Lists a peer, if it is new and there is room.
    pub fn add(&mut self, id: PeerId) {
        let place = self.listed.len();
        if place >= PEERS_MAX || self.places.contains_key(&id) {
            return;
        }
        self.places.insert(id, place);
        let number = place + 1;
        self.listed.push(Peer {
            id,
            number,
            is_down: false,
            is_frozen: false,
            is_byzantine: false,
            is_lost: false,
            is_observer: false,
            won: 0,
        });
    }

    /// Notes who the members are.
    pub fn settle(&mut self, members: &[PeerId]) {
        for peer in &mut self.listed {
            peer.is_observer = true;
        }
        for id in members.iter().take(PEERS_MAX) {
            self.add(*id);
            if let Some(peer) = self.get_mut(*id) {
                peer.is_observer = false;
            }
        }
    }

    /// Returns a peer to be changed, if it is listed.
    pub fn get_mut(&mut self, id: PeerId) -> Option<&mut Peer> {
        self.places.get(&id).map(|place| &mut self.listed[*place])
    }

    /// Notes that a peer is there after all.
    pub fn hear(&mut self, id: PeerId) {
        if let Some(peer) = self.get_mut(id) {
            peer.is_lost = false;
        }
    }

    /// Returns a peer, if it is listed.
    pub fn get(&self, id: PeerId) -> Option<&Peer> {
        self.places.get(&id).map(|place| &self.listed[*place])
    }

    /// Returns the peers, in the order in which they were first heard.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Peer> {
        self.listed.iter()
    }

    /// Returns how many are there and count.
    pub fn here(&self) -> usize {
        self.listed
            .iter()
            .filter(|peer| !peer.is_lost && !peer.is_down && !peer.is_frozen && !peer.is_observer)
            .count()
    }
}
