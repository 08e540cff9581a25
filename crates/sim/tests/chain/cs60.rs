use althing_dialect::cs60::Ballots;
use althing_engine::nakamoto::{Event, Input};
use althing_ledger::{Application, Entry};
use althing_sim::chain::{Lie, Plan, Simulation};
use althing_types::Height;

use crate::common::{assert_one_chain, cs60, entries, minutes, seconds};

fn run(net: &mut Simulation, time: std::time::Duration) {
    net.run_for(time).unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn ballots_are_cast_and_counted_once_on_every_peer() {
    let mut net = cs60(Plan { miners: 5, hashes_per_second: 10.0, ..Plan::new(1, 10) });
    net.run_until_length(minutes(60), 30).unwrap_or_else(|failure| panic!("{failure}"));
    assert_one_chain(&mut net, minutes(5));
    for peer in 0..10 {
        let counted = entries(&net, peer);
        assert!(counted.values().all(|count| *count == 1), "{counted:?}");
        let mut ballots = Ballots::default();
        let ledger = net.ledger(peer).expect("it is up");
        for block in ledger.blocks_from(Height::new(1)) {
            assert_eq!(ballots.check(block.entries()), Ok(()));
            ballots.apply(block.entries());
        }
        assert!(ballots.choices().count() >= 29);
    }
}

#[test]
fn of_two_ballots_of_one_voter_only_one_counts() {
    for seed in 0..10 {
        let mut net = cs60(Plan {
            miners: 2,
            entry_every: minutes(1000),
            start_within: seconds(1),
            ..Plan::new(seed, 6)
        });
        run(&mut net, seconds(5));
        for (peer, choice) in [(0, "yes"), (1, "no")] {
            let ballot = format!(r#"{{"voter": "alice", "choice": "{choice}"}}"#);
            net.tell(peer, Input::Submit(Entry::text(&ballot)));
        }
        for (peer, voter) in [(0, "bob"), (1, "carol"), (0, "dave")] {
            let ballot = format!(r#"{{"voter": "{voter}", "choice": "yes"}}"#);
            net.tell(peer, Input::Submit(Entry::text(&ballot)));
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
    let mut net = cs60(Plan { miners: 20, hashes_per_second: 0.4, ..Plan::new(2, 200) });
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
    let ballot = |number: u64| {
        let choice = "c".repeat(2000);
        Entry::text(&format!(r#"{{"voter": "voter {number}", "choice": "{choice}"}}"#))
    };
    let config = althing_dialect::cs60::Config { zeros: 0, ..Default::default() };
    let plan = Plan { miners: 4, hashes_per_second: 50.0, entry: ballot, ..Plan::new(3, 8) };
    let dialect = althing_dialect::cs60::Cs60::new(config);
    let mut net = Simulation::new(plan, Box::new(dialect));
    run(&mut net, seconds(20));
    net.crash(7);
    net.run_until_length(minutes(60), 45).unwrap_or_else(|failure| panic!("{failure}"));
    net.restart(7);
    assert_one_chain(&mut net, minutes(5));
}

#[test]
fn a_chain_corrupted_in_the_middle_is_fetched_from_those_who_have_it_whole() {
    let mut net = cs60(Plan { miners: 4, hashes_per_second: 10.0, ..Plan::new(4, 8) });
    net.turn(5, Lie::Corrupt(Height::new(10)));
    net.turn(6, Lie::Corrupt(Height::new(12)));
    net.run_until_length(minutes(60), 25).unwrap_or_else(|failure| panic!("{failure}"));
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
        let mut net = cs60(Plan { miners: 3, hashes_per_second: 5.0, ..Plan::new(seed, 10) });
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
    let mut net = cs60(Plan { miners: 6, hashes_per_second: 3.0, ..Plan::new(8, 8) });
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
