//! Which peer of this process has sent which bytes on a bus, where that is not on them.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use althing_types::Channel;

/// The messages that peers of this process have sent last.
#[derive(Debug, Default)]
pub(super) struct Flying {
    senders: HashMap<u64, Vec<Sender>>,
    /// In the order in which they were first sent.
    order: VecDeque<u64>,
    hashes: RandomState,
}

/// A peer that has sent something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sender {
    pub(super) peer: usize,
    /// The peers that it is for; `None` for all.
    pub(super) only: Option<Vec<usize>>,
}

/// Messages whose senders are remembered: far more than are on their way through a broker at once.
const FLYING_MAX: usize = 1 << 14;

/// Senders that are remembered of the same bytes.
const SENDERS_MAX: usize = 8;

impl Flying {
    /// Notes that a peer sends these bytes.
    pub(super) fn note(&mut self, to: &Channel, payload: &[u8], sender: Sender) {
        let hash = self.hashes.hash_one((to, payload));
        if !self.senders.contains_key(&hash) {
            if self.order.len() >= FLYING_MAX
                && let Some(first) = self.order.pop_front()
            {
                self.senders.remove(&first);
            }
            self.order.push_back(hash);
        }
        let senders = self.senders.entry(hash).or_default();
        senders.retain(|known| known.peer != sender.peer || known.only != sender.only);
        if senders.len() >= SENDERS_MAX {
            senders.remove(0);
        }
        senders.push(sender);
    }

    /// Returns the peers that have sent these bytes, the last one last; none if they came from
    /// another process, or long ago.
    pub(super) fn senders(&self, on: &Channel, payload: &[u8]) -> &[Sender] {
        let hash = self.hashes.hash_one((on, payload));
        self.senders.get(&hash).map_or(&[], Vec::as_slice)
    }
}

impl Sender {
    /// Returns whether what it has sent is for this peer. A bus returns to its sender what it has
    /// sent to others.
    pub(super) fn is_meant(&self, receiver: usize) -> bool {
        let others = self.only.as_ref();
        receiver == self.peer || others.is_none_or(|only| only.contains(&receiver))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_senders_of_the_same_bytes_are_remembered_and_not_for_ever() {
        let (mut flying, room) = (Flying::default(), Channel::topic("room"));
        for peer in [1, 2, 1] {
            flying.note(&room, b"hello", Sender { peer, only: None });
        }
        let peers = |flying: &Flying, on: &Channel, payload: &[u8]| {
            flying.senders(on, payload).iter().map(|it| it.peer).collect::<Vec<_>>()
        };
        assert_eq!(peers(&flying, &room, b"hello"), [2, 1]);
        assert_eq!(peers(&flying, &room, b"hallo"), [0; 0]);
        assert_eq!(peers(&flying, &Channel::topic("other"), b"hello"), [0; 0]);
        for number in 0..FLYING_MAX {
            flying.note(&room, &number.to_le_bytes(), Sender { peer: 3, only: None });
        }
        assert_eq!(peers(&flying, &room, b"hello"), [0; 0]);
        assert_eq!(flying.senders.len(), FLYING_MAX);
        for peer in 0..2 * SENDERS_MAX {
            flying.note(&room, b"hello", Sender { peer, only: None });
        }
        assert_eq!(peers(&flying, &room, b"hello").len(), SENDERS_MAX);
    }
}
