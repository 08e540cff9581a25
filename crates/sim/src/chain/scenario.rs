//! Networks with a chain, described step by step or drawn from a seed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::ChainDialect;
use althing_dialect::aviary::{self, Aviary};
use althing_dialect::cs60::{self, Cs60};
use althing_dialect::open::{self, Open};
use althing_dialect::profile::AviaryRules;
use althing_engine::nakamoto::{Discovery, Label};
use althing_faults::{Conditions, Latency};
use althing_ledger::{Entry, target_of_bits};
use althing_types::{Height, PeerKey};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{BEGINNING, ChainNetwork, Plan, Role, Simulation, Stuck, Users};
use crate::chance::{Stream, generator};
use crate::plan::Planned;
use crate::random::{self, FAULTS_MAX, Faults, Schedule, conditions, millis, pick};

/// A network with a chain and what goes wrong in it, put together step by step; of `aviary`, unless
/// it is said to be another.
///
/// A block takes few hashes, and peers try few in a second.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The peers, the network, and what goes wrong.
    pub plan: Plan,
    /// Which network with a chain it is: its dialect and its rules.
    pub network: Network,
    /// How its programs speak and behave, if it is of `aviary`.
    pub programs: AviaryRules,
    /// Who mines, and what.
    pub users: Users,
}

/// The networks with a chain that there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// Peers gossip, and fetch block by block. A block takes 256 hashes.
    #[default]
    Aviary,
    /// Peers meet by a tracker, and fetch whole chains. A block takes 16 hashes, and later ones
    /// take more.
    Cs60,
    /// Peers gossip, sign, and fetch headers first. A block takes ten seconds, and at least 256
    /// hashes.
    Open,
    /// The same, for peers that meet by a tracker.
    OpenWithTracker,
}

impl Scenario {
    /// Returns ten peers over a local network: two of them mine, and have something to mine most of
    /// the time. A block of 256 hashes takes the two half a minute.
    pub fn seed(seed: u64) -> Self {
        let [least, most] = [1, 40].map(Duration::from_millis);
        let mut plan = Plan::new(seed, 10);
        plan.conditions = Conditions { latency: Latency::Uniform(least..=most), ..plan.conditions };
        plan.hashes_per_second = 4.0;
        plan.start_within = Duration::from_secs(10);
        let (miners, entry_every) = (2, Duration::from_secs(5));
        let users = Users { miners, entry_every, entry: numbered_text };
        let (network, programs) = (Network::default(), AviaryRules::default());
        Self { plan, network, programs, users }
    }

    /// Has the peers be of this network.
    #[must_use]
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self.users.entry = match network {
            Network::Cs60 => numbered_ballot,
            Network::Aviary | Network::Open | Network::OpenWithTracker => numbered_text,
        };
        self
    }

    /// Has the programs of `aviary` be these; blocks stay as easy as they are.
    #[must_use]
    pub fn programs(mut self, programs: AviaryRules) -> Self {
        self.programs = programs;
        self
    }

    /// Has so many peers start.
    #[must_use]
    pub fn peers(mut self, peers: usize) -> Self {
        self.plan.peers = peers;
        self
    }

    /// Has the first so many peers mine.
    #[must_use]
    pub fn miners(mut self, miners: usize) -> Self {
        self.users.miners = miners;
        self
    }

    /// Has a miner be given an entry this often.
    #[must_use]
    pub fn entry_every(mut self, time: Duration) -> Self {
        self.users.entry_every = time;
        self
    }

    /// Has the entries be these.
    #[must_use]
    pub fn entries(mut self, entry: fn(&dyn ChainDialect, u64) -> Entry) -> Self {
        self.users.entry = entry;
        self
    }

    /// Starts it.
    pub fn start(self) -> Simulation {
        let (network, programs) = (self.network, self.programs);
        let dialect = move |peer| network.dialect_with(&programs, peer);
        let kind = ChainNetwork::new(dialect, self.users);
        Simulation::new(self.plan, kind.with_keys(move |peer| network.key(peer)))
    }
}

impl Network {
    /// Returns what a peer of this network speaks.
    pub fn dialect(self, peer: usize) -> Arc<dyn ChainDialect> {
        self.dialect_with(&AviaryRules::default(), peer)
    }

    /// Returns what a peer of this network speaks, where `programs` are those of `aviary`.
    fn dialect_with(self, programs: &AviaryRules, peer: usize) -> Arc<dyn ChainDialect> {
        match self {
            Self::Aviary => {
                let programs = AviaryRules { difficulty: AVIARY_ZEROS, ..programs.clone() };
                Arc::new(Aviary::new(aviary::Config { programs, ..aviary::Config::default() }))
            }
            Self::Cs60 => Arc::new(Cs60::new(cs60::Config { zeros: 0, ..cs60::Config::default() })),
            Self::Open => Arc::new(Self::open(peer)),
            Self::OpenWithTracker => {
                let discovery = Discovery::Tracker;
                Arc::new(Open::new(open::Config { discovery, ..open_config(peer) }))
            }
        }
    }

    /// Returns what a peer of [`Network::Open`] speaks.
    pub fn open(peer: usize) -> Open {
        Open::new(open_config(peer))
    }

    /// Returns the key of a peer, where peers sign.
    fn key(self, peer: usize) -> Option<PeerKey> {
        matches!(self, Self::Open | Self::OpenWithTracker).then(|| Self::open(peer).public_key())
    }
}

/// Zeros at the end of a hash, so that a block takes 256 hashes.
const AVIARY_ZEROS: u8 = 2;

/// Draws how the programs of a network of `aviary` speak and behave, of `peers`.
fn drawn_programs(peers: usize, rng: &mut ChaCha8Rng) -> AviaryRules {
    use althing_dialect::profile::{Choose, EmptyStats, GossipName, NullReply, ReplyName, ReplyTo};
    use althing_dialect::profile::{NumberForm, StatsHeight};
    let replies = [ReplyName::GossipReply, ReplyName::GossipDashReply, ReplyName::FloodReply];
    let nulls = [NullReply::Nulls, NullReply::TextNone, NullReply::Short, NullReply::Array];
    let empty = [EmptyStats::Silent, EmptyStats::Null, EmptyStats::Zero, EmptyStats::MinusOne];
    let choose =
        [Choose::MostAgreed, Choose::Highest, Choose::HighestThenHash, Choose::MoreThanHalf];
    AviaryRules {
        names: pick(&[GossipName::Gossip, GossipName::Flood], rng),
        numbers: pick(&[NumberForm::Int, NumberForm::Text], rng),
        reply: pick(&replies, rng),
        timestamp: rng.random(),
        stats_height: pick(&[StatsHeight::Count, StatsHeight::Tip], rng),
        empty: pick(&empty, rng),
        null_reply: pick(&nulls, rng),
        serve_genesis: rng.random(),
        reply_to: pick(&[ReplyTo::Named, ReplyTo::Source], rng),
        choose: pick(&choose, rng),
        // Two others are there however many are down or dishonest.
        min_peers: if peers >= 7 { rng.random_range(1..3) } else { 1 },
        ..AviaryRules::default()
    }
}

/// Returns what a peer of an open network chooses: a block every ten seconds, of 256 hashes at
/// least, and a key of its own.
fn open_config(peer: usize) -> open::Config {
    let mut secret = [0; 32];
    secret[..8].copy_from_slice(&(peer as u64).to_be_bytes());
    let name = Label::new("simulated").expect("it is short");
    open::Config {
        block_time: Duration::from_secs(10),
        half_life_blocks: 18,
        easiest: target_of_bits(8),
        ..open::Config::new(name, BEGINNING, secret)
    }
}

/// Returns an entry that says something which no other number gives.
pub fn numbered_text(dialect: &dyn ChainDialect, number: u64) -> Entry {
    dialect.entry(&format!("text {number}"), number).expect("it is short")
}

/// Returns the ballot of a voter that no other number gives.
pub fn numbered_ballot(_: &dyn ChainDialect, number: u64) -> Entry {
    let choice = if number.is_multiple_of(3) { "yes" } else { "no" };
    Entry::text(&format!(r#"{{"voter": "voter {number}", "choice": "{choice}"}}"#))
}

/// How long the network may take to find another block, and to agree on it.
const SOON: Duration = Duration::from_secs(4 * 60 * 60);

/// How long it may take until entries are in blocks again: each needs a block in `cs60`, and from
/// height 64 on a block takes half an hour there.
const IN_A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Hashes that each miner tries in a second once forks are to be settled: so few that a block is
/// everywhere before the next one is found.
const SLOWLY: f64 = 0.3;

impl Planned for Scenario {
    type Network = ChainNetwork;

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn plan_mut(&mut self) -> &mut Plan {
        &mut self.plan
    }
}

impl random::Scenario for Scenario {
    const NAME: &'static str = "chain";

    fn draw(seed: u64) -> Schedule<Self> {
        let mut rng = generator(seed, Stream::Drawing);
        let networks = [Network::Aviary, Network::Cs60, Network::Open, Network::OpenWithTracker];
        let network = pick(&networks, &mut rng);
        // Without signatures a damaged gossip is a new one, which is passed on by all, and damaged
        // again: messages would multiply without end.
        let corrupts = matches!(network, Network::Open | Network::OpenWithTracker);
        let peers = rng.random_range(3..13);
        let mut scenario = Self::seed(seed)
            .network(network)
            .peers(peers)
            .miners(rng.random_range(2..6).min(peers))
            .hashes_per_second(rng.random_range(1.0..20.0))
            .conditions(Conditions { loss_percent: 0, ..conditions(corrupts, &mut rng) })
            .start_within(millis(0..10_000, &mut rng));
        if rng.random() {
            scenario.plan.conditions.loss_percent = rng.random_range(0..40);
        }
        let trouble = millis(30_000..900_000, &mut rng);
        if peers >= 5 {
            for _ in 0..rng.random_range(0..3) {
                // One that mines all the time is honest, so that there is a chain to end on.
                let peer = rng.random_range(1..peers);
                scenario = scenario.byzantine(peer, role(&mut rng));
            }
        }
        let faults = Faults { peers, corrupts, on_bus: false };
        for _ in 0..rng.random_range(0..=FAULTS_MAX) {
            let at = rng.random_range(Duration::ZERO..trouble);
            scenario = scenario.at(at, faults.draw(&mut rng));
        }
        scenario.plan.faults.sort_by_key(|(at, _)| *at);
        if network == Network::Aviary {
            scenario = scenario.programs(drawn_programs(peers, &mut rng));
        }
        Schedule { scenario, trouble }
    }

    fn start(&self) -> Simulation {
        self.clone().start()
    }

    /// Demands that the chain grows, that entries which were disconnected return, and that all end
    /// on one chain, the best that any of them has.
    fn settle(&self, net: &mut Simulation) -> Result<(), Stuck> {
        net.run_until_length(SOON, net.longest() + 1)?;
        net.run_until_returned(IN_A_DAY)?;
        net.set_hash_rate(SLOWLY);
        net.run_until_one_chain(SOON).map(drop)
    }
}

fn role(rng: &mut ChaCha8Rng) -> Role {
    match rng.random_range(0..6) {
        0 => Role::ClaimsLength(rng.random_range(1..30_000)),
        1 => Role::ClaimsChain(rng.random_range(1..30_000)),
        2 => Role::CorruptsBlock(Height::new(rng.random_range(0..20))),
        3 => Role::InvalidBlocks,
        4 => Role::WithholdsBlocks,
        _ => Role::Silent,
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan, network, programs, users } = self;
        let network = match network {
            Network::Aviary => "aviary",
            Network::Cs60 => "cs60",
            Network::Open => "open",
            Network::OpenWithTracker => "open with a tracker",
        };
        let (peers, miners, hashes) = (plan.peers, users.miners, plan.hashes_per_second);
        writeln!(f, "{peers} peers of {network}, {miners} of whom mine at {hashes:.1} hashes/s")?;
        writeln!(f, "{}", plan.conditions)?;
        match *programs == AviaryRules::default() {
            true => Ok(()),
            false => writeln!(f, "{programs:?}"),
        }
    }
}
