mod faults;
mod outputs;
mod run;
mod step;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::{Dialect, Wire};
use althing_engine::rounds::{CertifiedRecord, Event, Output};
use althing_types::{Moment, PeerId};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::chance::{Stream, generator};
use crate::checker::Checker;
use crate::fingerprint::Fingerprint;
use crate::network::{Audience, Network};
use crate::peer::Peer;
use crate::plan::Plan;
use crate::queue::{Happening, Queue};
use crate::signers::Signers;
use crate::summary::{Counters, Summary};
use crate::trace::{History, Trace};
use crate::violation::Violation;
use crate::word::Word;

/// A network of peers in virtual time.
///
/// Make one from a [`Plan`] and a dialect, let it run, and look at what has come of it:
///
/// - [`run_for`](Self::run_for), [`run_until`](Self::run_until) and their kin let time pass, one
///   step after the other. After each step the run is checked, and what should never be ends it
///   with a [`Stuck`](crate::Stuck).
/// - [`crash`](Self::crash), [`partition`](Self::partition), [`lose`](Self::lose) and the other
///   words for faults have them happen now; [`Plan::at`] has them happen later.
/// - [`rows`](Self::rows), [`events`](Self::events), [`leader`](Self::leader) look at the state.
/// - [`summary`](Self::summary) counts, and [`trace`](Self::trace) tells, for a diagram or a
///   reader.
///
/// Peers are named by an index, counted from zero in the order of their ids.
pub struct Simulation {
    plan: Plan,
    dialect: Arc<dyn Dialect>,
    now: Moment,
    peers: Vec<Peer>,
    network: Network,
    queue: Queue,
    checker: Checker,
    signers: Signers,
    violation: Option<Violation>,
    history: History,
    counters: Counters,
    fingerprint: Fingerprint,
    leader: Option<PeerId>,
    /// Entropy of peers, at each of their starts.
    peers_rng: ChaCha8Rng,
    mining_rng: ChaCha8Rng,
    faults_rng: ChaCha8Rng,
    story_rng: ChaCha8Rng,
    /// Kept between steps, so that not each of them allocates.
    outputs: Vec<Output>,
}

impl Simulation {
    /// Returns a network whose peers are about to start.
    pub fn new(plan: Plan, dialect: Box<dyn Dialect>) -> Self {
        let dialect = Arc::<dyn Dialect>::from(dialect);
        let rng = |stream| generator(plan.seed, stream);
        let mut peers_rng = rng(Stream::Peers);
        let ids = (1..=plan.peers as u64).map(|number| dialect.peer_id(number << 20, number));
        let peers = ids.map(|id| Peer::new(id, &mut peers_rng)).collect();
        let mut simulation = Self {
            checker: Checker::new(dialect.rules().clone()),
            network: Network::new(plan.conditions.clone(), rng(Stream::Network)),
            history: History::new(plan.history),
            signers: Signers::new(Arc::clone(&dialect)),
            mining_rng: rng(Stream::Mining),
            faults_rng: rng(Stream::Faults),
            story_rng: rng(Stream::Story),
            peers_rng,
            dialect,
            now: Moment::START,
            peers,
            queue: Queue::default(),
            violation: None,
            counters: Counters::default(),
            fingerprint: Fingerprint::new(),
            leader: None,
            outputs: Vec::new(),
            plan,
        };
        for (time, fault) in simulation.plan.faults.clone() {
            simulation.schedule(time, Happening::Fault(Box::new(fault)));
        }
        for peer in 0..simulation.plan.peers {
            let within = Duration::ZERO..=simulation.plan.start_within;
            let after = simulation.peers_rng.random_range(within);
            simulation.schedule(after, Happening::Start { peer });
        }
        simulation
    }

    /// Publishes a stranger's bytes, and has them reach all at once.
    pub fn inject(&mut self, topic: &str, payload: &[u8]) {
        let wire = Wire { topic: topic.to_owned(), payload: payload.to_vec() };
        let word = Arc::new(Word::read(None, wire, &*self.dialect));
        self.network.carry_at_once(self.now, &word, self.peers.len(), &mut self.queue);
    }

    /// Returns the peers that are up, or about to start.
    pub fn up(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.peers.len()).filter(|peer| self.peers[*peer].wanted)
    }

    /// Returns the peers that are up, or about to start, and honest.
    pub fn honest(&self) -> impl Iterator<Item = usize> + '_ {
        self.up().filter(|peer| self.peers[*peer].liar.is_none())
    }

    /// Returns a peer's table.
    pub fn rows(&self, peer: usize) -> &[CertifiedRecord] {
        self.peers[peer].disk.rows()
    }

    /// Returns the id of a peer.
    pub fn id(&self, peer: usize) -> PeerId {
        self.peers[peer].id
    }

    /// Returns which peer has this id.
    pub fn peer_with(&self, id: PeerId) -> Option<usize> {
        self.peers.iter().position(|peer| peer.id == id)
    }

    /// Returns the latest events of honest peers, oldest first; as many as the plan says are kept.
    pub fn events(&self) -> impl Iterator<Item = (Moment, PeerId, &Event)> {
        self.history.events().map(|(at, peer, event)| (at, self.peers[peer].id, event))
    }

    /// Returns the leader that was elected last.
    pub fn leader(&self) -> Option<usize> {
        self.peer_with(self.leader?)
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

    /// Returns the generator for a scenario's own choices; nothing else draws from it.
    pub fn rng(&mut self) -> &mut ChaCha8Rng {
        &mut self.story_rng
    }

    /// Returns the run so far in numbers.
    pub fn summary(&self) -> Summary {
        let rows = self.checker.rows();
        self.counters.summary(self.plan.seed, self.peers.len(), self.now, rows)
    }

    /// Returns what happened between two times since the beginning, as far as it is still known:
    /// [`Plan::history`] says how much that is.
    pub fn trace(&self, times: Range<Duration>) -> Trace {
        let ids = self.peers.iter().map(|peer| peer.id).collect();
        self.history.trace(ids, times)
    }

    fn schedule(&mut self, after: Duration, happening: Happening) {
        self.queue.add(self.now + after, happening);
    }

    /// Has a word go its way, and notes it.
    fn publish(&mut self, word: Word, audience: &Audience) {
        let word = Arc::new(word);
        let peers = self.peers.len();
        let Self { network, queue, dialect, now, .. } = self;
        let missed = network.carry(*now, &word, audience, peers, &**dialect, queue);
        self.counters.published += 1;
        self.counters.missed += missed as u64;
        self.history.note_word(self.now, word, missed);
    }
}
