//! Whole peers in one process, over the memory bus.

mod commands;

use std::collections::BTreeSet;
use std::num::{NonZeroU16, NonZeroUsize};
use std::sync::Arc;

use althing_dialect::Dialect;
use althing_dialect::elect_chain::{Config, ElectChain};
use althing_engine::rounds::{CertifiedRecord, Event, Seat};
use althing_net::memory::Bus;
use althing_node::{Clock, Happening, Node, Report, Setup};
use althing_pow::Effort;
use althing_store::Store;
use althing_types::{Difficulty, PeerId, Transaction};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Runs `peers` peers on one bus for some rounds, and returns what they told.
async fn run_peers(config: Config, peers: usize, answer_cache: bool) -> Vec<Report> {
    let dialect: Arc<dyn Dialect> = Arc::new(ElectChain::new(config));
    let bus = Bus::new();
    let clock = Clock::start();
    let (reports, mut received) = mpsc::unbounded_channel();
    let mut nodes = JoinSet::new();
    for _ in 0..peers {
        let reports = reports.clone();
        let node = Node::new(Setup {
            dialect: Arc::clone(&dialect),
            seat: Seat::Member,
            store: Store::in_memory(),
            effort: Effort::of(NonZeroUsize::MIN),
            answer_cache,
            clock,
            reporter: Box::new(move |report| reports.send(report).expect("the test listens")),
        });
        let node = node.expect("an empty store is of no other network");
        nodes.spawn(node.run(bus.join(dialect.topics()), std::future::pending()));
    }
    drop(reports);
    while let Some(ended) = nodes.join_next().await {
        ended.expect("no peer panics").expect("memory does not fail");
    }
    let mut all = Vec::new();
    while let Some(report) = received.recv().await {
        all.push(report);
    }
    all
}

fn table_of(peer: PeerId, reports: &[Report]) -> Vec<&CertifiedRecord> {
    let decided = reports.iter().filter(|report| report.peer == peer);
    decided
        .filter_map(|report| match &report.happening {
            Happening::Engine(Event::RoundDecided(record)) => Some(record),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_peers_on_a_bus_end_with_one_table() {
    let bits = |bits| Difficulty::from_bits(bits).expect("in range");
    let config = Config {
        challenges: bits(1)..=bits(8),
        rounds: Some(Transaction::new(10)),
        ..Config::default()
    };
    let reports = run_peers(config, 10, false).await;
    let first = table_of(reports[0].peer, &reports);
    assert_eq!(first.len(), 10);
    for report in &reports {
        let table = table_of(report.peer, &reports);
        let same = table.iter().zip(&first).all(|(row, other)| row.record == other.record);
        assert!(same && table.len() == first.len(), "{} has another table", report.peer);
        for row in table {
            assert!(row.votes.len() >= 6 && row.votes.iter().all(|(_, seal)| seal.is_some()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_solved_one_challenge_solves_all_of_its_kind_unless_that_is_not_wanted() {
    let bits = Difficulty::from_bits(12).expect("in range");
    for answer_cache in [true, false] {
        let config = Config {
            peers: NonZeroU16::new(3).expect("not zero"),
            challenges: bits..=bits,
            rounds: Some(Transaction::new(6)),
            ..Config::default()
        };
        let reports = run_peers(config, 3, answer_cache).await;
        let table = table_of(reports[0].peer, &reports);
        let seeds: BTreeSet<_> = table.iter().map(|row| &row.record.seed).collect();
        assert_eq!(table.len(), 6);
        assert_eq!(seeds.len() == 1, answer_cache, "{seeds:?}");
    }
}
