use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use althing_dialect::Variant;
use althing_engine::rounds::Signatures;

use crate::fault::Fault;
use crate::scenario::{Network, Scenario};
use crate::simulation::Simulation;
use crate::stuck::{Reason, Stuck};
use crate::summary::Summary;

/// A network, what befalls it in a time of trouble, and the peace after that.
#[derive(Clone, Debug)]
pub(super) struct Story {
    pub(super) scenario: Scenario,
    pub(super) trouble: Duration,
    /// The rules that differ from those of the network, in a few words.
    pub(super) rules: &'static str,
}

/// Rows that must come after the trouble.
const ROWS_AFTER: usize = 3;

/// How long that may take.
const SOON: Duration = Duration::from_secs(60);

/// And how long with a dishonest member: when it leads and does nothing it is replaced after a
/// minute, and it may be drawn several times.
const SOON_WITH_LIAR: Duration = Duration::from_secs(600);

impl Story {
    /// Plays it to its end; a panic is one, and not a good one.
    pub(super) fn play(&self) -> Result<Summary, Stuck> {
        let mut net = self.scenario.clone().start();
        // What a panic leaves behind is looked at, and then dropped.
        let played = catch_unwind(AssertUnwindSafe(|| self.play_on(&mut net)));
        played.unwrap_or_else(|panic| Err(net.stuck(Reason::Panic(words_of(&*panic)))))
    }

    fn play_on(&self, net: &mut Simulation) -> Result<Summary, Stuck> {
        net.run_for(self.trouble)?;
        net.heal();
        let soon = if self.has_liar() { SOON_WITH_LIAR } else { SOON };
        net.run_until_recorded(soon, net.longest() + ROWS_AFTER)?;
        net.run_until_level(soon)?;
        Ok(net.summary())
    }

    fn has_liar(&self) -> bool {
        let faults = &self.scenario.plan.faults;
        faults.iter().any(|(_, fault)| matches!(fault, Fault::Turn(..)))
    }
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "without words".to_owned())
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scenario { plan, config, .. } = &self.scenario;
        let signed = match config.signatures {
            _ if config.variant == Variant::Published => "who count arrivals",
            Signatures::None => "who do not sign",
            Signatures::Offered => "who sign if they like",
            Signatures::Required => "who all sign",
        };
        let (peers, members) = (plan.peers, config.peers);
        let network = match self.scenario.network {
            Network::ElectChain => "elect-chain",
            Network::Sd => "sd",
            Network::Ppd => "ppd",
        };
        writeln!(f, "{peers} peers for {members} seats of {network}, {signed}{}", self.rules)?;
        writeln!(f, "{}; rows are {:?} apart", plan.conditions, config.pause)?;
        if let Some(after) = plan.last_wills {
            writeln!(f, "the broker notices after {after:?} that a peer is gone")?;
        }
        for (at, fault) in &plan.faults {
            writeln!(f, "{:>9.4} s  {fault}", at.as_secs_f64())?;
        }
        writeln!(f, "{:>9.4} s  everything is well again", self.trouble.as_secs_f64())
    }
}
