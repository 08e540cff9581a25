//! The open network: our own blocks, headers first, and signed messages.

use std::collections::BTreeSet;
use std::time::Duration;

use althing_engine::nakamoto::{Command, Input};
use althing_sim::Planned;
use althing_sim::chain::{Network, Role, Simulation};
use althing_types::PeerKey;

use super::common::{assert_one_chain, bans, entries, key, minutes, scenario, seconds};

fn run(net: &mut Simulation, time: Duration) {
    net.run_for(time).unwrap_or_else(|stuck| panic!("{stuck}"));
}

#[test]
fn a_network_becomes_one_after_a_partition_and_has_each_entry_once() {
    let mut net = scenario(Network::Open, 1, 20).miners(10).hashes_per_second(3.0).start();
    run(&mut net, minutes(3));
    net.partition((0..20).filter(|peer| peer % 3 == 0));
    run(&mut net, minutes(10));
    assert_ne!(net.tip(0), net.tip(1));
    net.mend();
    assert_one_chain(&mut net, minutes(10));
    let counted = entries(&net, 5);
    assert!(counted.len() > 50);
    assert!(counted.values().all(|count| *count == 1));
}

#[test]
fn who_joins_late_gets_headers_and_then_blocks() {
    let mut net = scenario(Network::Open, 2, 5).miners(4).hashes_per_second(10.0).start();
    run(&mut net, seconds(30));
    net.crash(4);
    run(&mut net, minutes(60));
    let length = net.ledger(0).expect("it is up").length();
    assert!(length > 200, "{length}");
    net.restart(4);
    run(&mut net, minutes(1));
    assert!(net.ledger(4).expect("it is up").length() >= length);
    assert_one_chain(&mut net, minutes(5));
}

#[test]
fn losses_and_crashes_keep_nobody_from_the_chain() {
    for seed in 0..4 {
        let mut net = scenario(Network::Open, seed, 12).miners(5).hashes_per_second(5.0).start();
        net.lose(20);
        for round in 0..20 {
            let peer = 1 + round % 11;
            run(&mut net, seconds(10));
            net.crash(peer);
            run(&mut net, seconds(20));
            net.restart(peer);
        }
        assert_one_chain(&mut net, minutes(10));
    }
}

#[test]
fn a_network_keeps_to_its_timetable_while_miners_come_and_go() {
    let mut net = scenario(Network::Open, 3, 3).miners(3).hashes_per_second(10.0).start();
    // The way to the difficulty of thirty hashes a second; then ten times as many, and back.
    run(&mut net, minutes(30));
    for rate in [10.0, 100.0, 10.0] {
        net.set_hash_rate(rate);
        let before = net.ledger(0).expect("it is up").length();
        run(&mut net, minutes(200));
        let blocks = net.ledger(0).expect("it is up").length() - before;
        assert!((1_080..=1_320).contains(&blocks), "{blocks} blocks in 200 minutes, not 1,200");
    }
    assert_one_chain(&mut net, minutes(10));
}

#[test]
fn who_is_dishonest_is_banned_by_all_others_and_they_become_one() {
    const DISHONEST: usize = 3;
    let key = key(DISHONEST);
    for network in [Network::Open, Network::OpenWithTracker] {
        let mut net = scenario(network, 4, 20).miners(8).hashes_per_second(5.0).start();
        run(&mut net, seconds(20));
        net.make_byzantine(DISHONEST, Role::InvalidBlocks);
        net.lose(10);
        let expected: BTreeSet<(usize, PeerKey)> =
            (0..20).filter(|peer| *peer != DISHONEST).map(|peer| (peer, key)).collect();
        net.run_until(minutes(60), "ban by all", |net| bans(net) == expected)
            .unwrap_or_else(|stuck| panic!("{stuck}"));
        assert_one_chain(&mut net, minutes(5));
        assert_eq!(bans(&net), expected, "and no other key is banned");
        let is_known = |peer: usize| {
            let mut known = net.engine(peer).expect("it is up").peers();
            known.any(|address| address == net.address(DISHONEST))
        };
        assert!(net.honest().all(|peer| !is_known(peer)));
    }
}

#[test]
fn an_entry_that_is_not_its_authors_is_held_against_who_sends_it() {
    const DISHONEST: usize = 3;
    let mut net = scenario(Network::Open, 5, 6).start();
    run(&mut net, minutes(1));
    net.make_byzantine(DISHONEST, Role::InvalidBlocks);
    for number in 0..5 {
        let note = Network::Open.dialect(DISHONEST).entry("hello", number).expect("it is short");
        net.input(DISHONEST, Input::Command(Command::Submit(note)));
    }
    run(&mut net, seconds(1));
    let key = key(DISHONEST);
    assert!(net.honest().all(|peer| bans(&net).contains(&(peer, key))));
}

#[test]
fn whatever_of_the_honest_is_repeated_or_damaged_none_of_them_is_banned() {
    for seed in 0..4 {
        let mut net = scenario(Network::Open, seed, 10).miners(4).hashes_per_second(5.0).start();
        net.replay(50);
        net.corrupt(10);
        net.lose(10);
        for round in 0..6 {
            net.partition((0..10).filter(|peer| peer % 2 == round % 2));
            run(&mut net, minutes(1));
            net.crash(1 + round);
            net.mend();
            run(&mut net, minutes(1));
            net.restart(1 + round);
        }
        net.corrupt(0);
        assert_one_chain(&mut net, minutes(20));
        assert!(bans(&net).is_empty(), "seed {seed}");
    }
}
