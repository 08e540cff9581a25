//! What goes wrong, each in a word.

use std::sync::Arc;

use rand::RngExt;

use super::Simulation;
use super::peer::Lie;
use super::queue::Happening;
use crate::chance::happens;

/// Messages that are remembered for being said again.
const OVERHEARD_MAX: usize = 4096;

impl Simulation {
    /// Stops a peer now; its disk stays.
    pub fn crash(&mut self, peer: usize) {
        self.peers[peer].crash();
        self.publish_list();
    }

    /// Starts a peer that is down, with what is on its disk.
    pub fn restart(&mut self, peer: usize) {
        self.start(peer);
    }

    /// Has a peer neither hear nor say anything, until it is [resumed](Self::resume).
    pub fn mute(&mut self, peer: usize) {
        self.peers[peer].mute = true;
    }

    /// Has a muted peer take part again.
    pub fn resume(&mut self, peer: usize) {
        self.peers[peer].mute = false;
    }

    /// Keeps `side` and the others from hearing each other.
    pub fn partition(&mut self, side: impl IntoIterator<Item = usize>) {
        self.far = side.into_iter().collect();
    }

    /// Ends a partition.
    pub fn mend(&mut self) {
        self.far.clear();
    }

    /// Loses so many of a hundred messages from now on.
    pub fn lose(&mut self, percent: u8) {
        self.conditions.loss_percent = percent.min(100);
    }

    /// Flips bits in so many of a hundred messages from now on.
    pub fn corrupt(&mut self, percent: u8) {
        self.conditions.corruption_percent = percent.min(100);
    }

    /// With so many of a hundred messages, has an old one said again from now on: to anybody, as if
    /// it came from anybody.
    pub fn replay(&mut self, percent: u8) {
        self.replay_percent = percent.min(100);
    }

    /// Has a peer be dishonest in one thing from now on.
    pub fn turn(&mut self, peer: usize, lie: Lie) {
        self.peers[peer].lie = Some(lie);
    }

    /// Has each miner try so many hashes a second, from its next search on.
    pub fn set_hash_rate(&mut self, hashes_per_second: f64) {
        self.plan.hashes_per_second = hashes_per_second;
    }

    /// Remembers a message, and perhaps has an old one said again, to anybody, as if by anybody.
    pub(super) fn overhear(&mut self, payload: Arc<[u8]>) {
        if self.replay_percent == 0 {
            return;
        }
        self.overheard.push_back(payload);
        if self.overheard.len() > OVERHEARD_MAX {
            self.overheard.pop_front();
        }
        if happens(self.replay_percent, &mut self.rng) {
            let payload = &self.overheard[self.rng.random_range(0..self.overheard.len())];
            let payload = Arc::clone(payload);
            let [from, to] = [(); 2].map(|()| self.rng.random_range(0..self.peers.len()));
            let at = self.now + self.conditions.latency.draw(&mut self.rng);
            self.queue.add(at, Happening::Deliver { from, to, payload });
        }
    }
}
