//! Peers that meet by a tracker and fetch whole chains.

use althing_dialect::ChainDialect;
use althing_dialect::cs60::Ballots;
use althing_engine::nakamoto::{Command, Event, Input};
use althing_ledger::{Application, BlockContext, Entry};
use althing_sim::Planned;
use althing_sim::chain::{Network, Role, Simulation};
use althing_types::Height;

use super::common::{assert_one_chain, entries, minutes, scenario, seconds};

fn run(net: &mut Simulation, time: std::time::Duration) {
    net.run_for(time).unwrap_or_else(|stuck| panic!("{stuck}"));
}

#[test]
fn ballots_are_cast_and_counted_once_on_every_peer() {
    let mut net = scenario(Network::Cs60, 1, 10).miners(5).hashes_per_second(10.0).start();
    net.run_until_length(minutes(60), 30).unwrap_or_else(|stuck| panic!("{stuck}"));
    assert_one_chain(&mut net, minutes(5));
    for peer in 0..10 {
        let counted = entries(&net, peer);
        assert!(counted.values().all(|count| *count == 1), "{counted:?}");
        let mut ballots = Ballots::default();
        let ledger = net.ledger(peer).expect("it is up");
        for block in ledger.blocks_from(Height::new(1)).map(std::sync::Arc::unwrap_or_clone) {
            let context = BlockContext { height: block.height(), time: block.time() };
            assert_eq!(ballots.check(&context, block.entries()), Ok(()));
            ballots.apply(&context, block.entries());
        }
        assert!(ballots.choices().count() >= 29);
    }
}

#[test]
fn of_two_ballots_of_one_voter_only_one_counts() {
    for seed in 0..10 {
        let mut net = scenario(Network::Cs60, seed, 6)
            .miners(2)
            .entry_every(minutes(1000))
            .start_within(seconds(1))
            .start();
        run(&mut net, seconds(5));
        for (peer, choice) in [(0, "yes"), (1, "no")] {
            let ballot = format!(r#"{{"voter": "alice", "choice": "{choice}"}}"#);
            net.input(peer, Input::Command(Command::Submit(Entry::text(&ballot))));
        }
        for (peer, voter) in [(0, "bob"), (1, "carol"), (0, "dave")] {
            let ballot = format!(r#"{{"voter": "{voter}", "choice": "yes"}}"#);
            net.input(peer, Input::Command(Command::Submit(Entry::text(&ballot))));
        }
        // Both mine at once, and one of them in vain.
        run(&mut net, minutes(5));
        assert_one_chain(&mut net, minutes(5));
        let counted = entries(&net, 5);
        assert_eq!(counted.len(), 5, "four ballots and the genesis: {counted:?}");
        let refused = |event: &Event| matches!(event, Event::EntryRefused { .. });
        assert_eq!(net.events().filter(|(_, _, event)| refused(event)).count(), 1);
    }
}

#[test]
fn two_hundred_peers_become_one_after_a_partition() {
    let mut net = scenario(Network::Cs60, 2, 200).miners(20).hashes_per_second(0.4).start();
    run(&mut net, minutes(2));
    net.partition((0..200).filter(|peer| peer % 3 == 0));
    run(&mut net, minutes(6));
    let (one, other) = (net.tip(0).expect("a chain"), net.tip(1).expect("a chain"));
    assert_ne!(one.hash, other.hash);
    net.mend();
    assert_one_chain(&mut net, minutes(20));
    assert!(entries(&net, 0).values().all(|count| *count == 1));
}

#[test]
fn who_joins_late_gets_a_chain_longer_than_one_datagram() {
    // Ballots of a long choice, so that the chain need not have hundreds of blocks for that.
    let ballot = |_: &dyn ChainDialect, number: u64| {
        let choice = "c".repeat(2000);
        Entry::text(&format!(r#"{{"voter": "voter {number}", "choice": "{choice}"}}"#))
    };
    let scenario = scenario(Network::Cs60, 3, 8).miners(4).hashes_per_second(50.0);
    let mut net = scenario.entries(ballot).start();
    run(&mut net, seconds(20));
    net.crash(7);
    net.run_until_length(minutes(60), 45).unwrap_or_else(|stuck| panic!("{stuck}"));
    net.restart(7);
    assert_one_chain(&mut net, minutes(5));
}

#[test]
fn a_chain_corrupted_in_the_middle_is_fetched_from_those_who_have_it_whole() {
    let mut net = scenario(Network::Cs60, 4, 8).miners(4).hashes_per_second(10.0).start();
    net.make_byzantine(5, Role::CorruptsBlock(Height::new(10)));
    net.make_byzantine(6, Role::CorruptsBlock(Height::new(12)));
    net.run_until_length(minutes(60), 25).unwrap_or_else(|stuck| panic!("{stuck}"));
    for _ in 0..5 {
        net.crash(7);
        run(&mut net, minutes(3));
        net.restart(7);
        assert_one_chain(&mut net, minutes(5));
    }
}

#[test]
fn lost_blocks_are_fetched_without_waiting_for_the_next() {
    for seed in 0..5 {
        let mut net = scenario(Network::Cs60, seed, 10).miners(3).hashes_per_second(5.0).start();
        net.lose(30);
        run(&mut net, minutes(5));
        // Nothing is mined any more: what is missing now comes by asking.
        net.set_hash_rate(1e-9);
        run(&mut net, minutes(3));
        let most = net.honest().filter_map(|p| net.tip(p)).map(|tip| tip.work).max();
        let has_most = |net: &Simulation, p| net.tip(p).map(|tip| tip.work) == most;
        assert!(net.honest().all(|peer| has_most(&net, peer)), "seed {seed}");
    }
}

#[test]
fn crashes_cost_nobody_the_blocks_that_are_on_disk() {
    let mut net = scenario(Network::Cs60, 8, 8).miners(6).hashes_per_second(3.0).start();
    run(&mut net, minutes(1));
    for round in 0..20 {
        let peer = round % 8;
        net.crash(peer);
        run(&mut net, seconds(20));
        net.restart(peer);
        run(&mut net, seconds(10));
    }
    assert_one_chain(&mut net, minutes(20));
}
