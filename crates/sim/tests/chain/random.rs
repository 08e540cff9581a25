//! Networks that all kinds of things befall, by lot.

use althing_sim::chain::{Lie, Plan, Simulation};
use althing_types::{Height, PeerKey};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::common::{assert_one_chain, aviary, bans, cs60, minutes, open, open_dialect, seconds};

const PEERS: usize = 12;

/// One peer is honest and mines all the time, so that there is a chain to end on.
fn befall(net: &mut Simulation, rng: &mut ChaCha8Rng) {
    let peer = rng.random_range(1..PEERS);
    match rng.random_range(0..10) {
        0..3 => net.crash(peer),
        3..5 => net.restart(peer),
        5 => net.mute(peer),
        6 => net.resume(peer),
        7 => net.partition((0..PEERS).filter(|_| rng.random())),
        8 => net.lose(rng.random_range(0..50)),
        _ => net.mend(),
    }
}

fn heal(net: &mut Simulation) {
    net.mend();
    net.lose(0);
    for peer in 0..PEERS {
        net.resume(peer);
        net.restart(peer);
    }
}

fn story(network: fn(Plan) -> Simulation, seed: u64) -> Simulation {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let miners = rng.random_range(2..6);
    let hashes_per_second = rng.random_range(1.0..20.0);
    let mut net = network(Plan { miners, hashes_per_second, ..Plan::new(seed, PEERS) });
    for _ in 0..rng.random_range(0..3) {
        let lie = match rng.random_range(0..3) {
            0 => Lie::Length(rng.random_range(1..30_000)),
            1 => Lie::Chain(rng.random_range(1..30_000)),
            _ => Lie::Corrupt(Height::new(rng.random_range(0..20))),
        };
        net.turn(rng.random_range(1..PEERS), lie);
    }
    for _ in 0..rng.random_range(5..25) {
        befall(&mut net, &mut rng);
        net.run_for(seconds(rng.random_range(1..60))).unwrap_or_else(|f| panic!("{f}"));
    }
    heal(&mut net);
    // So slowly that forks are settled.
    net.set_hash_rate(0.3);
    assert_one_chain(&mut net, minutes(60));
    net
}

#[test]
fn whatever_befalls_an_aviary_it_ends_on_one_chain() {
    (0..40).for_each(|seed| drop(story(aviary, seed)));
}

#[test]
fn whatever_befalls_a_cs60_it_ends_on_one_chain() {
    (0..40).for_each(|seed| drop(story(cs60, seed)));
}

#[test]
fn whatever_befalls_an_open_network_it_ends_on_one_chain_and_no_honest_peer_is_banned() {
    for seed in 0..10 {
        let net = story(open, seed);
        let honest: Vec<PeerKey> =
            net.honest().map(|peer| open_dialect(peer).public_key()).collect();
        assert!(bans(&net).iter().all(|(_, key)| !honest.contains(key)), "seed {seed}");
    }
}
