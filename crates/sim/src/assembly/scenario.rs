//! Assemblies, described step by step or drawn from a seed.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use althing_engine::simplex::Timeouts;
use althing_faults::{Conditions, Latency};
use althing_ledger::assembly::{Authenticator, Ed25519};
use althing_ledger::charter::{ApplicationSettings, Charter, FaultModel, Member};
use althing_types::UnixTime;
use rand::RngExt;

use super::{AssemblyNetwork, Plan, Role, Simulation, Stuck};
use crate::chance::{Stream, generator};
use crate::plan::Planned;
use crate::random::{self, FAULTS_MAX, Faults, Schedule, conditions, millis, pick};

/// The wall-clock time at which the simulation begins.
pub const BEGINNING: UnixTime = UnixTime::from_seconds(1_700_000_000);

/// An assembly and what goes wrong in it, put together step by step.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The peers, the network, and what goes wrong.
    pub plan: Plan,
    /// The members of the charter: the first peers.
    pub members: usize,
    /// In which way members may fail.
    pub faults: FaultModel,
    /// The time between two blocks while there is nothing to add.
    pub block_time: Duration,
    /// The bits that blocks need.
    pub difficulty: RangeInclusive<u8>,
    /// How often a member is given an entry.
    pub entry_every: Duration,
}

impl Scenario {
    /// Returns four members over a local network. Nobody mines, and there is an entry twice a
    /// second.
    pub fn seed(seed: u64) -> Self {
        let [least, most] = [1, 20].map(Duration::from_millis);
        let mut plan = Plan::new(seed, 4);
        plan.conditions = Conditions { latency: Latency::Uniform(least..=most), ..plan.conditions };
        Self {
            plan,
            members: 4,
            faults: FaultModel::Byzantine,
            block_time: Duration::from_secs(1),
            difficulty: 0..=0,
            entry_every: Duration::from_millis(500),
        }
    }

    /// Has so many members, and no other peers.
    #[must_use]
    pub fn peers(mut self, peers: usize) -> Self {
        (self.plan.peers, self.members) = (peers, peers);
        self
    }

    /// Has so many further peers, which observe.
    #[must_use]
    pub fn observers(mut self, observers: usize) -> Self {
        self.plan.peers = self.members + observers;
        self
    }

    /// Has members fail in this way.
    #[must_use]
    pub fn faults(mut self, faults: FaultModel) -> Self {
        self.faults = faults;
        self
    }

    /// Has blocks take so long while there is nothing to add, and need so many bits.
    #[must_use]
    pub fn blocks(mut self, block_time: Duration, difficulty: RangeInclusive<u8>) -> Self {
        (self.block_time, self.difficulty) = (block_time, difficulty);
        self
    }

    /// Has a member be given an entry this often.
    #[must_use]
    pub fn entry_every(mut self, time: Duration) -> Self {
        self.entry_every = time;
        self
    }

    /// Returns the secret of a peer.
    pub fn secret(peer: usize) -> [u8; 32] {
        let mut secret = [7; 32];
        secret[..8].copy_from_slice(&(peer as u64).to_be_bytes());
        secret
    }

    /// Returns the charter.
    pub fn charter(&self) -> Charter {
        let member = |index: usize| Member {
            name: format!("member {index}").parse().expect("a name"),
            key: Ed25519::new(&Self::secret(index)).key(),
        };
        let notes = ApplicationSettings { name: "notes".into(), settings: BTreeMap::new() };
        Charter {
            network: "simulated".parse().expect("a name"),
            founded: BEGINNING,
            faults: self.faults,
            block_time: self.block_time,
            difficulty: self.difficulty.clone(),
            applications: vec![notes],
            members: (0..self.members).map(member).collect(),
            signatures: BTreeMap::new(),
        }
    }

    /// Starts it.
    pub fn start(self) -> Simulation {
        let kind = AssemblyNetwork::new(self.charter(), Timeouts::default(), self.entry_every);
        Simulation::new(self.plan, kind)
    }
}

/// How long the network may take to commit more blocks, once all is well again: views may have
/// failed so often that members wait a minute for each, and twice for leaders that are dishonest.
const SOON: Duration = Duration::from_secs(15 * 60);

/// Blocks that have to be committed once all is well again.
const BLOCKS_AFTER: u64 = 4;

impl Planned for Scenario {
    type Network = AssemblyNetwork;

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn plan_mut(&mut self) -> &mut Plan {
        &mut self.plan
    }
}

impl random::Scenario for Scenario {
    const NAME: &'static str = "assembly";

    fn draw(seed: u64) -> Schedule<Self> {
        let mut rng = generator(seed, Stream::Drawing);
        let members = pick(&[1, 3, 4, 4, 4, 5, 7, 10], &mut rng);
        let faults =
            pick(&[FaultModel::Byzantine, FaultModel::Byzantine, FaultModel::Crash], &mut rng);
        let mut scenario = Self::seed(seed).peers(members).faults(faults);
        // Words are signed, so messages may come damaged.
        scenario.plan.conditions = conditions(true, &mut rng);
        scenario.plan.start_within = millis(0..5000, &mut rng);
        scenario.plan.last_wills = pick(&[None, Some(Duration::from_millis(50))], &mut rng);
        scenario.entry_every = millis(100..3000, &mut rng);
        if rng.random_range(0..4) == 0 {
            scenario = scenario.blocks(Duration::from_secs(2), 2..=16);
        }
        if rng.random_range(0..3) == 0 {
            scenario = scenario.observers(1);
        }
        if faults == FaultModel::Byzantine {
            for liar in 0..scenario.charter().faulty_max() {
                if rng.random() {
                    scenario = scenario.byzantine(members - 1 - liar, pick(&Role::ALL, &mut rng));
                }
            }
        }
        let trouble = millis(5000..60_000, &mut rng);
        let faults = Faults { peers: members, corrupts: true, on_bus: true };
        for _ in 0..rng.random_range(0..=FAULTS_MAX) {
            let at = rng.random_range(Duration::ZERO..trouble);
            scenario = scenario.at(at, faults.draw(&mut rng));
        }
        scenario.plan.faults.sort_by_key(|(at, _)| *at);
        Schedule { scenario, trouble }
    }

    fn start(&self) -> Simulation {
        self.clone().start()
    }

    /// Demands that all commit more blocks.
    fn settle(&self, net: &mut Simulation) -> Result<(), Stuck> {
        net.run_until_height(SOON, net.highest() + BLOCKS_AFTER)
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan, members, faults, block_time, difficulty, .. } = self;
        let observers = plan.peers - members;
        writeln!(f, "{members} members and {observers} observers, {faults:?}")?;
        writeln!(f, "a block every {block_time:?}, of {difficulty:?} bits")?;
        writeln!(f, "{}", plan.conditions)
    }
}
