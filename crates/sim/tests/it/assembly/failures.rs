//! What crashes, partitions and lost disks do, and what they do not.

use std::time::Duration;

use althing_engine::simplex::Event;
use althing_faults::{Conditions, Latency};
use althing_ledger::charter::FaultModel;
use althing_sim::Planned;
use althing_sim::assembly::{Scenario, Simulation};
use althing_types::Height;

const SOON: Duration = Duration::from_secs(300);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn go_on(net: &mut Simulation, blocks: u64) {
    let height = net.highest() + blocks;
    net.run_until_height(SOON, height).unwrap_or_else(|stuck| panic!("{stuck}"));
}

#[test]
fn one_of_four_can_be_dead_and_comes_back() {
    let mut net = Scenario::seed(1).start();
    go_on(&mut net, 5);
    net.crash(2);
    go_on(&mut net, 20);
    net.restart(2);
    go_on(&mut net, 5);
    for height in 1..=net.highest() {
        let at = |peer| net.committed_at(peer, Height::new(height));
        assert!(at(2).is_none() || at(2) == at(0) || at(0).is_none());
    }
}

#[test]
fn a_majority_side_goes_on_and_a_minority_waits() {
    let mut net = Scenario::seed(2).peers(7).start();
    go_on(&mut net, 3);
    net.partition(0..2);
    let before = net.height(0).expect("it is up");
    net.run_for(seconds(60)).unwrap_or_else(|stuck| panic!("{stuck}"));
    assert!(net.height(0).expect("it is up") <= before + 1);
    assert!(net.height(6).expect("it is up") > before + 20);
    net.mend();
    go_on(&mut net, 3);
}

#[test]
fn one_too_few_is_a_standstill_that_is_told_and_ends() {
    let mut net = Scenario::seed(3).history(1 << 14).start();
    go_on(&mut net, 3);
    net.crash(0);
    net.crash(1);
    let before = net.highest();
    net.run_for(seconds(30)).unwrap_or_else(|stuck| panic!("{stuck}"));
    assert!(net.highest() <= before + 1);
    let told = |wanted: fn(&Event) -> bool| net.events().any(|(_, _, event)| wanted(event));
    assert!(told(|event| matches!(event, Event::Standstill { .. })));
    net.restart(0);
    go_on(&mut net, 3);
    assert!(net.events().any(|(_, _, event)| *event == Event::Resumed));
}

#[test]
fn a_charter_that_trusts_its_members_needs_only_a_majority() {
    let mut net = Scenario::seed(4).peers(5).faults(FaultModel::Crash).start();
    go_on(&mut net, 3);
    net.crash(0);
    net.crash(1);
    go_on(&mut net, 10);
}

#[test]
fn a_member_that_was_away_for_long_is_level_again_soon() {
    let mut net = Scenario::seed(5).entry_every(Duration::from_millis(20)).start();
    go_on(&mut net, 3);
    net.crash(3);
    net.run_for(seconds(60)).unwrap_or_else(|stuck| panic!("{stuck}"));
    let missed = net.highest() - 10;
    assert!(missed > 500, "{missed}");
    net.restart(3);
    let (start, target) = (net.now(), net.highest());
    net.run_until(SOON, "the member is level", |net| net.height(3) >= Some(target))
        .unwrap_or_else(|stuck| panic!("{stuck}"));
    assert!(net.now() - start < seconds(3), "{:?}", net.now() - start);
}

#[test]
fn an_observer_follows_and_has_no_say() {
    let mut net = Scenario::seed(6).observers(2).start();
    go_on(&mut net, 10);
    net.crash(4);
    net.crash(5);
    go_on(&mut net, 10);
    net.restart(5);
    go_on(&mut net, 3);
}

#[test]
fn members_mine_and_a_block_that_is_too_hard_is_not_waited_for() {
    let scenario = Scenario::seed(8).blocks(seconds(2), 4..=40).hashes_per_second(500.0);
    let mut net = scenario.start();
    go_on(&mut net, 30);
    // All are a hundred times slower from now on.
    net.set_hash_rate(5.0);
    go_on(&mut net, 10);
}

#[test]
fn bad_networks_only_make_it_slow() {
    let conditions = Conditions {
        latency: Latency::Uniform(Duration::from_millis(10)..=Duration::from_millis(400)),
        loss_percent: 30,
        duplication_percent: 20,
        corruption_percent: 5,
    };
    let mut net = Scenario::seed(9).conditions(conditions).start();
    go_on(&mut net, 20);
}

#[test]
fn the_same_seed_is_the_same_run() {
    let fingerprint = |seed| {
        let mut net = Scenario::seed(seed).peers(4).start();
        net.run_for(seconds(20)).unwrap_or_else(|stuck| panic!("{stuck}"));
        net.fingerprint()
    };
    assert_eq!(fingerprint(11), fingerprint(11));
    assert_ne!(fingerprint(11), fingerprint(12));
}
