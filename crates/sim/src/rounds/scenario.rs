//! Networks with rounds, described step by step.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::elect_chain::{Config, ElectChain};
use althing_dialect::ppd::{self, Ppd};
use althing_dialect::profile::built_in;
use althing_dialect::program::{self, Program};
use althing_dialect::sd::{self, Sd};
use althing_dialect::{RoundsDialect, Variant};
use althing_engine::rounds::{Rules, Signatures};
use althing_types::{Difficulty, Transaction};

use super::{Plan, RoundsNetwork, Simulation};
use crate::plan::Planned;

/// A network with rounds and what goes wrong in it, put together step by step; of `elect-chain`,
/// unless it is said to be another.
///
/// ```
/// use std::time::Duration;
///
/// use althing_sim::{Planned, Who};
/// use althing_sim::rounds::{Fault, Scenario};
///
/// let mut net = Scenario::seed(7)
///     .peers(5)
///     .at(Duration::from_secs(2), Fault::Crash(Who::Leader))
///     .start();
/// net.run_until_recorded(Duration::from_secs(60), 10)?;
/// net.assert_one_table();
/// # Ok::<(), althing_sim::rounds::Stuck>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The peers, the network, and what goes wrong.
    pub plan: Plan,
    /// What the peers agreed on beforehand, as `elect-chain` calls it.
    pub config: Config,
    /// Which network with rounds it is: its dialect.
    pub network: Network,
    /// Page or program.
    pub variant: Variant,
    change: Option<fn(&mut Rules)>,
    vouched: bool,
    solution_cache: bool,
    watched: bool,
    /// Peers that were given the other variant.
    strays: BTreeSet<usize>,
    /// The rules that differ from those of the network, in a few words.
    pub(super) rules: &'static str,
}

/// The networks of rounds that there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// All vote on each solution.
    #[default]
    ElectChain,
    /// The controller judges.
    Sd,
    /// All sign, and elect before each row.
    Ppd,
}

impl Network {
    /// Returns the name of its dialect.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ElectChain => "elect-chain",
            Self::Sd => "sd",
            Self::Ppd => "ppd",
        }
    }
}

impl Scenario {
    /// Returns ten peers who do not sign, and who ask each other for what is quickly found.
    pub fn seed(seed: u64) -> Self {
        let config = Config {
            challenges: bits(1)..=bits(6),
            signatures: Signatures::None,
            ..Config::default()
        };
        Self {
            plan: Plan::new(seed, 10),
            config,
            network: Network::default(),
            variant: Variant::Readme,
            change: None,
            vouched: false,
            solution_cache: false,
            watched: false,
            strays: BTreeSet::new(),
            rules: "",
        }
    }

    /// Has the peers be of this network.
    #[must_use]
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// Has the network have so many members, and so many peers start.
    #[must_use]
    pub fn peers(mut self, peers: u16) -> Self {
        self.config.peers = NonZeroU16::new(peers).expect("a network has peers");
        self.plan.peers = peers.into();
        self
    }

    /// Starts more peers than the network has seats.
    #[must_use]
    pub fn extra(mut self, extra: usize) -> Self {
        self.plan.peers += extra;
        self
    }

    /// Has the peers sign what they say.
    #[must_use]
    pub fn signed(mut self) -> Self {
        self.config.signatures = Signatures::Offered;
        self
    }

    /// Has the peers sign, and take nobody for a member who does not.
    #[must_use]
    pub fn signed_by_all(mut self) -> Self {
        self.config.signatures = Signatures::Required;
        self
    }

    /// Has the peers count as the published programs do.
    #[must_use]
    pub fn published(mut self) -> Self {
        self.variant = Variant::Published;
        self
    }

    /// Gives these peers the other variant, by mistake.
    #[must_use]
    pub fn strays(mut self, strays: impl IntoIterator<Item = usize>) -> Self {
        self.strays = strays.into_iter().collect();
        self
    }

    /// Has the leaders ask for so many bits, between 1 and 160.
    #[must_use]
    pub fn challenges(mut self, from: u64, to: u64) -> Self {
        self.config.challenges = bits(from)..=bits(to);
        self
    }

    /// Has the leaders wait so long between two challenges.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.config.pause = pause;
        self
    }

    /// Has the network stop after so many rows.
    #[must_use]
    pub fn rounds(mut self, rounds: u64) -> Self {
        self.config.rounds = Some(Transaction::new(rounds));
        self
    }

    /// Has the broker publish a peer's last will so soon after the peer is gone.
    #[must_use]
    pub fn last_wills(mut self, after: Duration) -> Self {
        self.plan.last_wills = Some(after);
        self
    }

    /// Has peers that start again trust their disks, as if their users vouched for them.
    #[must_use]
    pub fn vouched(mut self) -> Self {
        self.vouched = true;
        self
    }

    /// Changes the rules beyond what the network's own configuration allows.
    #[must_use]
    pub fn rules(mut self, change: fn(&mut Rules)) -> Self {
        self.change = Some(change);
        self
    }

    /// Has the peers answer with the solutions of earlier challenges, where one solves the new one.
    #[must_use]
    pub fn solution_cache(mut self) -> Self {
        self.solution_cache = true;
        self
    }

    /// Has one watch it that says nothing: see [`RoundsNetwork::watcher`].
    #[must_use]
    pub fn watched(mut self) -> Self {
        self.watched = true;
        self
    }

    /// Starts it.
    pub fn start(self) -> Simulation {
        let (plan, change, strays) = (self.plan.clone(), self.change, self.strays.clone());
        let (vouched, knows) = (self.vouched, self.solution_cache);
        let is_watched = self.watched;
        let mut other = self.clone();
        other.variant = match self.variant {
            Variant::Readme => Variant::Published,
            Variant::Published => Variant::Readme,
        };
        let dialect = self.dialect();
        let mut rules = dialect.rules().clone();
        if let Some(change) = change {
            change(&mut rules);
        }
        let mut network = RoundsNetwork::with_rules(dialect, rules);
        if !strays.is_empty() {
            network = network.with_strays(strays, other.dialect());
        }
        if vouched {
            network = network.vouched();
        }
        if knows {
            network = network.with_solution_cache();
        }
        if is_watched {
            network = network.watched();
        }
        Simulation::new(plan, network)
    }

    fn dialect(self) -> Arc<dyn RoundsDialect> {
        let Config { peers, challenges, signatures, rounds, timeouts, pause, .. } =
            self.config.clone();
        if self.variant == Variant::Published {
            let profile = built_in::find(self.network.name()).expect("its page has a program");
            let mut profile = profile.clone();
            profile.join.n = peers.get();
            return Arc::new(Program::new(program::Config {
                challenges: Some(challenges),
                rounds,
                timeouts,
                pause: Some(pause),
                ..program::Config::new(profile)
            }));
        }
        match self.network {
            Network::ElectChain => Arc::new(ElectChain::new(self.config)),
            Network::Sd => {
                let other = sd::Config::default();
                let config =
                    sd::Config { peers, challenges, signatures, rounds, timeouts, pause, ..other };
                Arc::new(Sd::new(config))
            }
            Network::Ppd => {
                let other = ppd::Config::default();
                let config = ppd::Config { peers, challenges, rounds, timeouts, pause, ..other };
                Arc::new(Ppd::new(config))
            }
        }
    }
}

impl Planned for Scenario {
    type Network = RoundsNetwork;

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn plan_mut(&mut self) -> &mut Plan {
        &mut self.plan
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan, config, .. } = self;
        let signed = match config.signatures {
            _ if self.variant == Variant::Published => "who count arrivals",
            Signatures::None => "who do not sign",
            Signatures::Offered => "who sign if they like",
            Signatures::Required => "who all sign",
        };
        let (peers, members) = (plan.peers, config.peers);
        let network = self.network.name();
        writeln!(f, "{peers} peers for {members} seats of {network}, {signed}{}", self.rules)?;
        writeln!(f, "{}; rows are {:?} apart", plan.conditions, config.pause)
    }
}

fn bits(bits: u64) -> Difficulty {
    Difficulty::from_bits(bits).expect("between 1 and 160")
}
