//! Faults from which a network with a chain recovers, as one with rounds does.

use std::time::Duration;

use althing_engine::nakamoto::Event;
use althing_sim::chain::{Fault, Network, Role, Simulation};
use althing_sim::{Planned, Skew, Who};

use super::common::{assert_one_chain, minutes, scenario, seconds};

const NETWORKS: [Network; 3] = [Network::Aviary, Network::Cs60, Network::Open];

/// A network that has a few blocks.
fn running(network: Network, seed: u64) -> Simulation {
    let mut net = scenario(network, seed, 6).miners(3).hashes_per_second(20.0).start();
    net.run_until_length(minutes(60), 3).unwrap_or_else(|stuck| panic!("{stuck}"));
    net
}

fn run(net: &mut Simulation, time: Duration) {
    net.run_for(time).unwrap_or_else(|stuck| panic!("{stuck}"));
}

fn goes_on(net: &mut Simulation) {
    let longer = net.longest() + 1;
    net.run_until_length(minutes(240), longer).unwrap_or_else(|stuck| panic!("{stuck}"));
    net.set_hash_rate(0.3);
    assert_one_chain(net, minutes(60));
}

#[test]
fn a_peer_that_crashes_at_each_of_its_outputs_in_turn_loses_nothing_it_has_written() {
    for outputs in 0..12 {
        for network in NETWORKS {
            let mut net = running(network, outputs);
            let peer = usize::try_from(outputs % 6).expect("a small number");
            net.crash_after(peer, usize::try_from(outputs).expect("a small number"));
            run(&mut net, minutes(1));
            net.restart(peer);
            goes_on(&mut net);
        }
    }
}

#[test]
fn a_paused_peer_has_the_same_chain_soon_after_it_continues() {
    for network in NETWORKS {
        let mut net = running(network, 20);
        net.pause(5);
        let before = net.tip(5);
        run(&mut net, minutes(5));
        assert_eq!(net.tip(5), before);
        net.resume(5);
        goes_on(&mut net);
    }
}

#[test]
fn a_slow_peer_and_wrong_clocks_keep_nobody_from_the_chain() {
    for network in NETWORKS {
        let mut net = running(network, 21);
        net.slow(5, Duration::from_millis(20));
        net.skew(4, Skew { percent: 110, jump: seconds(30) });
        net.skew(3, Skew { percent: 90, jump: Duration::ZERO });
        run(&mut net, minutes(5));
        net.slow(5, Duration::ZERO);
        goes_on(&mut net);
    }
}

#[test]
fn a_partition_that_comes_and_goes_ends_on_one_chain_and_entries_return() {
    for network in NETWORKS {
        let mut net = running(network, 22);
        net.flap([0, 5], seconds(40));
        run(&mut net, minutes(20));
        net.mend();
        net.run_until_returned(minutes(240)).unwrap_or_else(|stuck| panic!("{stuck}"));
        let is_reorganisation = |event: &Event| match event {
            Event::TipChanged { disconnected, .. } => !disconnected.is_empty(),
            _ => false,
        };
        assert!(net.events().any(|(_, _, event)| is_reorganisation(event)));
        goes_on(&mut net);
    }
}

#[test]
fn peers_that_withhold_blocks_or_say_nothing_keep_nobody_from_the_chain() {
    for network in NETWORKS {
        let mut net = running(network, 23);
        net.make_byzantine(4, Role::WithholdsBlocks);
        net.make_byzantine(5, Role::Silent);
        net.crash(3);
        run(&mut net, minutes(5));
        net.restart(3);
        goes_on(&mut net);
    }
}

#[test]
fn who_found_the_last_block_can_be_named_and_the_summary_counts_blocks() {
    let mut net = scenario(Network::Aviary, 24, 6)
        .miners(3)
        .hashes_per_second(20.0)
        .at(minutes(5), Fault::Crash(Who::Leader))
        .at(minutes(6), Fault::Heal)
        .start();
    run(&mut net, minutes(10));
    let summary = net.summary();
    assert_eq!(summary.faults, 2);
    assert!(summary.decided > 10, "{summary}");
    assert!(summary.recovery.is_some_and(|recovery| recovery.count > 0), "{summary}");
    assert!(summary.to_string().contains("blocks decided"), "{summary}");
    let trace = net.trace(minutes(4)..minutes(7));
    let text = trace.to_string();
    for part in ["** the leader crashes **", "says to peer", "has found the block at height"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    assert!(althing_sim::mermaid(&trace).contains("P0->>P1: "));
    assert!(althing_sim::svg(&trace).ends_with("</svg>\n"));
}
