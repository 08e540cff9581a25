//! The peers of a network with a chain, all in this process, that meet over UDP.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use althing_dialect::ChainDialect;
use althing_dialect::aviary::{self, Aviary};
use althing_dialect::cs60::{self, Cs60};
use althing_dialect::open::{self, Open};
use althing_dialect::profile::{AviaryRules, Profile};
use althing_engine::nakamoto::{Durable, Label, Mining, Nakamoto, Timeouts};
use althing_faults::chain::{ByzantinePeer, Role};
use althing_faults::role_named;
use althing_feed::{ChainEvent, Event, Feed, PeerEvent, PeerName, Record, Subscription};
use althing_http::{Asked, Process};
use althing_ledger::{Entry, target_of_bits};
use althing_net::Endpoint;
use althing_net::tracker::{self, Tracker};
use althing_net::udp;
use althing_node::chain::{self, Entries};
use althing_node::plug::Peers;
use althing_node::{Air, Clock, Commands, Gauges, Node, Swarm};
use althing_pow::Parallelism;
use althing_store::Store;
use althing_types::{Address, UnixTime};
use anyhow::{Context, bail};
use serde_json::json;
use tempfile::TempDir;
use tracing::debug;

use crate::chain_network::ChainName;

/// What a network is like; all its peers have the same.
#[derive(Clone)]
pub(crate) struct Kind {
    pub(crate) name: ChainName,
    /// How hard its blocks are, in the network's own measure.
    pub(crate) difficulty: u8,
    /// When it was founded, if it is one that has to be.
    pub(crate) founded: UnixTime,
    /// The time between two blocks, where there is a timetable.
    pub(crate) block_time: Duration,
    /// How the programs of aviary speak.
    pub(crate) aviary: AviaryRules,
    /// What those of cs60 put into blocks.
    pub(crate) cs60: cs60::Data,
}

/// Where peers keep their chains.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    Memory,
    Disk,
}

/// A network whose peers run, until it is dropped.
pub(crate) struct Network {
    kind: Kind,
    clock: Clock,
    /// The directory of each peer that has one.
    disk: Option<TempDir>,
    tracker: Option<Tracker>,
    peers: Vec<Member>,
    parallelism: Parallelism,
    running: Swarm<Nakamoto>,
    feed: Feed,
    records: Subscription,
    /// Whether a block was told of.
    is_founded: bool,
    /// What is between the peers, if it matters.
    air: Option<Air>,
    /// Where they can be asked, if they can.
    process: Option<Process>,
}

/// A peer that runs.
#[derive(Clone)]
pub(crate) struct Member {
    mining: Mining,
    secret: [u8; 32],
    pub(crate) address: Address,
    pub(crate) commands: Commands<Nakamoto>,
    /// The way to its entries; none once it was killed, since that holds its store.
    pub(crate) entries: Option<Entries>,
}

impl Kind {
    /// Returns a network so old that blocks at its usual pace could not have made it up to `blocks`
    /// of them: so they are as easy as they can be.
    pub(crate) fn new(name: ChainName, difficulty: u8, blocks: u64) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let age = Self::BLOCK_TIME.saturating_mul(blocks.try_into().unwrap_or(u32::MAX));
        let founded = UnixTime::from_seconds(now.saturating_sub(age).as_secs());
        let (aviary, cs60) = (AviaryRules::default(), cs60::Data::Ballots);
        Self { name, difficulty, founded, block_time: Self::BLOCK_TIME, aviary, cs60 }
    }

    /// Has its programs be those of a profile; blocks stay as easy as they are.
    pub(crate) fn follow(mut self, profile: &Profile) -> Self {
        (self.aviary, self.cs60) = (profile.aviary.clone(), profile.cs60.data);
        self
    }

    /// Returns a network that is founded now, and in which a block comes about so often.
    pub(crate) fn founded_now(name: ChainName, difficulty: u8, block_time: Duration) -> Self {
        let block_time = Duration::from_secs(block_time.as_secs().max(1));
        Self { block_time, ..Self::new(name, difficulty, 0) }
    }

    /// The time between two blocks of a network whose difficulty is not to change.
    pub(crate) const BLOCK_TIME: Duration = Duration::from_secs(60);

    /// Returns its dialect, for the owner of `secret` where messages are signed.
    pub(crate) fn dialect(&self, secret: [u8; 32]) -> anyhow::Result<Arc<dyn ChainDialect>> {
        let timeouts = Timeouts::default();
        Ok(match self.name {
            ChainName::Cs60 => {
                let data = self.cs60;
                Arc::new(Cs60::new(cs60::Config { data, zeros: self.difficulty, timeouts }))
            }
            ChainName::Aviary => {
                let difficulty = self.difficulty;
                let programs = AviaryRules { difficulty, ..self.aviary.clone() };
                Arc::new(Aviary::new(aviary::Config { programs, genesis: None, timeouts }))
            }
            ChainName::Open => Arc::new(Open::new(open::Config {
                block_time: self.block_time,
                easiest: target_of_bits(self.difficulty),
                ..open::Config::new(Label::new("bench")?, self.founded, secret)
            })),
        })
    }

    /// Returns what the entry with this number says, in a network whose blocks need one.
    pub(crate) fn text(&self, number: u64) -> Option<String> {
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
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Disk => "disk",
        }
    }
}

impl Network {
    pub(crate) fn new(kind: Kind, storage: Storage) -> anyhow::Result<Self> {
        Self::with(kind, storage, Clock::start(), Feed::default())
    }

    /// Returns a network whose peers share this clock, and tell all by this feed.
    pub(crate) fn with(
        kind: Kind,
        storage: Storage,
        clock: Clock,
        feed: Feed,
    ) -> anyhow::Result<Self> {
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
            clock,
            disk,
            tracker,
            peers: Vec::new(),
            parallelism: Parallelism::of(NonZeroUsize::MIN),
            running: Swarm::default(),
            feed,
            records,
            is_founded: false,
            air: None,
            process: None,
        })
    }

    /// Has the messages of peers that are added from now on go through this.
    pub(crate) fn set_air(&mut self, air: Air) {
        self.air = Some(air);
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// Returns the peers, in the order in which they have come.
    pub(crate) fn peers(&self) -> &[Member] {
        &self.peers
    }

    /// Has each peer that is added from now on search with so much of the machine.
    pub(crate) fn set_parallelism(&mut self, parallelism: Parallelism) {
        self.parallelism = parallelism;
    }

    /// Lets all peers that are added from now on be asked.
    pub(crate) fn serve(&mut self, process: Process) {
        self.process = Some(process);
    }

    /// Starts a peer that has this chain, and turns to all that are there.
    pub(crate) fn add(&mut self, mining: Mining, blocks: &[Durable]) -> anyhow::Result<()> {
        let number = self.peers.len();
        let (member, node, endpoint) = self.make(number, mining, blocks, anywhere())?;
        self.peers.push(member);
        self.running.add(node, endpoint);
        Ok(())
    }

    /// Starts a peer again with what it has on disk, at its old address if that is still free. Its
    /// founder founds the network again if that has no block yet.
    async fn restart(&mut self, number: usize, role: Option<Role>) -> anyhow::Result<PeerName> {
        let Member { mining, address, .. } = &self.peers[number];
        let mining = match mining {
            // A second chain is of no use.
            Mining::FromGenesis if self.is_founded() => Mining::OnChain,
            mining => *mining,
        };
        let listen = free_again(SocketAddr::from((Ipv4Addr::LOCALHOST, address.port()))).await;
        let (member, node, endpoint) = self.make(number, mining, &[], listen)?;
        let node = match role {
            None => node,
            Some(role) => node.dishonest(Box::new(ByzantinePeer::new(role))),
        };
        let name = member.address.clone().into();
        self.peers[number] = member;
        self.running.restart(number, node, endpoint);
        Ok(name)
    }

    /// Makes the peer with a number, and its end of the network.
    fn make(
        &self,
        number: usize,
        mining: Mining,
        blocks: &[Durable],
        listen: SocketAddr,
    ) -> anyhow::Result<(Member, Node<Nakamoto>, Endpoint)> {
        let mut store = match &self.disk {
            Some(dir) => Store::open(&dir.path().join(number.to_string()))?,
            None => Store::in_memory(),
        };
        let network = self.kind.dialect([0; 32])?.network();
        let secret = chain::secret(&mut store, &network)?;
        let secret: [u8; 32] = secret.bytes().try_into().context("the secret in the store")?;
        store.commit(blocks)?;
        let endpoint = udp::bind(udp::Options { listen, advertise: None })?;
        let endpoint = match &self.tracker {
            Some(tracker) => tracker::join(endpoint, tracker.address().into()),
            None => endpoint,
        };
        let address = endpoint.address().clone();
        let others = self.peers.iter().enumerate().filter(|(other, _)| *other != number);
        let dialect = self.kind.dialect(secret)?;
        let (node, entries) = chain::open(chain::Options {
            dialect: Arc::clone(&dialect),
            address: address.clone(),
            name: Label::new(&format!("peer {}", number + 1))?,
            contacts: others.map(|(_, peer)| peer.address.clone()).collect(),
            mining,
            parallelism: Some(self.parallelism),
            searches: None,
            store,
            clock: self.clock,
            feed: self.feed.clone(),
        })?;
        let node = match &self.air {
            None => node,
            Some(air) => node.within(air, number),
        };
        if let Some(process) = &self.process {
            let (name, commands) = (address.clone().into(), node.commands());
            let network = self.kind.name.name();
            process.add(Asked::chain(&network, name, commands, entries.clone(), dialect));
        }
        let member =
            Member { mining, secret, address, commands: node.commands(), entries: Some(entries) };
        Ok((member, node, endpoint))
    }

    /// Returns an entry that says `text`, signed by a peer where entries are.
    pub(crate) fn entry(&self, author: usize, text: &str, number: u64) -> anyhow::Result<Entry> {
        let secret = self.peers.get(author).map_or([0; 32], |peer| peer.secret);
        let entry = self.kind.dialect(secret)?.entry(text, number);
        entry.context("a text of ours is refused")
    }

    /// Returns the numbers of each peer, in the order in which they came.
    pub(crate) fn gauges(&self) -> impl Iterator<Item = &Arc<Gauges>> {
        self.running.gauges()
    }

    /// Returns how many hashes each peer has tried, in the order in which they came.
    pub(crate) fn hashes(&self) -> impl Iterator<Item = u64> {
        self.gauges().map(|gauges| gauges.hashes())
    }

    /// Returns all that the peers have told since the last time, as far as it is kept. Does not
    /// wait.
    pub(crate) fn told(&mut self) -> Vec<Arc<Record>> {
        let told: Vec<_> = std::iter::from_fn(|| self.records.try_next()).flatten().collect();
        self.is_founded |= told.iter().any(|record| is_block(record));
        told
    }

    /// Returns whether there is a block, as far as was told until now.
    fn is_founded(&self) -> bool {
        let mut ahead = self.records.clone();
        self.is_founded
            || std::iter::from_fn(|| ahead.try_next()).flatten().any(|record| is_block(&record))
    }

    /// Asks all peers to leave, and waits until they have.
    pub(crate) async fn leave(&mut self) -> anyhow::Result<()> {
        self.running.stop();
        Ok(self.running.left().await?)
    }

    /// Waits for the next thing that happens to a peer. One who is too slow for all of it goes on
    /// with what there is.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Arc<Record>> {
        loop {
            tokio::select! {
                next = self.records.next() => {
                    match next.context("the peers tell of themselves as long as they run")? {
                        Ok(record) => {
                            self.is_founded |= is_block(&record);
                            return Ok(record);
                        }
                        Err(lagged) => debug!(%lagged, "behind by more than is kept"),
                    }
                }
                left = self.running.next_left() => {
                    left?;
                    bail!("a peer has left")
                }
            }
        }
    }

    /// Waits until all peers know each other.
    pub(crate) async fn meet(&mut self) -> anyhow::Result<()> {
        for peer in self.peers.clone() {
            while peer.commands.status().await?.engine.peers.len() + 1 < self.peers.len() {
                self.next().await?;
            }
        }
        Ok(())
    }

    /// Waits until the last peer that was added can be reached.
    pub(crate) async fn connected(&mut self) -> anyhow::Result<()> {
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

impl Peers for Network {
    async fn crash(&mut self, number: usize) {
        if let Some(peer) = self.peers.get_mut(number) {
            peer.entries = None;
        }
        self.running.kill(number).await;
        if let Some((process, peer)) = self.process.as_ref().zip(self.peers.get(number)) {
            process.remove(&peer.address.clone().into()).await;
        }
    }

    async fn start(&mut self, number: usize, strategy: Option<&str>) -> Result<PeerName, String> {
        let role = match strategy {
            None => None,
            Some(name) => Some(role_named(&Role::ALL, name).ok_or("there is no such strategy")?),
        };
        self.restart(number, role).await.map_err(|error| format!("{error:#}"))
    }
}

/// Returns this address once the socket of a peer that has just vanished is closed, or any other if
/// it stays taken.
async fn free_again(address: SocketAddr) -> SocketAddr {
    const TRIES: usize = 100;
    for _ in 0..TRIES {
        if UdpSocket::bind(address).is_ok() {
            return address;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    anywhere()
}

/// Returns whether a record tells of a block that is in a chain.
fn is_block(record: &Record) -> bool {
    matches!(record.event, Event::Chain(ChainEvent::TipChanged { .. }))
}

fn anywhere() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

#[cfg(test)]
mod tests {
    use althing_feed::DemoEvent;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_founder_that_is_killed_before_the_first_block_founds_when_it_is_back() {
        let kind = Kind::new(ChainName::Aviary, 3, 0);
        let mut network = Network::new(kind, Storage::Disk).expect("it starts");
        for mining in [Mining::FromGenesis, Mining::OnChain] {
            network.add(mining, &[]).expect("it starts");
        }
        network.crash(0).await;
        network.start(0, None).await.expect("it starts again");
        let entry = network.entry(0, "hello", 0).expect("it is short");
        let entries = network.peers()[0].entries.as_ref().expect("it runs");
        drop(entries.submit(entry).await);
        let other = PeerName::from(network.peers()[1].address.clone());
        loop {
            let record = network.next().await.expect("both run");
            if is_block(&record) && record.peer.as_ref() == Some(&other) {
                break;
            }
        }
    }
    #[tokio::test(flavor = "multi_thread")]
    async fn one_who_is_too_slow_for_all_that_happens_goes_on_with_what_there_is() {
        let (kind, clock) = (Kind::new(ChainName::Aviary, 3, 0), Clock::start());
        let feed = Feed::new(64.try_into().expect("it is not zero"));
        let mut network =
            Network::with(kind, Storage::Memory, clock, feed.clone()).expect("it starts");
        network.add(Mining::OnChain, &[]).expect("it starts");
        network.connected().await.expect("it runs");
        let source = feed.source(None, None);
        for fault in 0..1000 {
            source.publish(clock.now(), DemoEvent::FaultCleared { fault });
        }
        let next = network.next().await.expect("it goes on");
        // The peer may have told something meanwhile.
        let is_kept = |fault| (900..1000).contains(&fault);
        assert!(
            matches!(next.event, Event::Demo(DemoEvent::FaultCleared { fault }) if is_kept(fault)),
            "{next:?}"
        );
    }
}
