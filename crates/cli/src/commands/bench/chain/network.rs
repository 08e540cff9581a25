//! Peers in this process that meet over UDP.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use althing_dialect::ChainDialect;
use althing_dialect::aviary::{self, Aviary};
use althing_dialect::cs60::{self, Cs60};
use althing_dialect::open::{self, Open};
use althing_engine::nakamoto::{Durable, Label, Mining, Nakamoto, Timeouts};
use althing_feed::{Event, Feed, PeerEvent, PeerName, Record, Subscription};
use althing_ledger::{HexDigits, target_of_bits};
use althing_net::tracker::{self, Tracker};
use althing_net::udp;
use althing_node::chain::{self, Entries};
use althing_node::{Clock, Commands, Swarm};
use althing_pow::Parallelism;
use althing_store::Store;
use althing_types::{Address, UnixTime};
use anyhow::{Context, bail};
use serde_json::json;
use tempfile::TempDir;

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
    running: Swarm<Nakamoto>,
    feed: Feed,
    records: Subscription,
}

/// A peer that runs.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) address: Address,
    pub(super) commands: Commands<Nakamoto>,
    pub(super) entries: Entries,
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
        let feed = Feed::default();
        let records = feed.subscribe();
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
            running: Swarm::default(),
            feed,
            records,
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
    pub(super) fn add(&mut self, mining: Mining, blocks: &[Durable]) -> anyhow::Result<()> {
        let mut store = match &self.disk {
            Some(dir) => Store::open(&dir.path().join(self.peers.len().to_string()))?,
            None => Store::in_memory(),
        };
        let network = self.kind.dialect([0; 32])?.network();
        let secret = chain::secret(&mut store, &network)?;
        let secret = secret.bytes().try_into().context("the secret in the store")?;
        store.commit(blocks)?;
        let endpoint = udp::bind(udp::Options { listen: anywhere(), advertise: None })?;
        let endpoint = match &self.tracker {
            Some(tracker) => tracker::join(endpoint, tracker.address().into()),
            None => endpoint,
        };
        let address = endpoint.address().clone();
        let (node, entries) = chain::open(chain::Options {
            dialect: self.kind.dialect(secret)?,
            address: address.clone(),
            name: Label::new("bench")?,
            contacts: self.peers.iter().map(|peer| peer.address.clone()).collect(),
            mining,
            parallelism: Some(Parallelism { threads: NonZeroUsize::MIN, nice: 0 }),
            searches: None,
            store,
            clock: self.clock,
            feed: self.feed.clone(),
        })?;
        self.peers.push(Member { address, commands: node.commands(), entries });
        self.running.add(node, endpoint);
        Ok(())
    }

    /// Waits for the next thing that happens to a peer.
    pub(super) async fn next(&mut self) -> anyhow::Result<Arc<Record>> {
        tokio::select! {
            next = self.records.next() => {
                Ok(next.context("the peers tell of themselves as long as they run")??)
            }
            left = self.running.next_left() => {
                left?;
                bail!("a peer has left")
            }
        }
    }

    /// Waits until all peers know each other.
    pub(super) async fn meet(&mut self) -> anyhow::Result<()> {
        for peer in self.peers.clone() {
            while peer.commands.status().await?.engine.peers.len() + 1 < self.peers.len() {
                self.next().await?;
            }
        }
        Ok(())
    }

    /// Waits until the last peer that was added can be reached.
    pub(super) async fn connected(&mut self) -> anyhow::Result<()> {
        let last = self.peers.last().map(|peer| PeerName::from(peer.address.clone()));
        loop {
            let record = self.next().await?;
            let is_connected = matches!(record.event, Event::Peer(PeerEvent::Connected {}));
            if is_connected && record.peer == last {
                return Ok(());
            }
        }
    }
}

fn anywhere() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}
