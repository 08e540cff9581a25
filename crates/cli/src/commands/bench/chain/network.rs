//! Peers in this process that meet over UDP.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use althing_dialect::ChainDialect;
use althing_dialect::aviary::{self, Aviary};
use althing_dialect::cs60::{self, Cs60};
use althing_dialect::open::{self, Open};
use althing_engine::nakamoto::{Label, Mining, Timeouts};
use althing_ledger::{HexDigits, target_of_bits};
use althing_net::tracker::{self, Tracker};
use althing_net::udp;
use althing_node::chain::{Commands, Happening, Node, Report, Setup, identify};
use althing_node::{Clock, NodeError};
use althing_pow::Effort;
use althing_store::{Branch, Store};
use althing_types::{Address, UnixTime};
use anyhow::{Context, bail};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::chain_network::ChainName;

/// What a network is like; all its peers have the same.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub(super) name: ChainName,
    /// How hard its blocks are, in the network's own measure.
    pub(super) difficulty: u8,
    /// When it was founded, if it is one that has to be.
    pub(super) founded: UnixTime,
}

/// Where peers keep their chains.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Storage {
    Memory,
    Disk,
}

/// A network whose peers run, until it is dropped.
pub(super) struct Network {
    kind: Kind,
    clock: Clock,
    /// The directory of each peer that has one.
    disk: Option<TempDir>,
    tracker: Option<Tracker>,
    peers: Vec<Member>,
    running: JoinSet<Result<(), NodeError>>,
    /// Has all peers leave when it is gone.
    stop: watch::Sender<()>,
    reporter: mpsc::UnboundedSender<Report>,
    reports: mpsc::UnboundedReceiver<Report>,
}

/// A peer that runs.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) address: Address,
    pub(super) commands: Commands,
}

impl Kind {
    /// Returns a network so old that blocks at its usual pace could not have made it up to `blocks`
    /// of them: so they are as easy as they can be.
    pub(super) fn new(name: ChainName, difficulty: u8, blocks: u64) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let age = Self::BLOCK_TIME.saturating_mul(blocks.try_into().unwrap_or(u32::MAX));
        let founded = UnixTime::from_seconds(now.saturating_sub(age).as_secs());
        Self { name, difficulty, founded }
    }

    /// The time between two blocks, where there is a timetable.
    pub(super) const BLOCK_TIME: Duration = Duration::from_secs(60);

    /// Returns its dialect, for the owner of `secret` where messages are signed.
    pub(super) fn dialect(&self, secret: [u8; 32]) -> anyhow::Result<Arc<dyn ChainDialect>> {
        let timeouts = Timeouts::default();
        Ok(match self.name {
            ChainName::Cs60 => {
                let data = cs60::Data::Ballots;
                Arc::new(Cs60::new(cs60::Config { data, zeros: self.difficulty, timeouts }))
            }
            ChainName::Aviary => {
                let difficulty = HexDigits::new(self.difficulty).context("a hash has 64 digits")?;
                Arc::new(Aviary::new(aviary::Config { difficulty, genesis: None, timeouts }))
            }
            ChainName::Open => Arc::new(Open::new(open::Config {
                block_time: Self::BLOCK_TIME,
                easiest: target_of_bits(self.difficulty),
                ..open::Config::new(Label::new("bench")?, self.founded, secret)
            })),
        })
    }

    /// Returns what the entry with this number says, in a network whose blocks need one.
    pub(super) fn text(&self, number: u64) -> Option<String> {
        match self.name {
            ChainName::Cs60 => {
                Some(json!({ "voter": format!("voter {number}"), "choice": "yes" }).to_string())
            }
            ChainName::Aviary => Some(format!("message {number}")),
            ChainName::Open => None,
        }
    }
}

impl Storage {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Disk => "disk",
        }
    }
}

impl Network {
    pub(super) fn new(kind: Kind, storage: Storage) -> anyhow::Result<Self> {
        let (reporter, reports) = mpsc::unbounded_channel();
        let tracker = match kind.name {
            ChainName::Cs60 => Some(Tracker::start(&tracker::Options { listen: anywhere() })?),
            ChainName::Aviary | ChainName::Open => None,
        };
        let disk = match storage {
            Storage::Disk => Some(TempDir::with_prefix("althing-bench-")?),
            Storage::Memory => None,
        };
        Ok(Self {
            kind,
            clock: Clock::start(),
            disk,
            tracker,
            peers: Vec::new(),
            running: JoinSet::new(),
            stop: watch::channel(()).0,
            reporter,
            reports,
        })
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock
    }

    /// Returns the peers, in the order in which they have come.
    pub(super) fn peers(&self) -> &[Member] {
        &self.peers
    }

    /// Starts a peer that has this chain, and turns to all that are there.
    pub(super) fn add(&mut self, mining: Mining, chain: &[Branch]) -> anyhow::Result<()> {
        let mut store = match &self.disk {
            Some(dir) => Store::open(&dir.path().join(self.peers.len().to_string()))?,
            None => Store::in_memory(),
        };
        let network = self.kind.dialect([0; 32])?.network();
        let identity = identify(&mut store, &network)?;
        let secret = identity.secret.bytes().try_into().context("the secret in the store")?;
        store.commit_chain(chain)?;
        let endpoint = udp::bind(udp::Options { listen: anywhere(), advertise: None })?;
        let endpoint = match &self.tracker {
            Some(tracker) => tracker::join(endpoint, tracker.address().into()),
            None => endpoint,
        };
        let address = endpoint.address().clone();
        let reporter = self.reporter.clone();
        let setup = Setup {
            dialect: self.kind.dialect(secret)?,
            name: Label::new("bench")?,
            contacts: self.peers.iter().map(|peer| peer.address.clone()).collect(),
            mining,
            effort: Some(Effort { threads: NonZeroUsize::MIN, nice: 0 }),
            work: None,
            store,
            clock: self.clock,
            // Nobody listens any more when all is measured.
            reporter: Box::new(move |report| drop(reporter.send(report))),
        };
        let node = Node::new(setup, endpoint)?;
        self.peers.push(Member { address, commands: node.commands() });
        let mut stop = self.stop.subscribe();
        self.running.spawn(async move {
            let stopped = async move { while stop.changed().await.is_ok() {} };
            node.run(stopped).await.map(drop)
        });
        Ok(())
    }

    /// Waits for the next thing that happens to a peer.
    pub(super) async fn next(&mut self) -> anyhow::Result<Report> {
        tokio::select! {
            report = self.reports.recv() => report.context("the peers report as long as they run"),
            Some(ended) = self.running.join_next() => {
                ended??;
                bail!("a peer has left")
            }
        }
    }

    /// Waits until all peers know each other.
    pub(super) async fn meet(&mut self) -> anyhow::Result<()> {
        for peer in self.peers.clone() {
            while peer.commands.overview().await?.peers.len() + 1 < self.peers.len() {
                self.next().await?;
            }
        }
        Ok(())
    }

    /// Waits until the last peer that was added can be reached.
    pub(super) async fn connected(&mut self) -> anyhow::Result<()> {
        let last = self.peers.last().map(|peer| peer.address.clone());
        loop {
            let Report { peer, happening, .. } = self.next().await?;
            if matches!(happening, Happening::Connected) && Some(&peer) == last.as_ref() {
                return Ok(());
            }
        }
    }
}

fn anywhere() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}
