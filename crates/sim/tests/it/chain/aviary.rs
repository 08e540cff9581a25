//! Peers that gossip and fetch block by block.

use althing_engine::Origin;
use althing_engine::nakamoto::{DownloadFailure, Event, Input, Message};
use althing_ledger::Ledger;
use althing_sim::Planned;
use althing_sim::chain::{Network, Role, Simulation};
use althing_types::{Address, Height};

use super::common::{assert_one_chain, minutes, scenario, seconds};

fn run(net: &mut Simulation, time: std::time::Duration) {
    net.run_for(time).unwrap_or_else(|stuck| panic!("{stuck}"));
}

#[test]
fn a_network_starts_from_nothing_and_everybody_follows() {
    let mut net = scenario(Network::Aviary, 1, 20).start();
    net.run_until_length(minutes(30), 10).unwrap_or_else(|stuck| panic!("{stuck}"));
    assert_one_chain(&mut net, minutes(2));
    // Every peer has learnt of every other through gossip.
    assert!(
        (0..20).all(|peer| net.engine(peer).is_some_and(|engine| engine.peers().count() == 19))
    );
}

#[test]
fn two_hundred_peers_become_one_after_a_partition() {
    let mut net = scenario(Network::Aviary, 2, 200).miners(20).hashes_per_second(0.4).start();
    net.run_until_length(minutes(120), 1).unwrap_or_else(|stuck| panic!("{stuck}"));
    net.partition((0..200).filter(|peer| peer % 3 == 0));
    // Of each side one.
    let is_long = |net: &Simulation, peer| net.ledger(peer).is_some_and(|it| it.length() >= 4);
    net.run_until(minutes(120), "chain of each side", |net| is_long(net, 0) && is_long(net, 1))
        .unwrap_or_else(|stuck| panic!("{stuck}"));
    assert_ne!(net.tip(0), net.tip(1));
    net.mend();
    assert_one_chain(&mut net, minutes(10));
    let left = |event: &Event| match event {
        Event::TipChanged { disconnected, .. } => disconnected.len() >= 2,
        _ => false,
    };
    assert!(net.events().any(|(_, _, event)| left(event)), "a peer has changed chains");
}

#[test]
fn two_miners_at_once_end_on_one_chain() {
    // Blocks come as fast as messages.
    for seed in 0..10 {
        let mut net = scenario(Network::Aviary, seed, 10)
            .miners(5)
            .hashes_per_second(500.0)
            .entry_every(seconds(1) / 10)
            .start();
        run(&mut net, minutes(1));
        let ledgers = net.honest().filter_map(|peer| net.ledger(peer));
        assert!(ledgers.map(Ledger::side_blocks).sum::<usize>() > 0, "there were forks");
        // Slowly again, so that they can be settled.
        net.set_hash_rate(5.0);
        assert_one_chain(&mut net, minutes(10));
    }
}

#[test]
fn who_joins_late_gets_the_chain_of_the_others() {
    let mut net = scenario(Network::Aviary, 3, 12).miners(5).hashes_per_second(20.0).start();
    run(&mut net, seconds(30));
    for peer in 9..12 {
        net.crash(peer);
    }
    run(&mut net, minutes(20));
    let length = net.ledger(0).expect("it is up").length();
    assert!(length > 100, "{length}");
    for peer in 9..12 {
        net.restart(peer);
    }
    assert_one_chain(&mut net, minutes(2));
    assert!(net.ledger(11).expect("it is up").length() >= length);
}

#[test]
fn the_silent_are_dropped_and_taken_back_when_they_return() {
    let mut net = scenario(Network::Aviary, 4, 12).start();
    run(&mut net, minutes(3));
    let knows = |net: &Simulation, peer, other: &Address| {
        net.engine(peer).is_some_and(|engine| engine.peers().any(|known| known == other))
    };
    let silent = net.address(7).clone();
    assert!((0..12).filter(|peer| *peer != 7).all(|peer| knows(&net, peer, &silent)));
    net.mute(7);
    run(&mut net, minutes(2));
    assert!(net.honest().all(|peer| !knows(&net, peer, &silent)));
    net.unmute(7);
    run(&mut net, minutes(2));
    assert!((0..12).filter(|peer| *peer != 7).all(|peer| knows(&net, peer, &silent)));
    assert_one_chain(&mut net, minutes(5));
}

#[test]
fn a_peer_that_claims_height_twenty_thousand_keeps_nobody_from_the_chain() {
    let mut net = scenario(Network::Aviary, 5, 12).miners(3).start();
    net.make_byzantine(10, Role::ClaimsLength(20_000));
    net.make_byzantine(11, Role::ClaimsChain(20_000));
    run(&mut net, minutes(10));
    for peer in 4..8 {
        net.crash(peer);
    }
    run(&mut net, minutes(10));
    for peer in 4..8 {
        net.restart(peer);
    }
    let before = net.delivered();
    assert_one_chain(&mut net, minutes(3));
    assert!(net.ledger(0).expect("it is up").length() > 20);
    // The original sends 400 datagrams a second to such a peer, without end.
    let per_second = (net.delivered() - before) / net.now().since_start().as_secs().max(1);
    assert!(per_second < 100, "{per_second} messages a second");
    let shunned: Vec<Address> = net
        .events()
        .filter_map(|(_, _, event)| match event {
            Event::PeerShunned { peer, .. } => Some(peer.clone()),
            _ => None,
        })
        .collect();
    // A claim whose last block is real does no harm: every peer has that block.
    assert!(!shunned.is_empty());
    assert!(shunned.iter().all(|peer| peer == net.address(11)), "{shunned:?}");
}

#[test]
fn a_chain_corrupted_in_the_middle_is_fetched_from_those_who_have_it_whole() {
    let mut net = scenario(Network::Aviary, 6, 10).miners(4).hashes_per_second(10.0).start();
    net.make_byzantine(8, Role::CorruptsBlock(Height::new(20)));
    net.make_byzantine(9, Role::CorruptsBlock(Height::new(21)));
    run(&mut net, seconds(30));
    net.crash(7);
    run(&mut net, minutes(10));
    assert!(net.ledger(0).expect("it is up").length() > 40);
    for round in 0..5 {
        net.restart(7);
        run(&mut net, minutes(2));
        assert_eq!(net.tip(7), net.tip(0), "round {round}");
        net.crash(7);
    }
    net.restart(7);
    assert_one_chain(&mut net, minutes(2));
}

#[test]
fn with_nobody_but_the_corrupt_a_newcomer_has_the_chain_up_to_there() {
    let mut net = scenario(Network::Aviary, 7, 3).miners(1).hashes_per_second(30.0).start();
    run(&mut net, seconds(30));
    net.crash(2);
    run(&mut net, minutes(10));
    assert!(net.ledger(1).expect("it is up").length() > 30);
    net.make_byzantine(0, Role::CorruptsBlock(Height::new(20)));
    net.make_byzantine(1, Role::CorruptsBlock(Height::new(20)));
    net.set_hash_rate(0.0001);
    net.restart(2);
    run(&mut net, minutes(3));
    assert_eq!(net.ledger(2).expect("it is up").length(), 20);
    let failed = |event: &Event| {
        let height = Height::new(20);
        let reason = DownloadFailure::Unobtainable { height };
        matches!(event, Event::DownloadFailed { reason: r, .. } if *r == reason)
    };
    assert!(net.events().any(|(_, peer, event)| peer == 2 && failed(event)));
}

#[test]
fn a_network_that_loses_and_damages_messages_keeps_one_chain() {
    for seed in 0..5 {
        let mut net = scenario(Network::Aviary, seed, 15).miners(5).hashes_per_second(10.0).start();
        net.lose(20);
        net.corrupt(5);
        run(&mut net, minutes(15));
        assert!(net.ledger(0).expect("it is up").length() > 50);
        net.set_hash_rate(1.0);
        assert_one_chain(&mut net, minutes(20));
    }
}

#[test]
fn crashes_cost_nobody_the_blocks_that_are_on_disk() {
    let mut net = scenario(Network::Aviary, 8, 8).miners(6).hashes_per_second(5.0).start();
    run(&mut net, minutes(3));
    for round in 0..30 {
        let peer = round % 8;
        net.crash(peer);
        run(&mut net, seconds(20));
        net.restart(peer);
        run(&mut net, seconds(10));
    }
    assert_one_chain(&mut net, minutes(5));
}

#[test]
fn garbage_ends_nobody() {
    let mut net = scenario(Network::Aviary, 9, 6).start();
    run(&mut net, minutes(2));
    let stranger = Address::new("10.9.9.9", 9).expect("a host");
    let genesis = net
        .ledger(0)
        .and_then(|l| l.block_at(Height::GENESIS).map(std::sync::Arc::unwrap_or_clone))
        .expect("one");
    for round in 0..100 {
        for message in [
            Message::NoBlock,
            Message::Consensus,
            Message::Block(genesis.clone()),
            Message::Announcement(genesis.clone()),
            Message::BlockRequest { height: Height::new(round) },
        ] {
            let from = Origin { address: Some(stranger.clone()), key: None };
            net.input(3, Input::Message { from, message });
        }
    }
    run(&mut net, minutes(5));
    assert_one_chain(&mut net, minutes(5));
}
