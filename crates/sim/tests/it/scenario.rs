//! Networks to tell stories about.

use std::num::NonZeroU16;
use std::time::Duration;

use althing_dialect::elect_chain::{Config, ElectChain, Variant};
use althing_engine::rounds::Signatures;
use althing_sim::{Faults, Plan, Simulation};
use althing_types::{Difficulty, Transaction};

/// Long enough for anything that comes at all.
pub(crate) const SOON: Duration = Duration::from_secs(60);

pub(crate) struct Scenario {
    plan: Plan,
    config: Config,
}

impl Scenario {
    pub(crate) fn seed(seed: u64) -> Self {
        let config = Config {
            challenges: bits(1)..=bits(6),
            signatures: Signatures::None,
            ..Config::default()
        };
        Self { plan: Plan::new(seed, 10), config }
    }

    pub(crate) fn peers(mut self, peers: u16) -> Self {
        self.config.peers = NonZeroU16::new(peers).expect("a network has peers");
        self.plan.peers = peers.into();
        self
    }

    /// More peers than the network has seats.
    pub(crate) fn extra(mut self, extra: usize) -> Self {
        self.plan.peers += extra;
        self
    }

    pub(crate) fn signed(mut self) -> Self {
        self.config.signatures = Signatures::Offered;
        self
    }

    pub(crate) fn published(mut self) -> Self {
        self.config.variant = Variant::Published;
        self
    }

    pub(crate) fn challenges(mut self, from: u64, to: u64) -> Self {
        self.config.challenges = bits(from)..=bits(to);
        self
    }

    pub(crate) fn hashes_per_second(mut self, hashes: f64) -> Self {
        self.plan.hashes_per_second = hashes;
        self
    }

    pub(crate) fn rounds(mut self, rounds: u64) -> Self {
        self.config.rounds = Some(Transaction::new(rounds));
        self
    }

    pub(crate) fn faults(mut self, faults: Faults) -> Self {
        self.plan.faults = faults;
        self
    }

    pub(crate) fn start_within(mut self, time: Duration) -> Self {
        self.plan.start_within = time;
        self
    }

    pub(crate) fn start(self) -> Simulation {
        Simulation::new(self.plan, Box::new(ElectChain::new(self.config)))
    }
}

fn bits(bits: u64) -> Difficulty {
    Difficulty::from_bits(bits).expect("between 1 and 160")
}
