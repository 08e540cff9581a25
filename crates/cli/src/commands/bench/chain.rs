//! How fast peers with a chain fetch it, and how fast a new block reaches them.
//!
//! | file | question |
//! | --- | --- |
//! | `latency` | how long does a new block take to reach all peers? |
//! | `sync` | how fast does a newcomer fetch a chain? |

mod latency;
mod sync;

use std::num::{NonZeroU16, NonZeroU64};

use clap::{Args, ValueEnum};

use crate::chain_network::ChainName;
use crate::chain_swarm::Storage;
use crate::commands;

/// Measure how fast a chain is fetched, and how fast a new block reaches all peers.
///
/// All peers run in this process, over UDP on 127.0.0.1, and with a tracker where the network has
/// one. There are two measurements. sync: peers have a chain of easy blocks (ballots in cs60, short
/// messages in aviary, empty blocks in open), and a newcomer fetches all of it; the time is from
/// its start. latency: the time from the moment one peer mines a block until the last of the others
/// has it.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing bench chain\n  \
    althing bench chain --measure sync --dialect open --blocks 100000\n  \
    althing bench chain --measure latency --dialect cs60 --peers 10 --disk --json")]
pub(crate) struct Arguments {
    /// Run only this measurement.
    #[arg(long, value_enum)]
    measure: Option<Measure>,

    /// Measure only this network.
    #[arg(long, value_enum, value_name = "NAME")]
    dialect: Option<ChainName>,

    /// The number of blocks that are fetched. The default is 60 in cs60, 2300 in aviary and 10000
    /// in open.
    #[arg(long, value_name = "N")]
    blocks: Option<NonZeroU64>,

    /// The number of blocks whose latency is measured.
    #[arg(long, value_name = "N", default_value = "100")]
    mined: NonZeroU64,

    /// The number of peers that have the chain (default 1), or that receive each block (default 5).
    #[arg(long, value_name = "N")]
    peers: Option<NonZeroU16>,

    /// Keep chains on disk, in a temporary directory, as peers do with --data.
    #[arg(long)]
    disk: bool,

    /// Write one line of JSON for each.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measure {
    /// How fast a newcomer fetches a chain.
    Sync,
    /// How fast a new block reaches all peers.
    Latency,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    commands::block_on(async {
        tokio::select! {
            outcome = bench_chain(arguments) => outcome,
            () = crate::signals::stop_asked() => anyhow::bail!("stopped before all was measured"),
        }
    })
}

async fn bench_chain(arguments: &Arguments) -> anyhow::Result<()> {
    let storage = if arguments.disk { Storage::Disk } else { Storage::Memory };
    let is_wanted = |measure| arguments.measure.is_none_or(|wanted| wanted == measure);
    let peers = |usual: usize| arguments.peers.map_or(usual, |peers| peers.get().into());
    let dialects: Vec<ChainName> = match arguments.dialect {
        Some(dialect) => vec![dialect],
        None => ChainName::value_variants().to_vec(),
    };
    if is_wanted(Measure::Sync) {
        let mut results = Vec::new();
        for dialect in &dialects {
            let blocks = arguments.blocks.map_or_else(|| sync::blocks(*dialect), NonZeroU64::get);
            results.push(sync::measure(*dialect, blocks, peers(1), storage).await?);
        }
        sync::print(&results, arguments.json)?;
    }
    if is_wanted(Measure::Latency) {
        let mut results = Vec::new();
        for dialect in &dialects {
            let mined = arguments.mined.get();
            results.push(latency::measure(*dialect, mined, peers(5), storage).await?);
        }
        latency::print(&results, arguments.json)?;
    }
    Ok(())
}
