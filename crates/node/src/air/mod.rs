//! What lies between the peers of one process: how long their messages take, what becomes of them
//! on the way, and which peers stand still.
//!
//! A fault is between a sender and a receiver, also on a bus, where a sender gives each message to
//! all at once. So all that goes wrong with a message goes wrong where it arrives: the receiver
//! finds out which peer of this process has sent these bytes, and draws what becomes of them. What
//! comes from other processes is not changed.
//!
//! | file | question |
//! | --- | --- |
//! | `flying` | which peer has sent these bytes? |
//! | `seat` | what is on its way to one peer? |
//! | this one | what goes wrong between which peers? |

mod flying;
mod seat;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use althing_faults::chance::happens;
use althing_faults::{Conditions, damage};
use althing_feed::PeerName;
use althing_types::{Address, Channel};
use bytes::Bytes;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tokio::sync::watch;

use self::flying::Flying;
pub(crate) use self::seat::Seat;
use crate::limit::Limit;

/// What lies between the peers of one process. Peers are called by their numbers, from zero on.
/// Clones are the same air.
#[derive(Clone, Debug)]
pub struct Air(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// How long each message takes, if nothing goes wrong.
    latency: RangeInclusive<Duration>,
    troubles: BTreeMap<u64, Set>,
    peers: BTreeMap<usize, Peer>,
    numbers: BTreeMap<Address, usize>,
    flying: Flying,
    /// How many messages are told of; `None` if no one follows them.
    told: Option<Limit>,
}

/// A peer that has been there.
#[derive(Debug)]
struct Peer {
    name: PeerName,
    /// Whether it stands still.
    frozen: watch::Sender<bool>,
}

/// A trouble with what it leaves to chance.
#[derive(Debug)]
struct Set {
    trouble: Trouble,
    rng: ChaCha8Rng,
}

/// What goes wrong between peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Messages pass only within these groups. The peers that are in none form one more.
    Partition(Vec<Vec<usize>>),
    /// Messages of one peer no longer reach another one.
    Cut {
        /// The peer that is not heard.
        from: usize,
        /// The peer that does not hear it.
        to: usize,
    },
    /// The messages between two peers meet such conditions. What a peer sends to itself does not.
    Conditions {
        /// The sender; any, if it is `None`.
        from: Option<usize>,
        /// The receiver; any, if it is `None`.
        to: Option<usize>,
        /// The conditions. Their latency comes on top of the usual one.
        conditions: Conditions,
    },
}

/// Why a message did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    Partition,
    Cut,
    ByChance,
}

/// What becomes of a message at one receiver.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// It arrives, so often and so much later.
    Arrives { from: Option<usize>, copies: Vec<(Duration, Bytes)> },
    /// It does not arrive.
    Lost { from: usize, why: Lost },
    /// It was never for this receiver.
    NotMeant,
}

/// Messages that are told of in a second, of all peers together.
const TOLD_MAX: u32 = 1000;

/// Copies of one message that arrive at one peer, however many troubles double it.
const COPIES_MAX: usize = 4;

impl Air {
    /// Returns air in which a message takes so long to each peer, even if nothing goes wrong.
    pub fn new(latency: RangeInclusive<Duration>) -> Self {
        Self(Arc::new(Mutex::new(State {
            latency,
            troubles: BTreeMap::new(),
            peers: BTreeMap::new(),
            numbers: BTreeMap::new(),
            flying: Flying::default(),
            told: None,
        })))
    }

    /// Has the peers tell of their messages, up to a thousand in a second.
    #[must_use]
    pub fn followed(self) -> Self {
        self.lock().told = Some(Limit::new(TOLD_MAX));
        self
    }

    /// Has something go wrong from now on, under a number of the caller's choice. What it leaves to
    /// chance is drawn from `seed`.
    pub(crate) fn set(&self, number: u64, trouble: Trouble, seed: u64) {
        let rng = ChaCha8Rng::seed_from_u64(seed);
        self.lock().troubles.insert(number, Set { trouble, rng });
    }

    /// Ends a trouble, and returns whether there was one with this number. What was delayed by it
    /// is on its way all the same.
    pub(crate) fn clear(&self, number: u64) -> bool {
        self.lock().troubles.remove(&number).is_some()
    }

    /// Has a peer stand still, or go on: meanwhile it reads and sends nothing, its search rests,
    /// and its connections stay, as if its process were stopped.
    pub(crate) fn freeze(&self, peer: usize, is_frozen: bool) {
        if let Some(peer) = self.lock().peers.get(&peer) {
            peer.frozen.send_replace(is_frozen);
        }
    }

    /// Takes in a peer that starts, or starts again.
    pub(crate) fn seat(&self, number: usize, name: PeerName) -> Seat {
        let mut state = self.lock();
        if let PeerName::Address(address) = &name {
            state.numbers.insert(address.clone(), number);
        }
        let (frozen, state_of_it) = watch::channel(false);
        state.peers.insert(number, Peer { name, frozen });
        drop(state);
        Seat::new(self.clone(), number, state_of_it)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nothing panics while it holds the lock")
    }
}

impl State {
    /// Returns what becomes of these bytes at the peer `to`.
    fn fate(&mut self, channel: &Channel, payload: Bytes, to: usize) -> Fate {
        let from = match channel {
            Channel::Address(address) => self.numbers.get(address).copied(),
            Channel::Topic(_) => {
                let senders = self.flying.senders(channel, &payload);
                let meant = |sender: &&flying::Sender| sender.is_meant(to);
                // Who repeats another's words is heard even where the other is not.
                let heard = senders.iter().rev().find(|it| self.barrier(it.peer, to).is_none());
                match heard.filter(meant).or_else(|| senders.iter().rev().find(meant)) {
                    Some(sender) => Some(sender.peer),
                    None if senders.is_empty() => None,
                    None => return Fate::NotMeant,
                }
            }
        };
        let usual = rand::rng().random_range(self.latency.clone());
        let mut copies = vec![(usual, payload)];
        let Some(from) = from.filter(|from| *from != to) else {
            return Fate::Arrives { from, copies };
        };
        if let Some(why) = self.barrier(from, to) {
            return Fate::Lost { from, why };
        }
        for set in self.troubles.values_mut() {
            copies = set.copies(from, to, copies);
        }
        if copies.is_empty() {
            return Fate::Lost { from, why: Lost::ByChance };
        }
        Fate::Arrives { from: Some(from), copies }
    }

    /// Returns what keeps all messages of one peer from another.
    fn barrier(&self, from: usize, to: usize) -> Option<Lost> {
        if from == to {
            return None;
        }
        self.troubles.values().find_map(|set| match &set.trouble {
            Trouble::Partition(groups) => {
                let group = |peer| groups.iter().position(|group| group.contains(&peer));
                (group(from) != group(to)).then_some(Lost::Partition)
            }
            Trouble::Cut { from: speaker, to: deaf } => {
                ((*speaker, *deaf) == (from, to)).then_some(Lost::Cut)
            }
            Trouble::Conditions { .. } => None,
        })
    }
}

impl Set {
    /// Returns what is left of copies of a message, and how much later they arrive.
    fn copies(
        &mut self,
        sender: usize,
        receiver: usize,
        copies: Vec<(Duration, Bytes)>,
    ) -> Vec<(Duration, Bytes)> {
        let Trouble::Conditions { from, to, conditions } = &self.trouble else { return copies };
        let is_other = |wanted: &Option<usize>, peer| wanted.is_some_and(|wanted| wanted != peer);
        if is_other(from, sender) || is_other(to, receiver) {
            return copies;
        }
        let mut arriving = Vec::new();
        for (delay, payload) in copies {
            for _ in 0..conditions.copies(&mut self.rng) {
                let delay = delay + conditions.latency.draw(&mut self.rng);
                let mut payload = payload.clone();
                if happens(conditions.corruption_percent, &mut self.rng) {
                    let mut bytes = payload.to_vec();
                    damage(&mut bytes, &mut self.rng);
                    payload = bytes.into();
                }
                arriving.push((delay, payload));
            }
        }
        arriving.truncate(COPIES_MAX);
        arriving
    }
}

impl Lost {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Partition => "partition",
            Self::Cut => "cut",
            Self::ByChance => "lost",
        }
    }
}

#[cfg(test)]
mod tests;
