//! What a simulated network costs: time for the machine, and messages for the peers.
//!
//! Before the benches it prints a table of messages per round and peer, as a function of how many
//! peers there are. With `LARGE=1` in its environment the table has rows of five hundred and of a
//! thousand peers too, which take minutes: each peer says that it is here up to 64 times before
//! all have met, and all of them hear it.

#![allow(clippy::print_stdout)]

use std::time::Duration;

use althing_sim::Planned;
use althing_sim::rounds::{Scenario, Simulation};
use divan::Bencher;
use divan::counter::ItemsCount;

/// How many peers each network of the table has, and how many rows it decides.
const SIZES: [(u16, usize); 7] =
    [(3, 200), (5, 200), (10, 200), (20, 200), (50, 100), (100, 50), (200, 20)];

/// The same for those that take minutes.
const LARGE: [(u16, usize); 2] = [(500, 5), (1000, 3)];

fn main() {
    if std::env::args().any(|argument| argument == "--bench") {
        print_table();
    }
    divan::main();
}

/// Returns a network whose rows are two seconds apart, and take half a second to find.
fn network(peers: u16) -> Scenario {
    let hashes_per_second = 512.0 / f64::from(peers);
    Scenario::seed(1)
        .peers(peers)
        .pause(Duration::from_secs(2))
        .challenges(8, 8)
        .hashes_per_second(hashes_per_second)
        .history(16)
}

/// Runs until every peer has so many rows more.
fn decide(net: &mut Simulation, rows: usize) {
    let limit = Duration::from_secs(3600);
    let rows = net.longest() + rows;
    net.run_until_recorded(limit, rows).expect("nothing is in the way");
}

fn print_table() {
    println!("| peers | rounds | published per round and peer | delivered per round and peer |");
    println!("| ---: | ---: | ---: | ---: |");
    let large = std::env::var_os("LARGE").map(|_| LARGE);
    for (peers, rows) in SIZES.into_iter().chain(large.into_iter().flatten()) {
        let mut net = network(peers).start();
        decide(&mut net, 1);
        // The table is of the rounds; meeting and electing comes once.
        let before = net.summary();
        decide(&mut net, rows);
        let after = net.summary();
        let per_round_and_peer =
            |count: u64| count as f64 / (after.decided - before.decided) as f64 / f64::from(peers);
        let published = per_round_and_peer(after.published - before.published);
        let delivered = per_round_and_peer(after.delivered - before.delivered);
        let rounds = after.decided - before.decided;
        println!("| {peers} | {rounds} | {published:.1} | {delivered:.0} |");
    }
}

/// A hundred peers for ten virtual minutes.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn ten_minutes_of_a_hundred_peers() -> u64 {
    let mut net = network(100).start();
    net.run_for(Duration::from_secs(600)).expect("nothing wrong is recorded");
    let rounds = net.summary().decided;
    assert!(rounds >= 200, "{rounds} rounds");
    rounds
}

/// From the start to the first row.
#[divan::bench(args = [10, 100], sample_count = 5, sample_size = 1)]
fn meeting_and_first_row(peers: u16) {
    decide(&mut network(peers).start(), 1);
}

/// Rows of members who sign.
#[divan::bench(args = [3, 10, 30], sample_count = 5, sample_size = 1)]
fn ten_signed_rows(bencher: Bencher<'_, '_>, peers: u16) {
    let bencher = bencher.counter(ItemsCount::new(10_u32));
    bencher.with_inputs(|| network(peers).signed().start()).bench_values(|mut net| {
        decide(&mut net, 10);
    });
}
