//! Members that contend for a lease while members crash, stop, are cut off and lie, with clocks
//! that do not run alike.

use std::collections::BTreeMap;
use std::time::Duration;

use althing_applications::leases::{
    self, Action, Candidate, LeaseName, Leases, Statement, Witness,
};
use althing_engine::simplex::{Command, Input, Timeouts};
use althing_ledger::charter::ApplicationSettings;
use althing_sim::Planned;
use althing_sim::assembly::{AssemblyNetwork, Role, Scenario, Simulation};
use althing_types::{Height, Moment, PeerKey};
use ed25519_dalek::SigningKey;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const TTL: Duration = Duration::from_millis(700);
const STEP: Duration = Duration::from_millis(5);

/// A member that wants the lease, and what it knows.
struct Contender {
    key: SigningKey,
    /// How far its clock goes in a thousand milliseconds.
    rate: u32,
    witness: Witness,
    candidate: Candidate,
    /// The leases after the blocks that it has read.
    leases: Leases,
    height: u64,
    /// Until when its command may run, by its clock, whatever becomes of it.
    working: Option<Moment>,
    is_stopped: bool,
}

struct Fleet {
    net: Simulation,
    contenders: Vec<Contender>,
    /// Members that say that a lease has lapsed whenever they like.
    liars: Vec<usize>,
    rng: ChaCha8Rng,
    tokens: Vec<u64>,
}

fn name() -> LeaseName {
    "primary".parse().expect("a name")
}

fn public(key: &SigningKey) -> PeerKey {
    PeerKey::from_bytes(key.verifying_key().to_bytes())
}

impl Contender {
    fn new(peer: usize, leases: Leases, rng: &mut ChaCha8Rng) -> Self {
        let key = SigningKey::from_bytes(&Scenario::secret(peer));
        let me = public(&key);
        Self {
            key,
            rate: rng.random_range(990..=1010),
            witness: Witness::new(me),
            candidate: Candidate::new(me, name(), TTL),
            leases,
            height: 0,
            working: None,
            is_stopped: false,
        }
    }

    /// Forgets all but its clock and its command, which its guard ends in time.
    fn restart(&mut self, leases: Leases) {
        let me = public(&self.key);
        (self.leases, self.height) = (leases, 0);
        (self.witness, self.candidate) = (Witness::new(me), Candidate::new(me, name(), TTL));
    }

    fn clock(&self, now: Moment) -> Moment {
        Moment::from_start(now.since_start() * self.rate / 1000)
    }

    fn is_working(&self, now: Moment) -> bool {
        self.working.is_some_and(|kill| self.clock(now) < kill)
    }
}

impl Fleet {
    fn start(scenario: Scenario, seed: u64) -> Self {
        let mut charter = scenario.charter();
        let settings = BTreeMap::new();
        charter
            .applications
            .push(ApplicationSettings { name: leases::APPLICATION.into(), settings });
        let members = charter.members.len();
        let (timeouts, entry_every) = (Timeouts::default(), scenario.entry_every);
        let kind = AssemblyNetwork::new(charter, timeouts, entry_every);
        let net = Simulation::new(scenario.plan, kind);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let none = net.kind().dialect().leases().expect("the charter has some").clone();
        let contenders =
            (0..members).map(|peer| Contender::new(peer, none.clone(), &mut rng)).collect();
        Self { net, contenders, liars: Vec::new(), rng, tokens: Vec::new() }
    }

    fn run_for(&mut self, time: Duration) {
        let end = self.net.now() + time;
        while self.net.now() < end {
            self.net.run_for(STEP).unwrap_or_else(|stuck| panic!("{stuck}"));
            for peer in 0..self.contenders.len() {
                if self.net.engine(peer).is_some() && !self.contenders[peer].is_stopped {
                    self.act(peer);
                }
            }
        }
    }

    /// Has a member read what is committed, and do what follows.
    fn act(&mut self, peer: usize) {
        let now = self.net.now();
        let contender = &mut self.contenders[peer];
        let blocks = self.net.disk(peer).entries();
        let place = |height: u64| usize::try_from(height).expect("few blocks");
        while let Some(committed) = blocks.get(place(contender.height)) {
            contender.height += 1;
            contender.leases.follow(Height::new(contender.height), &committed.block.entries);
        }
        drop(blocks);
        let clock = contender.clock(now);
        let mut said = Vec::new();
        for statement in contender.witness.look(clock, &contender.leases) {
            said.push((statement, self.rng.random()));
        }
        if self.liars.contains(&peer) {
            said.extend(lie(&contender.leases, &mut self.rng));
        }
        let height = Height::new(contender.height);
        let rng = &mut self.rng;
        let actions =
            contender.candidate.look(clock, height, &contender.leases, &mut || rng.random());
        for action in actions {
            match action {
                Action::Submit { statement, nonce } => said.push((statement, nonce)),
                Action::Begin { token, kill, .. } => {
                    self.contenders[peer].working = Some(kill);
                    self.begin(peer, token.0);
                }
                Action::Extend { kill, .. } => self.contenders[peer].working = Some(kill),
                Action::Lost => {}
            }
        }
        for (statement, nonce) in said {
            let key = &self.contenders[peer].key;
            let entry = self.net.kind().dialect().lease_entry(key, &statement, nonce);
            self.net.input(peer, Input::Command(Command::Submit(vec![entry])));
        }
    }

    fn begin(&mut self, peer: usize, token: u64) {
        let now = self.net.now();
        let others = self.contenders.iter().enumerate().filter(|(other, _)| *other != peer);
        let working: Vec<usize> =
            others.filter(|(_, it)| it.is_working(now)).map(|(other, _)| other).collect();
        assert!(working.is_empty(), "{now}: {peer} begins while {working:?} work");
        assert!(self.tokens.last().is_none_or(|last| *last < token), "{:?} {token}", self.tokens);
        self.tokens.push(token);
    }

    fn holder(&self) -> Option<usize> {
        let now = self.net.now();
        self.contenders.iter().position(|it| it.is_working(now))
    }

    fn crash(&mut self, peer: usize) {
        self.net.crash(peer);
    }

    fn restart(&mut self, peer: usize) {
        let none = self.net.kind().dialect().leases().expect("there are some").clone();
        self.contenders[peer].restart(none);
        self.net.restart(peer);
    }

    /// Does something to a member, mostly to the one that holds the lease; and undoes it.
    fn trouble(&mut self) {
        let any = self.rng.random_range(0..self.contenders.len());
        let peer = self.holder().filter(|_| self.rng.random_range(0..4) > 0).unwrap_or(any);
        let time = Duration::from_millis(self.rng.random_range(50..4000));
        match self.rng.random_range(0..4) {
            0 => {
                self.crash(peer);
                self.run_for(time);
                self.restart(peer);
            }
            1 => {
                self.net.partition([peer]);
                self.run_for(time);
                self.net.mend();
            }
            2 => {
                self.net.pause(peer);
                self.contenders[peer].is_stopped = true;
                self.run_for(time);
                self.contenders[peer].is_stopped = false;
                self.net.resume(peer);
            }
            _ => {
                self.net.lose(30);
                self.run_for(time);
                self.net.lose(0);
            }
        }
        let calm = Duration::from_millis(self.rng.random_range(0..3000));
        self.run_for(calm);
    }
}

/// Says that a lease has lapsed which has not.
fn lie(leases: &Leases, rng: &mut ChaCha8Rng) -> Option<(Statement, u64)> {
    let lease = leases.get(&name()).filter(|_| rng.random_range(0..20) == 0)?;
    let (token, renewal) = (lease.token, lease.renewal);
    Some((Statement::Lapse { name: name(), token, renewal }, rng.random()))
}

#[test]
fn no_two_members_hold_a_lease_at_once_whatever_happens_to_them() {
    for seed in 0..3 {
        let mut fleet = Fleet::start(Scenario::seed(seed), seed);
        for _ in 0..12 {
            fleet.trouble();
        }
        fleet.run_for(Duration::from_secs(20));
        assert!(fleet.tokens.len() > 4, "seed {seed}: {:?}", fleet.tokens);
        assert!(fleet.holder().is_some(), "seed {seed}: it is held once all is well");
    }
}

#[test]
fn nor_if_one_of_them_lies_in_the_chain_and_about_leases() {
    let roles = Role::ALL.into_iter().zip(10..);
    for (role, seed) in roles {
        let scenario = Scenario::seed(seed).byzantine(3, role);
        let mut fleet = Fleet::start(scenario, seed);
        fleet.liars.push(3);
        for _ in 0..4 {
            fleet.trouble();
        }
        fleet.run_for(Duration::from_secs(20));
        assert!(!fleet.tokens.is_empty(), "seed {seed}, {role}");
    }
}

#[test]
fn the_next_holder_begins_within_a_second_of_the_death_of_the_last() {
    let mut fleet = Fleet::start(Scenario::seed(3), 3);
    fleet.run_for(Duration::from_secs(5));
    for _ in 0..20 {
        let holder = fleet.holder().expect("all is well");
        let before = fleet.tokens.len();
        fleet.crash(holder);
        let killed = fleet.net.now();
        while fleet.tokens.len() == before {
            fleet.run_for(STEP);
            assert!(fleet.net.now() - killed < Duration::from_secs(3), "none takes over");
        }
        fleet.restart(holder);
        fleet.run_for(Duration::from_secs(5));
    }
}
