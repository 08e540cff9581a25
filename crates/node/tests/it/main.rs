//! Whole peers in one process, over the memory bus: with the real engines, and with a scripted one.

mod assembly;
mod commands;
mod driver;
mod live;
mod refusals;
mod toy;

use std::collections::BTreeSet;
use std::num::{NonZeroU16, NonZeroUsize};
use std::sync::Arc;

use althing_dialect::RoundsDialect;
use althing_dialect::elect_chain::{Config, ElectChain};
use althing_engine::rounds::{CertifiedRecord, Durable, Seat};
use althing_feed::Feed;
use althing_net::memory::Bus;
use althing_node::{Clock, rounds};
use althing_pow::Parallelism;
use althing_store::{Reader, Store};
use althing_types::{Difficulty, Transaction};
use tokio::task::JoinSet;

/// Runs `peers` peers on one bus for some rounds, and returns their tables.
async fn run_peers(
    config: Config,
    peers: usize,
    solution_cache: bool,
) -> Vec<Vec<CertifiedRecord>> {
    let dialect: Arc<dyn RoundsDialect> = Arc::new(ElectChain::new(config));
    let (bus, clock, feed) = (Bus::new(), Clock::start(), Feed::default());
    let mut tables: Vec<Reader<Durable>> = Vec::new();
    let mut nodes = JoinSet::new();
    for _ in 0..peers {
        let (_, node) = rounds::open(rounds::Options {
            dialect: Arc::clone(&dialect),
            name: None,
            seat: Seat::Member,
            id: None,
            store: Store::in_memory(),
            parallelism: Some(Parallelism::of(NonZeroUsize::MIN)),
            solution_cache,
            never_copied: false,
            clock,
            feed: feed.clone(),
        })
        .expect("an empty store is of no other network");
        tables.push(node.log());
        nodes.spawn(node.run(bus.join(dialect.topics()), std::future::pending()));
    }
    while let Some(ended) = nodes.join_next().await {
        ended.expect("no peer panics").expect("memory does not fail");
    }
    let rows = |table: &Reader<Durable>| table.entries(0, usize::MAX).expect("memory");
    tables.iter().map(rows).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_peers_on_a_bus_end_with_one_table() {
    let bits = |bits| Difficulty::from_bits(bits).expect("in range");
    let config = Config {
        challenges: bits(1)..=bits(8),
        rounds: Some(Transaction::new(10)),
        ..Config::default()
    };
    let tables = run_peers(config, 10, false).await;
    let first = &tables[0];
    assert_eq!(first.len(), 10);
    for table in &tables {
        let same = table.iter().zip(first).all(|(row, other)| row.record == other.record);
        assert!(same && table.len() == first.len(), "{table:?} is another table");
        for row in table {
            assert!(row.votes.len() >= 6 && row.votes.iter().all(|(_, sig)| sig.is_some()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_solved_one_challenge_solves_all_of_its_kind_unless_that_is_not_wanted() {
    let bits = Difficulty::from_bits(12).expect("in range");
    for solution_cache in [true, false] {
        let config = Config {
            peers: NonZeroU16::new(3).expect("not zero"),
            challenges: bits..=bits,
            rounds: Some(Transaction::new(6)),
            ..Config::default()
        };
        let tables = run_peers(config, 3, solution_cache).await;
        let seeds: BTreeSet<_> = tables[0].iter().map(|row| &row.record.seed).collect();
        assert_eq!(tables[0].len(), 6);
        // Each of the three may have solved the first challenge by itself, and goes on with its own
        // solution; a new search starts at another candidate, and finds another solution.
        assert_eq!(seeds.len() <= 3, solution_cache, "{seeds:?}");
    }
}
