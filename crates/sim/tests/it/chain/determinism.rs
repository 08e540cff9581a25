//! One seed, one run.

use std::time::Duration;

use althing_sim::chain::{Fault, Network, Role, Scenario, Simulation};
use althing_sim::{Conditions, Planned, Skew, Who, random};

use super::common::{minutes, scenario, seconds};

/// A run with something of everything.
fn run(network: Network, seed: u64) -> Simulation {
    let conditions = Conditions {
        duplication_percent: 10,
        corruption_percent: 2,
        loss_percent: 10,
        ..Scenario::seed(seed).plan.conditions
    };
    let mut net = scenario(network, seed, 10)
        .conditions(conditions)
        .hashes_per_second(20.0)
        .at(seconds(0), Fault::Byzantine(3.into(), Role::InvalidBlocks))
        .at(seconds(30), Fault::CrashAfter(Who::Leader, 2))
        .at(seconds(40), Fault::Skew(4.into(), Skew { percent: 105, jump: seconds(5) }))
        .at(seconds(50), Fault::Flap { side: vec![0, 1], every: seconds(7) })
        .at(seconds(60), Fault::Pause(5.into()))
        .at(seconds(65), Fault::Replay(20))
        .at(seconds(90), Fault::Heal)
        .start();
    net.run_for(minutes(3)).unwrap_or_else(|stuck| panic!("{stuck}"));
    assert!(net.delivered() > 100);
    net
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_another() {
    for network in [Network::Aviary, Network::Cs60, Network::OpenWithTracker] {
        let (first, second) = (run(network, 1), run(network, 1));
        assert_eq!(first.fingerprint(), second.fingerprint());
        assert_eq!(first.summary(), second.summary());
        let trace = |net: &Simulation| net.trace(Duration::ZERO..Duration::MAX).to_string();
        assert_eq!(trace(&first), trace(&second));
        assert_ne!(first.fingerprint(), run(network, 2).fingerprint());
    }
}

#[test]
fn a_random_schedule_comes_to_the_same_each_time() {
    for seed in [2, 19] {
        let run = || random::run::<Scenario>(seed).expect("it is one of the fixed seeds");
        assert_eq!(run(), run());
    }
}
