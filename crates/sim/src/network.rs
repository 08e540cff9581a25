//! The network between the peers: which packets reach which of them, and when.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use althing_engine::Engine;
use althing_faults::{Conditions, Latency, damage};
use althing_types::{Channel, Moment};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::chance::happens;
use crate::packet::Packet;
use crate::queue::{Queue, Route};

/// The routes between the peers: over a broker that passes on each message to all, or from one
/// address to another. A network without a broker never takes it down.
pub(crate) struct Network<M> {
    pub(crate) conditions: Conditions,
    /// So many of a hundred messages are followed by an old one.
    pub(crate) replay_percent: u8,
    /// When the latest message of a sender, on a topic, reaches a peer, where that order is kept.
    queued: BTreeMap<(Option<usize>, usize, Channel), Moment>,
    /// The latest packets, to be replayed.
    overheard: VecDeque<Arc<Packet<M>>>,
    rng: ChaCha8Rng,
    /// Peers on the far side of a partition.
    far: BTreeSet<usize>,
    /// Whether the sides are apart right now.
    parted: bool,
    /// How long each state of a flapping partition lasts, and which flapping that is.
    flap: Option<(Duration, u32)>,
    flappings: u32,
    /// Pairs of a sender and a receiver that does not hear it.
    cuts: BTreeSet<(usize, usize)>,
    /// The peers that neither send nor receive.
    muted: BTreeSet<usize>,
    /// Counts the broker's lives.
    epoch: u32,
    up: bool,
}

/// The receivers of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Receivers {
    Everyone,
    /// Only these. A broker cannot do that, but a dishonest peer with an accomplice could.
    Some(Vec<usize>),
}

/// Whom a packet is going to reach, and when, unless something happens before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// All peers, at this moment.
    Everyone(Moment),
    /// Some.
    Some {
        /// The peers, each with its moment; twice where it comes twice.
        arrivals: Vec<(Moment, usize)>,
        /// The peers that it should reach, and does not.
        missed: Vec<usize>,
    },
}

impl Passage {
    /// Returns how many peers it will not reach.
    pub(crate) fn missed(&self) -> usize {
        match self {
            Self::Everyone(_) => 0,
            Self::Some { missed, .. } => missed.len(),
        }
    }
}

/// Packets that are remembered to be replayed.
const OVERHEARD_MAX: usize = 4096;

impl<M> Network<M> {
    pub(crate) fn new(conditions: Conditions, rng: ChaCha8Rng) -> Self {
        Self {
            conditions,
            replay_percent: 0,
            queued: BTreeMap::new(),
            overheard: VecDeque::new(),
            rng,
            far: BTreeSet::new(),
            parted: false,
            flap: None,
            flappings: 0,
            cuts: BTreeSet::new(),
            muted: BTreeSet::new(),
            epoch: 0,
            up: true,
        }
    }

    /// Plans the deliveries of `packet`, and returns whom it will reach when.
    pub(crate) fn carry<E: Engine<Message = M>, R>(
        &mut self,
        now: Moment,
        packet: &Arc<Packet<M>>,
        receivers: &Receivers,
        peers: usize,
        queue: &mut Queue<E, R>,
    ) -> Passage {
        if !self.up {
            return Passage::Some { arrivals: Vec::new(), missed: (0..peers).collect() };
        }
        let epoch = self.epoch;
        if *receivers == Receivers::Everyone
            && let Some(latency) = self.certain()
        {
            let (at, route) = (now + latency, Route::Everyone { next: 0, peers });
            queue.deliver(at, Arc::clone(packet), epoch, route);
            return Passage::Everyone(at);
        }
        let receivers = match receivers {
            Receivers::Everyone => (0..peers).collect(),
            Receivers::Some(receivers) => receivers.clone(),
        };
        let mut route = Vec::with_capacity(receivers.len());
        let mut arrivals = Vec::with_capacity(receivers.len());
        let mut missed = Vec::new();
        for to in receivers {
            let copies =
                if self.hears(packet.from, to) { self.conditions.copies(&mut self.rng) } else { 0 };
            if copies == 0 {
                missed.push(to);
            }
            for _ in 0..copies {
                let at = self.arrival(now, packet, to);
                arrivals.push((at, to));
                if happens(self.conditions.corruption_percent, &mut self.rng) {
                    let damaged = Arc::new(self.damaged(packet));
                    let alone = Route::Some(vec![(at, to)].into_iter());
                    queue.deliver(at, damaged, epoch, alone);
                } else {
                    route.push((at, to));
                }
            }
        }
        route.sort_by_key(|(at, _)| *at);
        if let Some((first, _)) = route.first().copied() {
            queue.deliver(first, Arc::clone(packet), epoch, Route::Some(route.into_iter()));
        }
        Passage::Some { arrivals, missed }
    }

    /// Draws when a packet that is sent now reaches a peer.
    fn arrival(&mut self, now: Moment, packet: &Packet<M>, to: usize) -> Moment {
        let at = now + self.conditions.latency.draw(&mut self.rng);
        if !matches!(self.conditions.latency, Latency::PerQueue(_)) {
            return at;
        }
        let queue = (packet.from, to, packet.source.clone());
        let latest = self.queued.entry(queue).or_insert(at);
        *latest = at.max(*latest + Duration::from_nanos(1));
        *latest
    }

    /// Plans the delivery of a non-member's packet to all, right now and in spite of all faults.
    pub(crate) fn carry_at_once<E: Engine<Message = M>, R>(
        &self,
        now: Moment,
        packet: &Arc<Packet<M>>,
        peers: usize,
        queue: &mut Queue<E, R>,
    ) {
        let route = Route::Everyone { next: 0, peers };
        queue.deliver(now, Arc::clone(packet), self.epoch, route);
    }

    /// Remembers a packet, and perhaps returns an old one to be delivered again, with the delay,
    /// the apparent sender and the receiver.
    pub(crate) fn overhear(
        &mut self,
        packet: &Arc<Packet<M>>,
        peers: usize,
    ) -> Option<(Arc<Packet<M>>, Duration, [usize; 2])> {
        if self.replay_percent == 0 {
            return None;
        }
        self.overheard.push_back(Arc::clone(packet));
        if self.overheard.len() > OVERHEARD_MAX {
            self.overheard.pop_front();
        }
        if !happens(self.replay_percent, &mut self.rng) {
            return None;
        }
        let old = Arc::clone(&self.overheard[self.rng.random_range(0..self.overheard.len())]);
        let after = self.conditions.latency.draw(&mut self.rng);
        Some((old, after, [(); 2].map(|()| self.rng.random_range(0..peers))))
    }

    /// Plans the delivery of a packet to one peer.
    pub(crate) fn carry_to<E: Engine<Message = M>, R>(
        &self,
        at: Moment,
        packet: Packet<M>,
        to: usize,
        queue: &mut Queue<E, R>,
    ) {
        let route = Route::Some(vec![(at, to)].into_iter());
        queue.deliver(at, Arc::new(packet), self.epoch, route);
    }

    /// Returns the delay of a packet to which no fault but latency applies.
    pub(crate) fn latency(&mut self) -> Duration {
        self.conditions.latency.draw(&mut self.rng)
    }

    pub(crate) fn mute(&mut self, peer: usize) {
        self.muted.insert(peer);
    }

    pub(crate) fn unmute(&mut self, peer: usize) {
        self.muted.remove(&peer);
    }

    pub(crate) fn is_muted(&self, peer: usize) -> bool {
        !self.muted.is_empty() && self.muted.contains(&peer)
    }

    /// Returns whether the broker still knows what it was given in this life of its.
    pub(crate) fn remembers(&self, epoch: u32) -> bool {
        self.up && epoch == self.epoch
    }

    pub(crate) fn partition(&mut self, side: impl IntoIterator<Item = usize>) {
        self.flap = None;
        self.far = side.into_iter().collect();
        self.parted = true;
    }

    /// Begins a partition that comes and goes, and returns which one it is.
    pub(crate) fn flap(&mut self, side: impl IntoIterator<Item = usize>, every: Duration) -> u32 {
        self.partition(side);
        self.flappings += 1;
        self.flap = Some((every, self.flappings));
        self.flappings
    }

    /// Turns a flapping partition to its other state, and returns how long that lasts.
    pub(crate) fn turn_flap(&mut self, flapping: u32) -> Option<Duration> {
        let (every, current) = self.flap?;
        (current == flapping).then(|| {
            self.parted = !self.parted;
            every
        })
    }

    pub(crate) fn cut(&mut self, from: usize, to: usize) {
        self.cuts.insert((from, to));
    }

    pub(crate) fn mend(&mut self) {
        self.partition([]);
        self.cuts.clear();
    }

    /// Takes the broker down, and returns the life of its that begins after that.
    pub(crate) fn take_down(&mut self) -> u32 {
        self.up = false;
        self.epoch += 1;
        self.epoch
    }

    /// Brings the broker up, unless it was taken down again since.
    pub(crate) fn bring_up(&mut self, epoch: u32) -> bool {
        let is_latest = epoch == self.epoch;
        self.up |= is_latest;
        is_latest
    }

    pub(crate) fn heal(&mut self, conditions: Conditions) {
        self.conditions = conditions;
        self.replay_percent = 0;
        self.muted.clear();
        self.mend();
        self.up = true;
    }

    /// Returns how long every packet takes to reach all peers, in a network without faults.
    fn certain(&self) -> Option<Duration> {
        let parted = self.parted && !self.far.is_empty();
        let is_open = !parted && self.cuts.is_empty() && self.muted.is_empty();
        is_open.then(|| self.conditions.certain())?
    }

    fn hears(&self, from: Option<usize>, to: usize) -> bool {
        let Some(from) = from else { return !self.is_muted(to) };
        let apart = self.parted && self.far.contains(&from) != self.far.contains(&to);
        !apart && !self.cuts.contains(&(from, to)) && !self.is_muted(from) && !self.is_muted(to)
    }

    fn damaged(&mut self, packet: &Packet<M>) -> Packet<M> {
        let mut payload = packet.payload.to_vec();
        damage(&mut payload, &mut self.rng);
        packet.damaged(payload)
    }
}
