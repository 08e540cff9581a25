//! One seed, one run.

use std::time::Duration;

use althing_sim::rounds::{Fault, Role, Scenario, Simulation};
use althing_sim::{Conditions, Latency, Planned, Skew, Who, random};

/// A run with something of everything.
fn run(seed: u64) -> Simulation {
    let seconds = Duration::from_secs;
    let conditions = Conditions {
        latency: Latency::LongTailed {
            median: Duration::from_millis(2),
            longest: Duration::from_millis(200),
        },
        loss_percent: 5,
        duplication_percent: 10,
        corruption_percent: 2,
    };
    let mut net = Scenario::seed(seed)
        .peers(7)
        .signed()
        .pause(Duration::from_millis(100))
        .conditions(conditions)
        .last_wills(Duration::from_millis(300))
        .byzantine(3, Role::Replays)
        .at(seconds(1), Fault::Crash(Who::Leader))
        .at(seconds(2), Fault::Pause(2.into()))
        .at(seconds(2), Fault::Skew(4.into(), Skew { percent: 130, jump: seconds(1) }))
        .at(seconds(3), Fault::Flap { side: vec![0, 1], every: Duration::from_millis(400) })
        .at(seconds(4), Fault::Heal)
        .start();
    net.run_for(seconds(6)).expect("nothing wrong is recorded");
    net
}

#[test]
fn two_runs_of_one_seed_are_the_same_to_the_byte() {
    let (first, second) = (run(42), run(42));
    assert!(first.delivered() > 1000);
    assert_eq!(first.fingerprint(), second.fingerprint());
    assert_eq!(first.summary(), second.summary());
    let trace = |net: &Simulation| net.trace(Duration::ZERO..Duration::MAX).to_string();
    assert_eq!(trace(&first), trace(&second));
}

#[test]
fn two_seeds_differ() {
    assert_ne!(run(42).fingerprint(), run(43).fingerprint());
}

#[test]
fn a_random_schedule_comes_to_the_same_each_time() {
    for seed in [2, 19, 1199] {
        let run = || random::run::<Scenario>(seed).expect("it is one of the fixed seeds");
        assert_eq!(run(), run());
        assert_eq!(random::describe::<Scenario>(seed), random::describe::<Scenario>(seed));
    }
}
