use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::{ChainDialect, Heard};
use althing_engine::nakamoto::{
    Discovery, Durable, Event, Identity, Input, Label, Message, Mining, Nakamoto, Output, SearchId,
};
use althing_ledger::{Ledger, Template};
use althing_types::{Address, Moment, UnixTime};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::failure::{Failure, Reason};
use super::peer::Peer;
use super::plan::Plan;
use super::queue::{Happening, Queue};
use crate::chance::{Stream, exponential, generator, happens};
use crate::conditions::Conditions;
use crate::fingerprint::Fingerprint;

/// A network with a chain, in virtual time.
///
/// Make one from a [`Plan`] and a dialect, let it run, have things go wrong in between, and look at
/// what has come of it. Peers are named by an index, counted from zero.
pub struct Simulation {
    pub(super) plan: Plan,
    /// What each peer speaks: the same network, perhaps with a key of its own.
    dialects: Vec<Arc<dyn ChainDialect>>,
    pub(super) now: Moment,
    pub(super) peers: Vec<Peer>,
    by_address: BTreeMap<Address, usize>,
    pub(super) conditions: Conditions,
    /// Peers on the far side of a partition.
    pub(super) far: BTreeSet<usize>,
    /// So many of a hundred messages have an old one said again.
    pub(super) replay_percent: u8,
    /// The last messages, whoever said them to whom.
    pub(super) overheard: VecDeque<Arc<[u8]>>,
    pub(super) queue: Queue,
    violation: Option<Reason>,
    fingerprint: Fingerprint,
    events: Vec<(Moment, usize, Event)>,
    delivered: u64,
    entries: u64,
    pub(super) rng: ChaCha8Rng,
    mining_rng: ChaCha8Rng,
}

/// What the clock on the wall shows when the simulation begins.
const BEGINNING: UnixTime = UnixTime::from_seconds(1_700_000_000);

/// Nonces among which a solution is looked for; a block that takes more is too hard to simulate.
const NONCES: u64 = 1 << 32;

/// Most bits that a damaged message has flipped.
const FLIPS_MAX: usize = 3;

impl Simulation {
    /// Returns a network whose peers are about to start.
    pub fn new(plan: Plan, dialect: Box<dyn ChainDialect>) -> Self {
        let dialect: Arc<dyn ChainDialect> = Arc::from(dialect);
        Self::of_each(plan, |_| Arc::clone(&dialect))
    }

    /// Returns a network whose peers are about to start, each of which speaks what `dialect` gives
    /// for it: the same network, with a key of its own.
    pub fn of_each(plan: Plan, dialect: impl Fn(usize) -> Arc<dyn ChainDialect>) -> Self {
        let mut rng = generator(plan.seed, Stream::Network);
        let address = |index: usize| {
            let number = u16::try_from(index).expect("a simulation has fewer peers than ports");
            Address::new("10.0.0.1", 1 + number).expect("a host")
        };
        let identity = |index: usize| Identity {
            address: address(index),
            name: Label::new(&format!("peer {index}")).expect("it is short"),
            contacts: if index == 0 { Vec::new() } else { vec![address(0)] },
            mining: match index {
                0 if plan.miners > 0 => Mining::FromGenesis,
                miner if miner < plan.miners => Mining::OnChain,
                _ => Mining::Off,
            },
            entropy: [0; 32],
            started: BEGINNING,
        };
        let mut queue = Queue::default();
        for peer in 0..plan.peers {
            let within = Duration::ZERO..=plan.start_within;
            let after = if peer == 0 { Duration::ZERO } else { rng.random_range(within) };
            queue.add(Moment::START + after, Happening::Start { peer });
        }
        queue.add(Moment::START + plan.entry_every, Happening::Entry);
        Self {
            dialects: (0..plan.peers).map(dialect).collect(),
            now: Moment::START,
            peers: (0..plan.peers).map(|index| Peer::new(identity(index))).collect(),
            by_address: (0..plan.peers).map(|index| (address(index), index)).collect(),
            conditions: plan.conditions.clone(),
            far: BTreeSet::new(),
            replay_percent: 0,
            overheard: VecDeque::new(),
            queue,
            violation: None,
            fingerprint: Fingerprint::new(),
            events: Vec::new(),
            delivered: 0,
            entries: 0,
            rng,
            mining_rng: generator(plan.seed, Stream::Mining),
            plan,
        }
    }

    /// Returns the virtual time.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// Returns a number that stands for each delivery and each change of a tip so far, with its
    /// time; equal runs have equal ones.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint.value()
    }

    /// Returns how many messages were delivered.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Returns all events of honest peers so far.
    pub fn events(&self) -> impl Iterator<Item = (Moment, usize, &Event)> {
        self.events.iter().map(|(at, peer, event)| (*at, *peer, event))
    }

    /// Returns the engine of a peer, if it is up.
    pub fn engine(&self, peer: usize) -> Option<&Nakamoto> {
        self.peers[peer].engine.as_ref()
    }

    /// Returns the blocks that a peer knows, if it is up.
    pub fn ledger(&self, peer: usize) -> Option<&Ledger> {
        self.engine(peer).map(Nakamoto::ledger)
    }

    /// Returns the address of a peer.
    pub fn address(&self, peer: usize) -> &Address {
        self.peers[peer].address()
    }

    /// Returns the peers that are up and honest, and say something.
    pub fn honest(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.peers.len()).filter(|peer| self.is_honest(*peer))
    }

    /// Returns whether a peer is up and honest, and says something.
    pub fn is_honest(&self, peer: usize) -> bool {
        let is_so = |peer: &Peer| peer.engine.is_some() && peer.lie.is_none() && !peer.mute;
        self.peers.get(peer).is_some_and(is_so)
    }

    /// Hands a peer something from outside, as its user or its transport would.
    pub fn tell(&mut self, peer: usize, input: Input) {
        self.handle(peer, input);
    }

    /// Has the next thing happen.
    pub(super) fn step(&mut self) -> Result<(), Failure> {
        let Some((at, happening)) = self.queue.pop() else { return Ok(()) };
        self.now = at;
        self.happen(happening);
        match self.violation.take() {
            Some(reason) => Err(self.failure(reason)),
            None => Ok(()),
        }
    }

    pub(super) fn next_at(&self) -> Option<Moment> {
        self.queue.next_at()
    }

    pub(super) fn failure(&self, reason: Reason) -> Failure {
        let length = |peer: usize| match self.ledger(peer) {
            Some(ledger) => ledger.length().to_string(),
            None => "down".to_owned(),
        };
        let lengths: Vec<String> = (0..self.peers.len()).map(length).collect();
        let state = format!("blocks of each: {}", lengths.join(" "));
        Failure { seed: self.plan.seed, time: self.now.since_start(), reason, state }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Start { peer } => self.start(peer),
            Happening::Deliver { from, to, payload } => self.deliver(from, to, &payload),
            Happening::Timer { peer, life, timer } => {
                if self.peers[peer].life == life {
                    self.handle(peer, Input::Timer(timer));
                }
            }
            Happening::Solved { peer, life, search } => self.solve(peer, life, search),
            Happening::Listed { peer, list } => self.handle(peer, Input::Peers(list.to_vec())),
            Happening::Entry => self.submit_next(),
        }
    }

    pub(super) fn start(&mut self, peer: usize) {
        if self.peers[peer].engine.is_some() {
            return;
        }
        let entropy = self.rng.random();
        self.peers[peer].start(self.now, &*self.dialects[peer], entropy);
        self.check_disk(peer);
        self.handle(peer, Input::Start);
        self.publish_list();
    }

    /// Has the tracker send its list to all, where there is one.
    pub(super) fn publish_list(&mut self) {
        let uses_list =
            |dialect: &Arc<dyn ChainDialect>| dialect.rules().discovery == Discovery::Tracker;
        if !self.dialects.iter().any(uses_list) {
            return;
        }
        let up = |peer: &usize| self.peers[*peer].engine.is_some();
        let up: Vec<usize> = (0..self.peers.len()).filter(up).collect();
        let list: Arc<[Address]> = up.iter().map(|peer| self.address(*peer).clone()).collect();
        for peer in up {
            let at = self.now + self.conditions.latency.draw(&mut self.rng);
            self.queue.add(at, Happening::Listed { peer, list: Arc::clone(&list) });
        }
    }

    fn deliver(&mut self, from: usize, to: usize, payload: &[u8]) {
        if self.peers[to].engine.is_none() || self.peers[to].mute {
            return;
        }
        self.delivered += 1;
        self.fingerprint.number(self.nanoseconds());
        self.fingerprint.number(to as u64);
        self.fingerprint.bytes(payload);
        let Heard { signer, said } = self.dialects[to].decode(payload);
        match (said, signer) {
            (Ok(message), signer) => {
                let from = self.peers[from].address().clone();
                self.handle(to, Input::Message { from, signer, message });
            }
            (Err(_), Some(signer)) => self.handle(to, Input::Malformed { signer }),
            (Err(_), None) => {}
        }
    }

    fn solve(&mut self, peer: usize, life: u32, search: SearchId) {
        let solving = &self.peers[peer];
        let Some((current, template)) = &solving.search else { return };
        if solving.life != life || *current != search {
            return;
        }
        let start = self.mining_rng.random_range(0..NONCES);
        if let Some(nonce) = template.search(start..start + NONCES) {
            self.handle(peer, Input::Solved { search, nonce });
        }
    }

    /// Gives a miner, chosen by lot, something to mine.
    fn submit_next(&mut self) {
        let miners: Vec<usize> =
            self.honest().filter(|peer| self.peers[*peer].is_miner()).collect();
        if !miners.is_empty() {
            let miner = miners[self.rng.random_range(0..miners.len())];
            let entry = (self.plan.entry)(self.entries);
            self.entries += 1;
            self.handle(miner, Input::Submit(entry));
        }
        self.queue.add(self.now + self.plan.entry_every, Happening::Entry);
    }

    fn handle(&mut self, peer: usize, input: Input) {
        let mut out = Vec::new();
        let acting = &mut self.peers[peer];
        let Some(engine) = &mut acting.engine else { return };
        let clock = Moment::from_start(self.now - acting.started);
        engine.handle(clock, input, &mut out);
        self.check_queues(peer);
        for output in out {
            self.carry_out(peer, output);
        }
    }

    fn carry_out(&mut self, peer: usize, output: Output) {
        let life = self.peers[peer].life;
        match output {
            Output::Persist(durable) => self.persist(peer, durable),
            Output::Send { to, message } => self.send(peer, &to, message),
            Output::SetTimer { after, timer } => {
                self.queue.add(self.now + after, Happening::Timer { peer, life, timer });
            }
            Output::Mine { search, template } => self.mine(peer, search, *template),
            Output::CancelMining => self.peers[peer].search = None,
            Output::Event(event) => self.note(peer, event),
        }
    }

    fn persist(&mut self, peer: usize, durable: Durable) {
        let from = durable.from;
        let length = self.peers[peer].disk.len();
        if !self.peers[peer].write(durable) {
            let peer = self.address(peer).clone();
            self.violation.get_or_insert(Reason::Hole { peer, length, from });
        }
        let tip = self.ledger(peer).and_then(Ledger::tip);
        let after = tip.map(|tip| tip.work).unwrap_or_default();
        let before = std::mem::replace(&mut self.peers[peer].work, after);
        if after < before {
            let peer = self.address(peer).clone();
            self.violation.get_or_insert(Reason::WorkFell { peer, before, after });
        }
    }

    fn send(&mut self, from: usize, to: &Address, message: Message) {
        let Some(to) = self.by_address.get(to).copied() else { return };
        let is_apart = self.far.contains(&from) != self.far.contains(&to);
        if is_apart || self.peers[from].mute {
            return;
        }
        let message = self.peers[from].distort(message);
        let Some(bytes) = self.dialects[from].encode(&message) else { return };
        for _ in 0..self.conditions.copies(&mut self.rng) {
            let mut payload = bytes.clone();
            if happens(self.conditions.corruption_percent, &mut self.rng) {
                for _ in 0..self.rng.random_range(1..=FLIPS_MAX) {
                    let byte = self.rng.random_range(0..payload.len());
                    payload[byte] ^= 1 << self.rng.random_range(0..8);
                }
            }
            let at = self.now + self.conditions.latency.draw(&mut self.rng);
            self.queue.add(at, Happening::Deliver { from, to, payload: payload.into() });
        }
        self.overhear(bytes.into());
    }

    fn mine(&mut self, peer: usize, search: SearchId, template: Template) {
        let hashes = template.target().work().hashes();
        let life = self.peers[peer].life;
        self.peers[peer].search = Some((search, template));
        // Rounding to a double is far below what chance does to it.
        let seconds = hashes as f64 / self.plan.hashes_per_second;
        if let Ok(mean) = Duration::try_from_secs_f64(seconds) {
            let at = self.now + exponential(mean, &mut self.mining_rng);
            self.queue.add(at, Happening::Solved { peer, life, search });
        }
    }

    fn note(&mut self, peer: usize, event: Event) {
        if let Event::TipChanged { tip, .. } = &event {
            self.fingerprint.number(peer as u64);
            self.fingerprint.bytes(tip.hash.as_bytes());
        }
        if self.peers[peer].lie.is_none() {
            self.events.push((self.now, peer, event));
        }
    }

    /// Checks that what a peer has read from its disk is what it had, and valid.
    fn check_disk(&mut self, peer: usize) {
        let ledger = self.ledger(peer).expect("it has just started");
        let followed = ledger.tip().map(|tip| tip.work).unwrap_or_default();
        if followed != self.peers[peer].work {
            let peer = self.address(peer).clone();
            self.violation.get_or_insert(Reason::Forgotten { peer });
        }
    }

    fn check_queues(&mut self, peer: usize) {
        let queues = self.peers[peer].engine.iter().flat_map(Nakamoto::queues);
        if let Some((queue, len, max)) = queues.into_iter().find(|(_, len, max)| len > max) {
            let peer = self.address(peer).clone();
            self.violation.get_or_insert(Reason::Overflow { peer, queue, len, max });
        }
    }

    fn nanoseconds(&self) -> u64 {
        u64::try_from(self.now.since_start().as_nanos()).unwrap_or(u64::MAX)
    }
}
