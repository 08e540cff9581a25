//! A peer of a network with a chain.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use althing_api::Mode;
use althing_dialect::NetworkConfig;
use althing_engine::nakamoto::{Durable, Mining};
use althing_feed::{ChainEvent, Event, Feed, PeerEvent, Record, Subscription};
use althing_http::{About, Asked, Process, Socket};
use althing_ledger::Entry;
use althing_node::stratum::{self, Stratum};
use althing_node::{self as node, Clock};
use althing_peer::identity;
use althing_pow::Parallelism;
use althing_store::{Store, StoreError};
use althing_types::Address;
use anyhow::{Context, ensure};
use clap::Args;
use tokio::sync::watch;
use tokio::time::timeout;

use super::Arguments;
use crate::chain_network::{ChainName, ChainNetwork, Meeting};
use crate::connection::{BrokerUrl, Connection};
use crate::http::HttpOptions;
use crate::output::{self, Lines, Printer};
use crate::watching::Watching;

/// What a peer of a network with a chain can be told besides.
#[derive(Args)]
#[command(next_help_heading = "Mining (networks with a chain)")]
pub(super) struct ChainOptions {
    /// Search for blocks (aviary, open; in cs60 every peer searches for its own entries).
    #[arg(long)]
    mine: bool,

    /// Found a network: mine its first block, and add the lines of this file to the chain (aviary).
    /// With a chain in --data, go on with that.
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
    pub(crate) http: HttpOptions,
    /// A file whose lines the network begins with.
    pub(crate) found: Option<PathBuf>,
    pub(crate) mining: Mining,
    /// What its own search may take, if it shall search.
    pub(crate) parallelism: Option<Parallelism>,
    /// How others search for it, if any do.
    pub(crate) miners: Option<Miners>,
    /// For how long it watches, if it only does that.
    pub(crate) watching: Option<Watching>,
}

/// Where miners of other processes connect, and how they are served.
pub(crate) struct Miners {
    pub(crate) listen: SocketAddr,
    pub(crate) config: althing_stratum::Config,
}

impl Part {
    pub(super) fn new(name: ChainName, arguments: Arguments) -> Self {
        let Arguments {
            chain_network,
            connection,
            meeting,
            data,
            chain,
            parallelism,
            json,
            http,
            ..
        } = arguments;
        let ChainOptions { mine, found } = chain;
        let mining = match (name, mine, &found) {
            (_, _, Some(_)) => Mining::FromGenesis,
            (ChainName::Cs60, _, None) | (_, true, None) => Mining::OnChain,
            (_, false, None) => Mining::Off,
        };
        let parallelism = Some(parallelism.of_each(1));
        let miners = None;
        Self {
            name,
            chain_network,
            connection,
            meeting,
            data,
            json,
            http,
            found,
            mining,
            parallelism,
            miners,
            watching: None,
        }
    }

    /// Returns the part of one that only watches.
    pub(crate) fn watching(
        name: ChainName,
        chain_network: ChainNetwork,
        connection: Connection,
        meeting: Meeting,
        json: bool,
        http: HttpOptions,
        watching: Watching,
    ) -> Self {
        Self {
            name,
            chain_network,
            connection,
            meeting,
            data: None,
            json,
            http,
            found: None,
            mining: Mining::Off,
            parallelism: None,
            miners: None,
            watching: Some(watching),
        }
    }
}

/// Takes part in a network until the user asks us to stop.
pub(crate) async fn take_part(part: Part) -> anyhow::Result<()> {
    let Part {
        name,
        mut chain_network,
        connection,
        meeting,
        data,
        json,
        http,
        found,
        mining,
        parallelism,
        miners,
        watching,
    } = part;
    if let (ChainName::Open, Some(dir)) = (name, &data)
        && let Some(known) = known_network(dir)?
    {
        chain_network.check_name(&known)?;
        chain_network.remember(&known);
    }
    let discovery = meeting.discovery(name)?;
    let named = meeting.contacts(chain_network.ports(name))?;
    let dialect = |secret| chain_network.dialect(name, discovery, secret);
    let mut store = match &data {
        Some(dir) => Store::open(dir)?,
        None => Store::in_memory(),
    };
    let first_entries = match &found {
        Some(file) => first_entries(file, &store)?,
        None => Vec::new(),
    };
    let dialect = identity::dialect(&mut store, dialect)?;
    let (endpoint, contacts) = match dialect.rules().chain.chain() {
        Some(chain) if name == ChainName::Open && connection.has_broker() => {
            let broker = connection.broker(BrokerUrl::local_mqtt())?;
            tokio::select! {
                met = meeting.meet_at(broker, connection.patience(), chain) => met?,
                () = crate::signals::stop_asked() => return Ok(()),
            }
        }
        _ => meeting.meet(discovery, named.clone()).await?,
    };
    let (clock, address) = (Clock::start(), endpoint.address().clone());
    let feed = Feed::default();
    let printer = match watching {
        Some(_) => Printer::start(Lines::of(json), &feed)?,
        None => Printer::start_lasting(Lines::of(json), &feed)?,
    };
    if watching.is_none() {
        printer.warn_when_closed();
    }
    if !named.is_empty() {
        tokio::spawn(warn_of_silence(name, feed.subscribe(), named));
    }
    let source = feed.source(Some(name.name().into()), Some(address.clone().into()));
    let (searches, searched) = miners.as_ref().map(|_| watch::channel(None)).unzip();
    let options = node::chain::Options {
        dialect: Arc::clone(&dialect),
        address: address.clone(),
        name: meeting.label()?,
        contacts,
        mining,
        parallelism,
        searches,
        store,
        clock,
        feed: feed.clone(),
    };
    let (node, entries) = match &watching {
        Some(watching) => node::chain::watch(options, watching.watch())?,
        None => node::chain::open(options)?,
    };
    let (commands, gauges) = (node.commands(), node.gauges());
    let mode = match (&miners, &watching) {
        (Some(_), _) => Mode::Stratum,
        (None, Some(_)) => Mode::Watch,
        (None, None) => Mode::Peer,
    };
    let about = About::network(mode, &name.name(), &dialect.network());
    let process = Process::new(about, feed.clone());
    let (command, all) = (commands.clone(), entries.clone());
    let asked = Asked::chain(&name.name(), address.into(), command, all, dialect);
    process.add(if watching.is_some() { asked.watching() } else { asked });
    let _socket = match &data {
        Some(dir) => Some(Socket::listen(dir, process.clone())?),
        None => None,
    };
    if let Some(waits) = chain_network.waits_for(name) {
        printer.aside().say(waits);
    }
    let http = http.serve(&process, &source, clock.now()).await?;
    if let Some(warning) = chain_network.founded_in_the_future(SystemTime::now()) {
        output::warn(&warning);
    }
    if let Some(founded) = chain_network.founded() {
        let time = UNIX_EPOCH + Duration::from_secs(founded.seconds());
        let time = humantime::format_rfc3339_seconds(time);
        printer.aside().say(format!("all peers of this network say --founded {time}"));
    }
    let stratum = match miners.zip(searched) {
        Some((Miners { listen, config }, work)) => {
            let source = feed.source(Some(name.name().into()), None);
            let setup = stratum::Setup { listen, config, work, commands, clock, source };
            Some(Stratum::start(setup).await?)
        }
        None => None,
    };
    // What becomes of them is told.
    tokio::spawn(async move { entries.submit_all(first_entries).await });
    let aside = printer.aside();
    let stop = async {
        match &watching {
            Some(watching) => watching.is_over(&aside).await,
            None => crate::signals::stop_asked().await,
        }
    };
    let outcome = node.run(endpoint, stop).await;
    if let Some(stratum) = stratum {
        stratum.stop().await;
    }
    if let Ok(status) = &outcome {
        if let Some(watching) = &watching {
            watching.tell(&source, clock.now());
        }
        source.publish(
            clock.now(),
            PeerEvent::Summary {
                rows: None,
                blocks: Some(status.blocks),
                tip: status.tip.map(|tip| tip.hash),
                received: gauges.received(),
                refused: gauges.refused(),
                hashes: Some(gauges.hashes()),
            },
        );
    }
    let written = printer.finish();
    http.end().await;
    outcome?;
    written?;
    match watching {
        Some(watching) => watching.conclude(json, &[]),
        None => Ok(()),
    }
}

/// Returns the network of the peer that has kept its chain in `dir`, if one has.
fn known_network(dir: &Path) -> anyhow::Result<Option<NetworkConfig>> {
    let identity = match Store::<Durable>::open_to_read(dir) {
        Ok(store) => store.identity()?,
        Err(StoreError::Missing { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(identity.and_then(|identity| NetworkConfig::from_json(&identity.network).ok()))
}

/// Time for a contact to answer before it is said that none has.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// Says so if no peer has answered in a while: a wrong address shows in nothing else.
async fn warn_of_silence(name: ChainName, mut records: Subscription, contacts: Vec<Address>) {
    let heard = async {
        while let Some(next) = records.next().await {
            let is_found = |record: &Record| {
                matches!(record.event, Event::Chain(ChainEvent::PeerFound { .. }))
            };
            if next.is_ok_and(|record| is_found(&record)) {
                return;
            }
        }
    };
    if timeout(ANSWER_TIME, heard).await.is_err() {
        let contacts: Vec<_> = contacts.iter().map(Address::to_string).collect();
        let contacts = contacts.join(", ");
        let hint = match name {
            ChainName::Open => {
                "; peers of an open network with another --network, --founded, --block-time, \
                 --half-life or --difficulty do not answer"
            }
            ChainName::Aviary | ChainName::Cs60 => "",
        };
        output::warn(&format!(
            "no peer has answered yet at {contacts}; this peer goes on trying{hint}"
        ));
    }
}

/// Returns what a new network begins with.
fn first_entries(file: &Path, store: &Store<Durable>) -> anyhow::Result<Vec<Entry>> {
    // A service starts again with the same command line, and goes on with the chain it has.
    if store.next() > 0 {
        return Ok(Vec::new());
    }
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
