//! A whole network in virtual time.
//!
//! | file | question |
//! | --- | --- |
//! | `step` | what happens next, and to which peer? |
//! | `effects` | how does a peer affect the network? |
//! | `faults` | what goes wrong? |
//! | `run` | how does time pass? |
//! | this one | what is there to see? |

mod effects;
mod faults;
mod run;
mod step;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::Wire;
use althing_engine::Input;
use althing_types::{Channel, Moment};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::chance::{Stream, generator};
use crate::fingerprint::Fingerprint;
use crate::host::{Disk, Effect};
use crate::network::{Network, Receivers};
use crate::packet::Packet;
use crate::peer::Peer;
use crate::plan::Plan;
use crate::queue::{Queue, Scheduled};
use crate::simulated::{Checker, DurableOf, EventOf, MessageOf, Simulated, ViolationOf};
use crate::stuck::Reason;
use crate::summary::{Counters, Summary};
use crate::trace::{History, Trace};

/// A network of peers in virtual time.
///
/// Make one from a [`Plan`] and a kind of network, let it run, and look at the result:
///
/// - [`run_for`](Self::run_for), [`run_until`](Self::run_until) and their kin let time pass, one
///   step after the other. After each step the run is checked, and what should never be ends it
///   with a [`Stuck`](crate::Stuck).
/// - [`crash`](Self::crash), [`partition`](Self::partition), [`lose`](Self::lose) and the other
///   faults happen at once; [`Plan::at`] has them happen later.
/// - [`disk`](Self::disk), [`engine`](Self::engine), [`events`](Self::events) and
///   [`leader`](Self::leader) look at the state.
/// - [`summary`](Self::summary) counts, and [`trace`](Self::trace) tells, for a diagram or a
///   reader.
///
/// Peers are named by an index, counted from zero.
pub struct Simulation<N: Simulated> {
    plan: Plan<N::Role>,
    kind: N,
    now: Moment,
    peers: Vec<Peer<N>>,
    network: Network<MessageOf<N>>,
    queue: Queue<N::Engine, N::Role>,
    checker: N::Checker,
    failure: Option<Reason<ViolationOf<N>>>,
    history: History<N>,
    counters: Counters,
    fingerprint: Fingerprint,
    /// Entropy of peers, at each of their starts.
    peers_rng: ChaCha8Rng,
    mining_rng: ChaCha8Rng,
    faults_rng: ChaCha8Rng,
    commands_rng: ChaCha8Rng,
    script_rng: ChaCha8Rng,
    /// Kept between steps, so that not each of them allocates.
    effects: Vec<Effect<N::Engine>>,
}

impl<N: Simulated> Simulation<N> {
    /// Returns a network whose peers are about to start.
    pub fn new(plan: Plan<N::Role>, mut kind: N) -> Self {
        let rng = |stream| generator(plan.seed, stream);
        let mut peers_rng = rng(Stream::Peers);
        (0..plan.peers).for_each(|_| kind.add_peer(&mut peers_rng));
        let mut simulation = Self {
            checker: kind.checker(),
            network: Network::new(plan.conditions.clone(), rng(Stream::Network)),
            history: History::new(plan.history),
            mining_rng: rng(Stream::Mining),
            faults_rng: rng(Stream::Faults),
            commands_rng: rng(Stream::Commands),
            script_rng: rng(Stream::Script),
            peers_rng,
            kind,
            now: Moment::START,
            peers: (0..plan.peers).map(|_| Peer::new()).collect(),
            queue: Queue::default(),
            failure: None,
            counters: Counters::default(),
            fingerprint: Fingerprint::new(),
            effects: Vec::new(),
            plan,
        };
        for (time, fault) in simulation.plan.faults.clone() {
            simulation.schedule(time, Scheduled::Fault(Box::new(fault)));
        }
        for peer in 0..simulation.plan.peers {
            let within = Duration::ZERO..=simulation.plan.start_within;
            let after = simulation.peers_rng.random_range(within);
            simulation.schedule(after, Scheduled::Start { peer });
        }
        if let Some(every) = simulation.kind.command_every() {
            simulation.schedule(every, Scheduled::Command);
        }
        simulation
    }

    /// Publishes a stranger's bytes, and has them reach all at once.
    pub fn inject(&mut self, topic: &str, payload: &[u8]) {
        let wire = Wire { to: Channel::topic(topic), payload: payload.to_vec() };
        let packet = Arc::new(Packet::new(None, None, wire));
        self.network.carry_at_once(self.now, &packet, self.peers.len(), &mut self.queue);
    }

    /// Hands a peer something from outside, as its user or its transport would.
    pub fn input(&mut self, peer: usize, input: Input<N::Engine>) {
        self.handle(peer, input);
    }

    /// Returns the peers that are up, or about to start.
    pub fn up(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.peers.len()).filter(|peer| self.peers[*peer].wanted)
    }

    /// Returns the peers that are honest, and up, about to start, or have left; without those that
    /// are muted.
    pub fn honest(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.peers.len()).filter(|peer| self.is_honest(*peer))
    }

    /// Returns whether a peer is one of the [honest](Self::honest) ones.
    pub fn is_honest(&self, peer: usize) -> bool {
        let counts = |it: &Peer<N>| (it.wanted || it.left) && it.is_honest();
        self.peers.get(peer).is_some_and(counts) && !self.network.is_muted(peer)
    }

    /// Returns the engine of a peer, if it is up.
    pub fn engine(&self, peer: usize) -> Option<&N::Engine> {
        self.peers[peer].host.engine()
    }

    /// Returns the disk of a peer.
    pub fn disk(&self, peer: usize) -> &Disk<DurableOf<N>> {
        self.peers[peer].host.disk()
    }

    /// Returns the kind of network, which knows the peers by their names.
    pub fn kind(&self) -> &N {
        &self.kind
    }

    /// As [`kind`](Self::kind), to be changed.
    pub fn kind_mut(&mut self) -> &mut N {
        &mut self.kind
    }

    /// Returns the checker.
    pub fn checker(&self) -> &N::Checker {
        &self.checker
    }

    /// Returns the latest events of honest peers, oldest first; as many as the plan says are kept.
    pub fn events(&self) -> impl Iterator<Item = (Moment, usize, &EventOf<N>)> {
        self.history.events()
    }

    /// Returns the peer that was elected last, or that found the last block.
    pub fn leader(&self) -> Option<usize> {
        self.kind.leader()
    }

    /// Returns the virtual time.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// Returns the seed of this run.
    pub fn seed(&self) -> u64 {
        self.plan.seed
    }

    /// Returns a number that stands for each delivery and each event so far, with its time; equal
    /// runs have equal ones.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint.value()
    }

    /// Returns how many messages were delivered.
    pub fn delivered(&self) -> u64 {
        self.counters.delivered
    }

    /// Returns the generator for a test's own choices; nothing else draws from it.
    pub fn rng(&mut self) -> &mut ChaCha8Rng {
        &mut self.script_rng
    }

    /// Has each peer try so many hashes a second, from its next search on.
    pub fn set_hash_rate(&mut self, hashes_per_second: f64) {
        self.plan.hashes_per_second = hashes_per_second;
    }

    /// Returns the run so far in numbers.
    pub fn summary(&self) -> Summary {
        let Plan { seed, peers, .. } = self.plan;
        let run = (seed, peers, self.peers.len() - peers);
        let outcome = (self.checker.decided(), self.checker.checked());
        self.counters.summary(N::NAMES, run, self.now, outcome)
    }

    /// Returns what happened between two times since the beginning, as far as it is still known:
    /// [`Plan::history`] says how much that is.
    pub fn trace(&self, times: Range<Duration>) -> Trace {
        self.history.trace(&self.kind, self.peers.len(), times)
    }

    fn schedule(&mut self, after: Duration, scheduled: Scheduled<N::Engine, N::Role>) {
        self.queue.add(self.now + after, scheduled);
    }

    /// Sends a packet on its way, and takes note of it.
    fn publish(&mut self, packet: Packet<MessageOf<N>>, receivers: &Receivers) {
        let packet = Arc::new(packet);
        let peers = self.peers.len();
        let Self { network, queue, now, .. } = self;
        let passage = network.carry(*now, &packet, receivers, peers, queue);
        self.counters.published += 1;
        self.counters.missed += passage.missed() as u64;
        let to = match receivers {
            Receivers::Some(only) if packet.source.as_address().is_some() => only.first().copied(),
            Receivers::Everyone | Receivers::Some(_) => None,
        };
        if let Some((old, after, [from, to])) = self.network.overhear(&packet, peers) {
            let source = self.kind.address(from).map(|address| Channel::Address(address.clone()));
            let again = old.replayed(source.unwrap_or_else(|| old.source.clone()));
            self.network.carry_to(self.now + after, again, to, &mut self.queue);
        }
        self.history.note_packet(self.now, packet, to, passage);
    }

    fn fail(&mut self, reason: Reason<ViolationOf<N>>) {
        self.failure.get_or_insert(reason);
    }

    fn judge(&mut self, verdict: Result<(), ViolationOf<N>>) {
        if let Err(violation) = verdict {
            self.fail(Reason::Violation(violation));
        }
    }
}
