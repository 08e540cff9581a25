//! How fast a new block reaches all peers.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use althing_engine::nakamoto::Mining;
use althing_feed::{ChainEvent, Event, Record};
use althing_types::{BlockHash, Moment};
use anyhow::Context;
use serde_json::json;

use crate::chain_network::ChainName;
use crate::chain_swarm::{Kind, Network, Storage};
use crate::commands::bench::figures::{self, percentile};

/// How long some blocks were on their way.
pub(super) struct Measured {
    dialect: ChainName,
    storage: Storage,
    peers: usize,
    /// From being mined to the last peer, in order.
    times: Vec<Duration>,
}

pub(super) async fn measure(
    dialect: ChainName,
    mined: u64,
    peers: usize,
    storage: Storage,
) -> anyhow::Result<Measured> {
    let kind = Kind::new(dialect, difficulty(dialect), SLACK + mined);
    let mut network = Network::new(kind.clone(), storage)?;
    for number in 0..peers {
        let mining = match (dialect, number) {
            // Everybody mines its own.
            (ChainName::Cs60, _) => Mining::OnChain,
            (_, 0) => Mining::FromGenesis,
            (_, _) => Mining::Off,
        };
        network.add(mining, &[])?;
        network.connected().await?;
    }
    network.meet().await?;
    let since = network.clock().now();
    let mut spread = Spread { peers, since, on_the_way: BTreeMap::new() };
    let mut times = Vec::new();
    for (number, author) in (0..mined).zip((0..peers).cycle()) {
        if let Some(text) = kind.text(number) {
            let entry = kind.dialect([0; 32])?.entry(&text, number);
            let entry = entry.context("a text of ours is refused")?;
            let entries = network.peers()[author].entries.as_ref();
            drop(entries.context("no peer was killed")?.submit(entry).await?);
        }
        times.push(loop {
            if let Some(time) = spread.note(&*network.next().await?) {
                break time;
            }
        });
    }
    times.sort_unstable();
    Ok(Measured { dialect, storage, peers, times })
}

/// Blocks that could be mined besides those that are, before they become harder.
const SLACK: u64 = 100_000;

/// Returns how hard blocks are to mine: a few milliseconds, so that they do not crowd.
fn difficulty(dialect: ChainName) -> u8 {
    match dialect {
        // It grows with the height: four hexadecimal zeros more at the 64th block.
        ChainName::Cs60 => 0,
        ChainName::Aviary => 4,
        ChainName::Open => 20,
    }
}

/// Blocks that are not yet with all peers.
struct Spread {
    peers: usize,
    /// When all were there: what was mined before is not counted.
    since: Moment,
    on_the_way: BTreeMap<BlockHash, Way>,
}

/// Where a block has come so far.
#[derive(Default)]
struct Way {
    mined: Option<Moment>,
    /// How many have it, and the last of them when.
    reached: usize,
    last: Moment,
}

impl Spread {
    /// Takes note of a record, and returns how long a block took if it has reached all with this.
    fn note(&mut self, record: &Record) -> Option<Duration> {
        let (at, Event::Chain(event)) = (record.at, &record.event) else { return None };
        let hash = match *event {
            ChainEvent::BlockMined { hash, .. } => {
                self.on_the_way.entry(hash).or_default().mined = Some(at);
                hash
            }
            ChainEvent::TipChanged { hash, .. } => {
                let way = self.on_the_way.entry(hash).or_default();
                way.reached += 1;
                way.last = at.max(way.last);
                hash
            }
            _ => return None,
        };
        let way = self.on_the_way.get(&hash)?;
        let mined = way.mined.filter(|mined| *mined >= self.since)?;
        if way.reached < self.peers {
            return None;
        }
        let time = way.last - mined;
        self.on_the_way.remove(&hash);
        Some(time)
    }
}

pub(super) fn print(results: &[Measured], as_json: bool) -> anyhow::Result<()> {
    if as_json { print_json(results) } else { print_table(results) }
}

fn print_json(results: &[Measured]) -> anyhow::Result<()> {
    for Measured { dialect, storage, peers, times } in results {
        let line = json!({
            "measure": "latency",
            "dialect": dialect.name(),
            "store": storage.name(),
            "peers": peers,
            "blocks": times.len(),
            "p50_ms": percentile(times, 50),
            "p99_ms": percentile(times, 99),
        });
        writeln!(io::stdout(), "{line}")?;
    }
    Ok(())
}

fn print_table(results: &[Measured]) -> anyhow::Result<()> {
    let header = ["latency", "store", "peers", "blocks", "p50 ms", "p99 ms"];
    let mut table = figures::table(&header);
    for Measured { dialect, storage, peers, times } in results {
        table.add_row([
            dialect.name(),
            storage.name().to_owned(),
            peers.to_string(),
            times.len().to_string(),
            format!("{:.2}", percentile(times, 50)),
            format!("{:.2}", percentile(times, 99)),
        ]);
    }
    Ok(figures::print(table)?)
}
