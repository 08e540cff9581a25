//! A peer of a network with a chain.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use althing_dialect::ChainDialect;
use althing_engine::nakamoto::Mining;
use althing_ledger::Entry;
use althing_node::Clock;
use althing_node::chain::{Node, Setup, identify};
use althing_node::stratum::{self, Stratum};
use althing_pow::Effort;
use althing_store::Store;
use anyhow::{Context, ensure};
use clap::Args;
use serde_json::json;
use tokio::sync::watch;

use super::Arguments;
use crate::chain_network::{ChainName, ChainNetwork, Meeting};
use crate::connection::{BrokerUrl, Connection};
use crate::control::Control;
use crate::output::{self, Lines, Printer};

/// What a peer of a network with a chain can be told besides.
#[derive(Args)]
#[command(next_help_heading = "Mining (networks with a chain)")]
pub(super) struct ChainOptions {
    /// Search for blocks (aviary, open; in cs60 everybody does, for what they want in the chain).
    #[arg(long)]
    mine: bool,

    /// Found a network: mine its first block, and put the lines of this file into the chain
    /// (aviary).
    #[arg(long, value_name = "FILE")]
    found: Option<PathBuf>,
}

/// What a peer of a network with a chain is told.
pub(crate) struct Part {
    pub(crate) name: ChainName,
    pub(crate) chain_network: ChainNetwork,
    pub(crate) connection: Connection,
    pub(crate) meeting: Meeting,
    pub(crate) data: Option<PathBuf>,
    pub(crate) json: bool,
    /// A file whose lines the network begins with.
    pub(crate) found: Option<PathBuf>,
    pub(crate) mining: Mining,
    /// What its own search may take, if it shall search.
    pub(crate) effort: Option<Effort>,
    /// How others search for it, if any do.
    pub(crate) miners: Option<Miners>,
}

/// Where miners of other processes connect, and how they are served.
pub(crate) struct Miners {
    pub(crate) listen: SocketAddr,
    pub(crate) config: althing_stratum::Config,
}

impl Part {
    pub(super) fn new(name: ChainName, arguments: Arguments) -> Self {
        let Arguments { chain_network, connection, meeting, data, chain, effort, json, .. } =
            arguments;
        let ChainOptions { mine, found } = chain;
        let mining = match (name, mine, &found) {
            (_, _, Some(_)) => Mining::FromGenesis,
            (ChainName::Cs60, _, None) | (_, true, None) => Mining::OnChain,
            (_, false, None) => Mining::Off,
        };
        let effort = Some(effort.of_each(1));
        let miners = None;
        Self { name, chain_network, connection, meeting, data, json, found, mining, effort, miners }
    }
}

/// Takes part in a network until the user asks us to stop.
pub(crate) async fn take_part(part: Part) -> anyhow::Result<()> {
    let Part {
        name,
        chain_network,
        connection,
        meeting,
        data,
        json,
        found,
        mining,
        effort,
        miners,
    } = part;
    let discovery = meeting.discovery(name)?;
    let dialect = |secret| chain_network.dialect(name, discovery, secret);
    // Who we are depends on the network, and what we sign with on who we are.
    let network = dialect([0; 32])?.network();
    let mut store = match &data {
        Some(dir) => Store::open(dir)?,
        None => Store::in_memory(),
    };
    let first_entries = match &found {
        Some(file) => first_entries(file, name, &store)?,
        None => Vec::new(),
    };
    let identity = identify(&mut store, &network)?;
    let secret = identity.secret.bytes().try_into().context("the secret in the store")?;
    let dialect = Arc::<dyn ChainDialect>::from(dialect(secret)?);
    let (endpoint, contacts) = match dialect.rules().chain.chain() {
        Some(chain) if name == ChainName::Open && connection.has_broker() => {
            meeting.meet_at(connection.broker(BrokerUrl::local_mqtt())?, chain).await?
        }
        _ => meeting.meet(discovery).await?,
    };
    let lines = Lines::of(json);
    let printer = Printer::start(lines);
    let (clock, address) = (Clock::start(), endpoint.address().clone());
    let (work, searched) = miners.as_ref().map(|_| watch::channel(None)).unzip();
    let setup = Setup {
        dialect: Arc::clone(&dialect),
        name: meeting.name.clone(),
        contacts,
        mining,
        effort,
        work,
        store,
        clock,
        reporter: printer.chain_reporter(),
    };
    let node = Node::new(setup, endpoint)?;
    let (commands, gauges) = (node.commands(), node.gauges());
    let _control = match &data {
        Some(dir) => Some(Control::listen(dir, commands.clone(), dialect)?),
        None => None,
    };
    if let Some(founded) = chain_network.founded() {
        let time = UNIX_EPOCH + Duration::from_secs(founded.seconds());
        let time = humantime::format_rfc3339_seconds(time);
        printer.aside().say(format!("all peers of this network say --founded {time}"));
    }
    let stratum = match miners.zip(searched) {
        Some((Miners { listen, config }, work)) => {
            let (commands, reporter) = (commands.clone(), printer.stratum_reporter());
            let setup = stratum::Setup { listen, config, work, commands, clock, reporter };
            Some(Stratum::start(setup).await?)
        }
        None => None,
    };
    // What becomes of them is reported.
    tokio::spawn(async move { commands.submit_all(first_entries).await });
    let outcome = node.run(crate::commands::stop_asked()).await;
    if let Some(stratum) = stratum {
        stratum.stop().await;
    }
    printer.finish()?;
    let summary = outcome?;
    if lines == Lines::Json {
        let fields = json!({
            "blocks": summary.blocks,
            "tip": summary.tip.map(|tip| tip.hash.to_string()),
            "received": gauges.received(),
            "refused": gauges.refused(),
            "hashes": gauges.hashes(),
        });
        let peer = Some(address.to_string().into());
        writeln!(io::stdout(), "{}", output::json::summary(clock.now(), peer, fields))?;
    } else {
        writeln!(io::stdout(), "the chain has {} blocks", summary.blocks)?;
    }
    Ok(())
}

/// Returns what a new network begins with.
fn first_entries(file: &Path, name: ChainName, store: &Store) -> anyhow::Result<Vec<Entry>> {
    ensure!(
        name == ChainName::Aviary,
        "--found is an option of aviary; in {} everybody has the first block",
        name.name()
    );
    ensure!(
        store.heights().is_empty(),
        "there is a chain in the --data directory already; leave --found out to go on with it"
    );
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    ensure!(
        !lines.is_empty(),
        "{} has no line, and the first block needs something to hold",
        file.display()
    );
    for (line, number) in lines.iter().zip(1..) {
        let (length, most) = (line.chars().count(), althing_dialect::aviary::MESSAGE_CHARS_MAX);
        ensure!(
            length <= most,
            "line {number} of {} has {length} characters, and a message at most {most}",
            file.display()
        );
    }
    Ok(lines.into_iter().map(Entry::text).collect())
}
