//! What a commit costs: rounds of messages while all is well, and a moment when a leader dies.

use std::time::Duration;

use althing_faults::{Conditions, Latency};
use althing_sim::Planned;
use althing_sim::assembly::{Scenario, Simulation};

const LATENCY: Duration = Duration::from_millis(1);

fn start(seed: u64, entry_every: Duration) -> Simulation {
    let conditions = Conditions { latency: Latency::Fixed(LATENCY), ..Conditions::good() };
    Scenario::seed(seed).conditions(conditions).entry_every(entry_every).start()
}

#[test]
fn with_entries_a_block_takes_two_rounds_of_messages() {
    let mut net = start(1, LATENCY);
    net.run_for(Duration::from_secs(1)).unwrap_or_else(|stuck| panic!("{stuck}"));
    let (from, seconds) = (net.highest(), 4);
    net.run_for(Duration::from_secs(seconds)).unwrap_or_else(|stuck| panic!("{stuck}"));
    // One for the proposal, one for the votes to notarize; those to finalize go on beside the next.
    let blocks = net.highest() - from;
    let expected = 1000 * seconds / 2;
    assert!(blocks > expected * 8 / 10, "{blocks} of {expected}");
    let messages = net.summary().published_per_decision_and_peer().expect("there were blocks");
    assert!(messages < 4.0, "{messages} messages by each member for each block");
}

#[test]
fn a_dead_leader_costs_less_than_half_a_second() {
    let mut waits = Vec::new();
    for seed in 0..30 {
        let mut net = start(seed, Duration::from_millis(20));
        // Leaders are drawn by view, in the same order in each run; so each run is in another view.
        let before = Duration::from_millis(2000 + 37 * seed);
        net.run_for(before).unwrap_or_else(|stuck| panic!("{stuck}"));
        let leader = net.leader().expect("a view has begun");
        net.crash(leader);
        let (from, next) = (net.now(), net.highest() + 2);
        net.run_until_height(Duration::from_secs(60), next)
            .unwrap_or_else(|stuck| panic!("{stuck}"));
        waits.push(net.now() - from);
    }
    waits.sort_unstable();
    let (p50, most) = (waits[waits.len() / 2], waits[waits.len() - 1]);
    assert!(p50 < Duration::from_millis(500), "{p50:?}, at most {most:?}");
    // By then it is suspected, and passed over.
    assert!(most < Duration::from_millis(1500), "{most:?}");
}

#[test]
fn one_dead_member_of_four_leaves_nearly_all_of_the_speed() {
    let rate = |crashes: bool| {
        let mut net = start(3, LATENCY);
        net.run_for(Duration::from_secs(1)).unwrap_or_else(|stuck| panic!("{stuck}"));
        if crashes {
            net.crash(1);
        }
        net.run_for(Duration::from_secs(3)).unwrap_or_else(|stuck| panic!("{stuck}"));
        let from = net.highest();
        net.run_for(Duration::from_secs(2)).unwrap_or_else(|stuck| panic!("{stuck}"));
        net.highest() - from
    };
    let (healthy, wounded) = (rate(false), rate(true));
    // A view of the dead member takes one round of messages instead of two, and has no block.
    assert!(wounded * 10 >= healthy * 7, "{wounded} of {healthy}");
}
