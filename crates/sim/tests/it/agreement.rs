//! No two peers ever record different winners, whatever the network does.

use std::time::Duration;

use althing_sim::{Faults, Simulation, Stuck};
use rand::RngExt;

use crate::scenario::{SOON, Scenario};

#[test]
fn ten_peers_agree_on_a_table() {
    let mut net = Scenario::seed(1).rounds(20).start();
    net.run_until_recorded(SOON, 20).expect("nothing is in the way");
    net.assert_one_table();
}

#[test]
fn ten_peers_that_sign_agree_on_a_table() {
    let mut net = Scenario::seed(1).signed().rounds(20).start();
    net.run_until_recorded(SOON, 20).expect("nothing is in the way");
    net.assert_one_table();
}

#[test]
fn the_leader_is_known_as_soon_as_the_last_peer_is_here() {
    let mut net = Scenario::seed(3).start_within(Duration::ZERO).start();
    net.run_until(Duration::from_millis(20), "leader", |net| net.leader().is_some())
        .expect("an election takes a few messages");
}

#[test]
fn ten_peers_of_the_published_variant_agree_while_they_see_one_order() {
    let mut net = Scenario::seed(2).published().start();
    net.run_until_recorded(SOON, 20).expect("nothing is in the way");
}

#[test]
fn an_eleventh_peer_watches_and_has_the_same_table() {
    let mut net = Scenario::seed(4).extra(1).rounds(30).start();
    net.run_until_recorded(SOON, 30).expect("the eleventh learns the rows as well");
    net.assert_one_table();
}

#[test]
fn a_network_of_one_decides_alone() {
    let mut net = Scenario::seed(5).peers(1).rounds(5).start();
    net.run_until_recorded(SOON, 5).expect("one is a majority of one");
}

#[test]
fn two_runs_of_one_seed_are_the_same_to_the_byte() {
    let run = || {
        let mut net = random_network(42);
        let trouble = trouble(&mut net);
        assert!(trouble.is_ok(), "{}", trouble.expect_err("checked"));
        (net.trace(), net.delivered(), net.now())
    };
    assert_eq!(run(), run());
}

/// Each seed is a network with faults of its own, some time of trouble, and then peace. In trouble
/// nothing wrong may be recorded, which the simulation checks at every step; in peace the next
/// rows must come.
#[test]
fn a_thousand_seeds_record_one_table_each_and_go_on_after_healing() {
    let seeds = match std::env::var("SEED") {
        Ok(seed) => {
            let seed: u64 = seed.parse().expect("SEED is a number");
            seed..seed + 1
        }
        Err(_) => 0..1000,
    };
    for seed in seeds {
        let mut net = random_network(seed);
        let outcome = trouble(&mut net).and_then(|()| peace(&mut net));
        if let Err(stuck) = outcome {
            panic!(
                "{stuck}\nreplay: SEED={seed} cargo nextest run -p althing-sim -E \
                 'test(a_thousand_seeds)'"
            );
        }
        net.assert_one_table();
    }
}

fn random_network(seed: u64) -> Simulation {
    let peers = [3, 4, 5, 7, 10][usize::try_from(seed % 5).expect("below five")];
    let faults = Faults {
        delay: Duration::from_micros(100)..=Duration::from_millis(1 << (seed / 5 % 8)),
        loss_percent: [0, 5, 20, 40][usize::try_from(seed / 7 % 4).expect("below four")],
        duplication_percent: [0, 10, 50][usize::try_from(seed / 3 % 3).expect("below three")],
    };
    Scenario::seed(seed)
        .peers(peers)
        .extra(usize::from(seed.is_multiple_of(11)))
        .faults(faults)
        .start_within(Duration::from_millis(1 << (seed % 12)))
        .start()
}

/// Crashes, restarts and partitions at random moments.
fn trouble(net: &mut Simulation) -> Result<(), Stuck> {
    let peers = net.up().count().max(3);
    for _ in 0..12 {
        let time = Duration::from_millis(net.rng().random_range(1..1500));
        net.run_for(time)?;
        let peer = net.rng().random_range(0..peers);
        match net.rng().random_range(0..8) {
            0 | 1 => net.crash(peer),
            2 | 3 => {
                let outputs = net.rng().random_range(0..6);
                net.crash_after(peer, outputs);
            }
            4 | 5 => (0..peers).for_each(|peer| net.restart(peer)),
            6 => {
                let side: Vec<usize> = (0..peers).filter(|_| net.rng().random()).collect();
                net.partition(side);
            }
            _ => net.partition([]),
        }
    }
    Ok(())
}

fn peace(net: &mut Simulation) -> Result<(), Stuck> {
    net.heal();
    let rows = net.up().map(|peer| net.rows(peer).len()).max().unwrap_or(0);
    net.run_until_recorded(SOON, rows + 3)?;
    // Let the last of them come to the same row.
    net.run_until(SOON, "common last row", |net| {
        let mut lengths = net.up().map(|peer| net.rows(peer).len());
        let first = lengths.next();
        lengths.all(|length| Some(length) == first)
    })
}
