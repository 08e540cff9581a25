//! A peer of the open network that others mine for.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use althing_engine::nakamoto::Mining;
use althing_stratum::{Config, ShareDifficulty};
use anyhow::ensure;
use clap::Args;

use super::peer::chain::{Miners, Part, take_part};
use crate::chain_network::{ChainName, ChainNetwork, Meeting};
use crate::connection::Connection;
use crate::http::HttpOptions;
use crate::listen::parse_listen;
use crate::parallelism::ParallelismOptions;

/// Take part in an open network, with stock Bitcoin miners mining for it over Stratum.
///
/// Anyone who can connect can mine, and the blocks they find belong to this peer. By default it
/// listens on this machine only.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing stratum --network club --founded now --listen 127.0.0.1:9000 --data ./ann\n  \
    althing stratum --founded 2026-11-20 --contact localhost:9000 --stratum 0.0.0.0:3333\n\n\
    And then, with a miner of your choice:\n  \
    minerd -a sha256d -o stratum+tcp://127.0.0.1:3333 -u ann")]
pub(crate) struct Arguments {
    /// The TCP address for miners; port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:3333")]
    #[arg(value_parser = parse_listen)]
    stratum: SocketAddr,

    /// The difficulty of a miner's first shares, in bits: 32 are Stratum's difficulty 1.
    ///
    /// Then vardiff adjusts each miner to one share every five seconds. Shares are never harder
    /// than blocks.
    #[arg(long, value_name = "BITS", default_value = "24", value_parser = parse_difficulty)]
    share_difficulty: ShareDifficulty,

    /// The maximum number of miners at a time.
    #[arg(long, value_name = "N", default_value = "256")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    workers_max: u16,

    /// The password of miners. By default, any password is accepted.
    #[arg(long, value_name = "TEXT", env = "ALTHING_STRATUM_PASSWORD", hide_env_values = true)]
    password: Option<String>,

    /// How often to report the shares of each miner.
    #[arg(long, value_name = "TIME", default_value = "60s")]
    #[arg(value_parser = humantime::parse_duration)]
    summary_every: Duration,

    /// Also mine in this process.
    #[arg(long)]
    mine: bool,

    /// The directory for the chain. By default, nothing is kept.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Write events as lines of JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    parallelism: ParallelismOptions,

    #[command(flatten)]
    http: HttpOptions,

    // Last, since their headings in the help go on for all that follows.
    #[command(flatten)]
    connection: Connection,

    #[command(flatten)]
    chain_network: ChainNetwork,

    #[command(flatten)]
    meeting: Meeting,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    ensure!(
        arguments.summary_every >= althing_stratum::TICK,
        "--summary-every is too short: {:?} is the least",
        althing_stratum::TICK
    );
    let Arguments { share_difficulty, password, mine, parallelism, .. } = arguments;
    let config = Config {
        share_difficulty,
        workers_max: arguments.workers_max.into(),
        password,
        summary_time: arguments.summary_every,
    };
    super::block_on(take_part(Part {
        name: ChainName::Open,
        chain_network: arguments.chain_network,
        connection: arguments.connection,
        meeting: arguments.meeting,
        data: arguments.data,
        json: arguments.json,
        http: arguments.http,
        found: None,
        mining: Mining::OnChain,
        parallelism: mine.then(|| parallelism.of_each(1)),
        miners: Some(Miners { listen: arguments.stratum, config }),
        watching: None,
    }))
}

fn parse_difficulty(text: &str) -> Result<ShareDifficulty, String> {
    let (least, most) = (ShareDifficulty::MIN.bits(), ShareDifficulty::MAX.bits());
    let difficulty = text.parse().ok().and_then(ShareDifficulty::from_bits);
    difficulty.ok_or_else(|| format!("{text:?} is no number of bits from {least} to {most}"))
}
