//! How fast a newcomer fetches a chain.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use althing_engine::nakamoto::{Durable, Mining};
use althing_feed::{ChainEvent, Event, PeerName};
use althing_ledger::{Block, Ledger, Proposal};
use althing_types::{BlockHash, Height};
use anyhow::{Context, ensure};
use serde_json::json;

use crate::chain_network::ChainName;
use crate::chain_swarm::{Kind, Network, Storage};
use crate::commands::bench::figures;

/// Returns how many blocks are fetched unless the user says otherwise.
pub(super) fn blocks(dialect: ChainName) -> u64 {
    match dialect {
        // From the 64th on they would be harder to make.
        ChainName::Cs60 => 60,
        ChainName::Aviary => 2_300,
        ChainName::Open => 10_000,
    }
}

/// What one newcomer needed.
pub(super) struct Measured {
    dialect: ChainName,
    storage: Storage,
    peers: usize,
    blocks: u64,
    /// To make the chain.
    making: Duration,
    /// Until all headers were known, where they come first.
    headers: Option<Duration>,
    /// Until its tip was that of the others.
    all: Duration,
}

impl Measured {
    fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "blocks are few")]
        let per_second = self.blocks as f64 / self.all.as_secs_f64();
        per_second.round()
    }
}

pub(super) async fn measure(
    dialect: ChainName,
    blocks: u64,
    peers: usize,
    storage: Storage,
) -> anyhow::Result<Measured> {
    // The difficulty where any hash will do, or every second.
    let difficulty = u8::from(dialect == ChainName::Open);
    let kind = Kind::new(dialect, difficulty, blocks);
    let begin = Instant::now();
    let (chain, tip) = make_chain(&kind, blocks)?;
    let making = begin.elapsed();
    let mut network = Network::new(kind, storage)?;
    for _ in 0..peers {
        network.add(Mining::Off, std::slice::from_ref(&chain))?;
        network.connected().await?;
    }
    network.meet().await?;
    let started = network.clock().now();
    network.add(Mining::Off, &[])?;
    let newcomer = network.peers().last().map(|peer| PeerName::from(peer.address.clone()));
    let mut headers = None;
    loop {
        let record = network.next().await?;
        match &record.event {
            _ if record.peer != newcomer => {}
            Event::Chain(ChainEvent::HeadersFetched { .. }) => {
                headers.get_or_insert(record.at - started);
            }
            Event::Chain(ChainEvent::TipChanged { hash, .. }) if *hash == tip => {
                let all = record.at - started;
                return Ok(Measured { dialect, storage, peers, blocks, making, headers, all });
            }
            _ => {}
        }
    }
}

/// Returns a chain of so many blocks, besides one that everybody has, and the hash of the last.
fn make_chain(kind: &Kind, blocks: u64) -> anyhow::Result<(Durable, BlockHash)> {
    let dialect = kind.dialect([0; 32])?;
    let mut ledger = Ledger::new(dialect.rules().chain.clone(), dialect.application());
    let from = Height::new(ledger.length());
    let mut made = Vec::new();
    let mut time = kind.founded;
    for number in 0..blocks {
        time = time.after(Kind::BLOCK_TIME);
        ledger.set_clock(time);
        let entry = kind.text(number).map(|text| dialect.entry(&text, number)).transpose();
        let entries = entry.context("a text of ours is refused")?.into_iter().collect();
        let proposal = Proposal { miner: "bench", now: time, entries };
        let template = ledger.template(proposal).context("no block can follow")?;
        let nonce = template.search(0..u64::MAX).context("no nonce makes a block")?;
        let block: Block = template.with_nonce(nonce);
        made.push(block.clone());
        ledger.add(block)?;
    }
    let tip = ledger.tip().context("there is a block")?;
    ensure!(ledger.length() == from.number() + blocks, "blocks of ours were not adopted");
    Ok((Durable { from, blocks: made, own: None }, tip.hash))
}

pub(super) fn print(results: &[Measured], as_json: bool) -> anyhow::Result<()> {
    if as_json { print_json(results) } else { print_table(results) }
}

fn print_json(results: &[Measured]) -> anyhow::Result<()> {
    for measured in results {
        let line = json!({
            "measure": "sync",
            "dialect": measured.dialect.name(),
            "store": measured.storage.name(),
            "peers": measured.peers,
            "blocks": measured.blocks,
            "making_s": measured.making.as_secs_f64(),
            "headers_s": measured.headers.map(|time| time.as_secs_f64()),
            "seconds": measured.all.as_secs_f64(),
            "blocks_per_second": measured.per_second(),
        });
        writeln!(io::stdout(), "{line}")?;
    }
    Ok(())
}

fn print_table(results: &[Measured]) -> anyhow::Result<()> {
    let seconds = |time: Duration| format!("{:.3}", time.as_secs_f64());
    let mut table = figures::table(&[
        "sync",
        "store",
        "peers",
        "blocks",
        "made in s",
        "headers s",
        "all s",
        "blocks/s",
    ]);
    for measured in results {
        table.add_row([
            measured.dialect.name(),
            measured.storage.name().to_owned(),
            measured.peers.to_string(),
            measured.blocks.to_string(),
            seconds(measured.making),
            measured.headers.map_or_else(|| "-".to_owned(), seconds),
            seconds(measured.all),
            measured.per_second().to_string(),
        ]);
    }
    Ok(figures::print(table)?)
}
