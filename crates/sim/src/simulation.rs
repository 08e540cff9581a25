use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::time::Duration;

use althing_dialect::{Dialect, Received, Wire};
use althing_engine::rounds::{CertifiedRecord, Event, Input, Output, Timer};
use althing_pow::{Job, Outcome, Progress, Puzzle, search};
use althing_types::{Difficulty, Moment, PeerId, Seed, Transaction};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::checker::{Checker, Violation};
use crate::faults::Faults;
use crate::peer::Peer;

/// What a simulation begins with.
pub struct Plan {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// Peers that start, which may be more or fewer than the rules want.
    pub peers: usize,
    /// What the network does.
    pub faults: Faults,
    /// The peers start one after the other within this time.
    pub start_within: Duration,
    /// Hashes that each peer tries a second.
    pub hashes_per_second: f64,
}

impl Plan {
    /// Returns a plan of `peers` that start together on a network without faults.
    pub fn new(seed: u64, peers: usize) -> Self {
        Self {
            seed,
            peers,
            faults: Faults::none(),
            start_within: Duration::from_millis(10),
            hashes_per_second: 200.0,
        }
    }
}

/// A network of peers in virtual time.
pub struct Simulation {
    seed: u64,
    rng: ChaCha8Rng,
    dialect: Box<dyn Dialect>,
    faults: Faults,
    hashes_per_second: f64,
    now: Moment,
    peers: Vec<Peer>,
    queue: BTreeMap<(Moment, u64), Happening>,
    queued: u64,
    /// Peers that cannot hear each other: those of different sides.
    sides: BTreeMap<usize, u8>,
    checker: Checker,
    violation: Option<Violation>,
    events: VecDeque<(Moment, PeerId, Event)>,
    leader: Option<PeerId>,
    /// What was delivered to whom, as one number; equal runs have equal ones.
    trace: u64,
    delivered: u64,
}

enum Happening {
    Start(usize),
    Deliver { to: usize, wire: Wire },
    Timer { peer: usize, life: u32, timer: Timer },
    Solved { peer: usize, search: u32, transaction: Transaction, seed: Seed },
}

/// Why a run did not come to where it should.
#[derive(Debug)]
pub struct Stuck {
    seed: u64,
    now: Moment,
    reason: String,
    events: Vec<String>,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} at {}: {}", self.seed, self.now, self.reason)?;
        self.events.iter().try_for_each(|event| writeln!(f, "  {event}"))
    }
}

impl std::error::Error for Stuck {}

/// Events that a failure shows.
const EVENTS_MAX: usize = 120;

/// Bits of a challenge that a simulated miner can find an answer to; each takes twice the time.
const SOLVABLE_BITS_MAX: u16 = 22;

impl Simulation {
    /// Returns a network whose peers are about to start.
    pub fn new(plan: Plan, dialect: Box<dyn Dialect>) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
        let checker = Checker::new(dialect.rules().clone());
        let ids = (1..=plan.peers as u64).map(|number| dialect.peer_id(number << 20, number));
        let peers: Vec<Peer> = ids.map(|id| Peer::new(id, &mut rng)).collect();
        let mut simulation = Self {
            seed: plan.seed,
            rng,
            dialect,
            faults: plan.faults,
            hashes_per_second: plan.hashes_per_second,
            now: Moment::START,
            peers,
            queue: BTreeMap::new(),
            queued: 0,
            sides: BTreeMap::new(),
            checker,
            violation: None,
            events: VecDeque::new(),
            leader: None,
            trace: 0xcbf2_9ce4_8422_2325,
            delivered: 0,
        };
        for peer in 0..plan.peers {
            let after = simulation.rng.random_range(Duration::ZERO..=plan.start_within);
            simulation.schedule(after, Happening::Start(peer));
        }
        simulation
    }

    /// Runs until `done`, for `limit` of virtual time at most.
    pub fn run_until(
        &mut self,
        limit: Duration,
        what: &str,
        mut done: impl FnMut(&Self) -> bool,
    ) -> Result<(), Stuck> {
        let end = self.now + limit;
        while !done(self) {
            if self.now > end {
                return Err(self.stuck(format!("no {what} within {limit:?}")));
            }
            self.step()?;
        }
        Ok(())
    }

    /// Runs for `time`.
    pub fn run_for(&mut self, time: Duration) -> Result<(), Stuck> {
        let end = self.now + time;
        while self.queue.first_key_value().is_some_and(|((moment, _), _)| *moment <= end) {
            self.step()?;
        }
        self.now = end;
        Ok(())
    }

    /// Runs until every peer that is up has at least `rows` rows.
    pub fn run_until_recorded(&mut self, limit: Duration, rows: usize) -> Result<(), Stuck> {
        self.run_until(limit, &format!("{rows} rows everywhere"), |net| {
            net.up().all(|peer| net.rows(peer).len() >= rows)
        })
    }

    /// Stops a peer now; its disk stays.
    pub fn crash(&mut self, peer: usize) {
        self.peers[peer].crash();
    }

    /// Stops a peer in the middle of what it does next: after `outputs` outputs.
    pub fn crash_after(&mut self, peer: usize, outputs: usize) {
        self.peers[peer].outputs_left = Some(outputs);
    }

    /// Starts a peer that is down.
    pub fn restart(&mut self, peer: usize) {
        if !self.peers[peer].wanted {
            self.peers[peer].wanted = true;
            self.schedule(Duration::ZERO, Happening::Start(peer));
        }
    }

    /// Keeps `side` and the others from hearing each other.
    pub fn partition(&mut self, side: impl IntoIterator<Item = usize>) {
        self.sides = side.into_iter().map(|peer| (peer, 1)).collect();
    }

    /// Ends partitions, loss and duplication, and starts whoever is down.
    pub fn heal(&mut self) {
        self.sides.clear();
        self.faults = Faults::none();
        for peer in 0..self.peers.len() {
            self.peers[peer].outputs_left = None;
            self.restart(peer);
        }
    }

    /// Delivers a stranger's bytes to all.
    pub fn inject(&mut self, topic: &str, payload: &[u8]) {
        for to in 0..self.peers.len() {
            let wire = Wire { topic: topic.to_owned(), payload: payload.to_vec() };
            self.schedule(Duration::ZERO, Happening::Deliver { to, wire });
        }
    }

    /// Returns the peers that are up, or about to start.
    pub fn up(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.peers.len()).filter(|peer| self.peers[*peer].wanted)
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

    /// Returns the latest events, oldest first.
    pub fn events(&self) -> impl Iterator<Item = &(Moment, PeerId, Event)> {
        self.events.iter()
    }

    /// Returns the leader that was elected last.
    pub fn leader(&self) -> Option<usize> {
        self.peer_with(self.leader?)
    }

    /// Returns the virtual time.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// Returns a number that stands for all that was delivered; equal runs have equal ones.
    pub fn trace(&self) -> u64 {
        self.trace
    }

    /// Returns how many messages were delivered.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Returns the generator of this run, for a scenario's own choices.
    pub fn rng(&mut self) -> &mut ChaCha8Rng {
        &mut self.rng
    }

    /// Checks that all peers that are up have the same table.
    pub fn assert_one_table(&self) {
        let tables: BTreeSet<Vec<_>> = self
            .up()
            .map(|peer| {
                self.rows(peer)
                    .iter()
                    .map(|row| (row.record.seed.clone(), row.record.winner))
                    .collect()
            })
            .collect();
        assert_eq!(tables.len(), 1, "seed {}: the peers have different tables", self.seed);
    }

    fn step(&mut self) -> Result<(), Stuck> {
        let Some(((moment, _), happening)) = self.queue.pop_first() else {
            return Err(self.stuck("nothing is left to happen".to_owned()));
        };
        self.now = moment.max(self.now);
        match happening {
            Happening::Start(peer) => self.start(peer),
            Happening::Deliver { to, wire } => self.deliver(to, &wire),
            Happening::Timer { peer, life, timer } if self.peers[peer].life == life => {
                self.handle(peer, Input::Timer(timer));
            }
            Happening::Solved { peer, search, transaction, seed }
                if self.peers[peer].search == search =>
            {
                self.handle(peer, Input::Solved { transaction, seed });
            }
            Happening::Timer { .. } | Happening::Solved { .. } => {}
        }
        match self.violation.take() {
            Some(violation) => Err(self.stuck(violation.to_string())),
            None => Ok(()),
        }
    }

    fn start(&mut self, peer: usize) {
        if self.peers[peer].wanted && self.peers[peer].engine.is_none() {
            self.peers[peer].start(&*self.dialect, &mut self.rng);
            self.handle(peer, Input::Start);
        }
    }

    fn deliver(&mut self, to: usize, wire: &Wire) {
        if self.peers[to].engine.is_none() {
            return;
        }
        self.delivered += 1;
        self.note(to, wire);
        if let Ok(received) = self.dialect.decode(&wire.topic, &wire.payload) {
            let input = match received {
                Received::Message(sealed) => Input::Message(sealed),
                Received::Lost(peer) => Input::Lost(peer),
            };
            self.handle(to, input);
        }
    }

    /// Mixes a delivery into the trace (FNV-1a).
    fn note(&mut self, to: usize, wire: &Wire) {
        let moment = self.now.since_start().as_nanos().to_be_bytes();
        let bytes = moment.iter().chain(wire.topic.as_bytes()).chain(&wire.payload);
        for byte in bytes.copied().chain(to.to_be_bytes()) {
            self.trace = (self.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn handle(&mut self, peer: usize, input: Input) {
        let mut out = Vec::new();
        if let Some(engine) = &mut self.peers[peer].engine {
            engine.handle(self.now, input, &mut out);
        }
        let life = self.peers[peer].life;
        for output in out {
            match &mut self.peers[peer].outputs_left {
                Some(0) => return self.crash(peer),
                Some(left) => *left -= 1,
                None => {}
            }
            // An output may have led to another life within this loop.
            if self.peers[peer].life == life && self.peers[peer].engine.is_some() {
                self.carry_out(peer, output);
            }
        }
    }

    fn carry_out(&mut self, peer: usize, output: Output) {
        match output {
            Output::Persist(durable) => {
                let id = self.peers[peer].id;
                if let Err(violation) = self.checker.check(id, &durable) {
                    self.violation.get_or_insert(violation);
                }
                self.peers[peer].disk.write(durable);
            }
            Output::Broadcast(sealed) => {
                if let Some(wire) = self.dialect.encode(&sealed) {
                    self.broadcast(peer, &wire);
                }
            }
            Output::SetTimer { after, timer } => {
                let life = self.peers[peer].life;
                self.schedule(after, Happening::Timer { peer, life, timer });
            }
            Output::Mine { transaction, puzzle, difficulty } => {
                self.peers[peer].search += 1;
                self.mine(peer, transaction, puzzle, difficulty);
            }
            Output::CancelMining => self.peers[peer].search += 1,
            Output::Recall { from, count } => {
                let records = self.peers[peer].disk.recall(from, count);
                self.handle(peer, Input::Recalled(records));
            }
            Output::Event(event) => {
                if let Event::LeaderElected { leader, .. } = &event {
                    self.leader = Some(*leader);
                }
                if self.events.len() >= EVENTS_MAX {
                    self.events.pop_front();
                }
                self.events.push_back((self.now, self.peers[peer].id, event));
            }
        }
    }

    fn broadcast(&mut self, from: usize, wire: &Wire) {
        for to in 0..self.peers.len() {
            if self.sides.get(&from) != self.sides.get(&to) {
                continue;
            }
            for after in self.faults.deliveries(&mut self.rng) {
                self.schedule(after, Happening::Deliver { to, wire: wire.clone() });
            }
        }
    }

    /// Mining takes as long as a random process of our hash rate does, and finds a real solution.
    fn mine(
        &mut self,
        peer: usize,
        transaction: Transaction,
        puzzle: Puzzle,
        difficulty: Difficulty,
    ) {
        if difficulty.bits() > SOLVABLE_BITS_MAX {
            return;
        }
        let hashes = -self.rng.random::<f64>().max(f64::MIN_POSITIVE).ln()
            * f64::from(difficulty.bits()).exp2();
        let after = Duration::from_secs_f64(hashes / self.hashes_per_second);
        let from = self.rng.random_range(0..1 << 32);
        let job = Job { puzzle, difficulty, range: from..u64::MAX };
        if let Outcome::Found(seed) = search(&job, &Progress::new()) {
            let search = self.peers[peer].search;
            self.schedule(after, Happening::Solved { peer, search, transaction, seed });
        }
    }

    fn schedule(&mut self, after: Duration, happening: Happening) {
        self.queued += 1;
        self.queue.insert((self.now + after, self.queued), happening);
    }

    fn stuck(&self, reason: String) -> Stuck {
        let rows = self.peers.iter().map(|peer| peer.disk.rows().len());
        let rows: Vec<String> = rows.map(|rows| rows.to_string()).collect();
        let up: Vec<usize> = self.up().collect();
        let state = format!("up: {up:?}; rows of each: {}", rows.join(" "));
        let events = self.events.iter().map(|(at, peer, event)| format!("{at} {peer} {event:?}"));
        Stuck { seed: self.seed, now: self.now, reason, events: events.chain([state]).collect() }
    }
}
