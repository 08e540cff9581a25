//! The members of an assembly in this process, with files of their own, and how they are broken.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::assembly::Assembly;
use althing_engine::simplex::{Command, Durable, Simplex};
use althing_feed::{Feed, PeerName, Subscription};
use althing_ledger::charter::Member;
use althing_net::memory::Bus;
use althing_net::{Link, Transport};
use althing_node::assembly::{Options, Place, admit, join_mesh, open};
use althing_node::{Clock, Commands, Node, Swarm};
use althing_pow::Parallelism;
use althing_store::Store;
use althing_types::{Address, PeerId};
use anyhow::{Context, bail, ensure};
use ed25519_dalek::SigningKey;
use tempfile::TempDir;
use tokio::time::{Instant, sleep_until};

use super::load::{BATCH, Load, Supply};
use super::seen::Seen;
use crate::commands::charter::{Founding, member};
use crate::connection::{Broker, PATIENCE};

/// The bus over which members talk to each other.
#[derive(Clone)]
pub(super) enum Way {
    Memory,
    Mesh,
    Broker(Broker),
}

/// An assembly that runs, until it is dropped.
pub(super) struct Network {
    dialect: Arc<Assembly>,
    keys: Vec<SigningKey>,
    bus: Bus,
    way: Way,
    /// Where members listen for the others, in a mesh.
    addresses: BTreeMap<usize, Address>,
    clock: Clock,
    feed: Feed,
    records: Subscription,
    swarm: Swarm<Simplex>,
    /// Of each member that runs.
    commands: Vec<Option<Commands<Simplex>>>,
    pub(super) seen: Seen,
    supply: Supply,
    load: Load,
    /// When the next entry is submitted, if they come one by one.
    next: Instant,
    submitted: u64,
    // Last, since the files of the members are in use until all else is gone.
    disk: TempDir,
}

/// Whatever is waited for does not come any more after this long.
const LIMIT: Duration = Duration::from_secs(120);

/// How often it is looked what has happened, unless entries come at an even pace: then who leads
/// must be known at once. To wake up for each of hundreds of events in a block would take processor
/// time from the members; that they happened when they did is in the events.
const LOOK: Duration = Duration::from_millis(2);

/// Entries on their way for each member that runs, under full load: fewer than a member keeps of
/// one author.
const AHEAD: u64 = 1536;

impl Network {
    /// Starts an assembly, and waits until it has committed blocks.
    pub(super) async fn start(
        way: &Way,
        members: usize,
        block_time: Duration,
    ) -> anyhow::Result<Self> {
        let keys: Vec<_> = (0..members).map(|_| SigningKey::from_bytes(&rand::random())).collect();
        let named = (1..).zip(&keys);
        let named = named.map(|(number, key)| {
            member(format!("member-{number}").parse().expect("it is a name"), key)
        });
        let mut charter = Founding::usual().charter(named.collect())?;
        charter.block_time = block_time;
        let dialect = Arc::new(Assembly::new(Arc::new(charter), "")?);
        let ids = dialect.charter().members.iter().map(Member::id);
        let (clock, feed) = (Clock::start(), Feed::default());
        let mut network = Self {
            seen: Seen::of(ids.map(PeerName::from).collect()),
            supply: Supply::new(Arc::clone(&dialect), keys.clone()),
            dialect,
            keys,
            bus: Bus::new(),
            way: way.clone(),
            addresses: BTreeMap::new(),
            clock,
            records: feed.subscribe(),
            feed,
            swarm: Swarm::default(),
            commands: Vec::new(),
            load: Load::None,
            next: Instant::now(),
            submitted: 0,
            disk: TempDir::with_prefix("althing-bench-")?,
        };
        for number in 0..members {
            let mut store = network.store(number)?;
            admit(&mut store, &network.dialect, &network.keys[number])?;
            let link = network.join(number).await?;
            let node = network.make(number, store)?;
            network.commands.push(Some(node.commands()));
            network.swarm.add(node, link);
        }
        network.set_load(Load::Every(Duration::from_millis(20)));
        network.until("the first blocks", |seen| seen.lowest().filter(|it| *it > 4)).await?;
        network.set_load(Load::None);
        Ok(network)
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock
    }

    pub(super) fn members(&self) -> usize {
        self.keys.len()
    }

    fn store(&self, number: usize) -> anyhow::Result<Store<Durable>> {
        Ok(Store::open(&self.disk.path().join(number.to_string()))?)
    }

    fn make(&self, number: usize, store: Store<Durable>) -> anyhow::Result<Node<Simplex>> {
        let options = Options {
            dialect: Arc::clone(&self.dialect),
            key: self.keys[number].clone(),
            store,
            parallelism: Parallelism::of(NonZeroUsize::MIN),
            clock: self.clock,
            feed: self.feed.clone(),
        };
        Ok(open(options)?.0)
    }

    async fn join(&mut self, number: usize) -> anyhow::Result<Transport> {
        let link: Link = match &self.way {
            Way::Memory => self.bus.join(self.dialect.topics()),
            Way::Mesh => {
                let place = Place {
                    listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                    advertise: None,
                    contacts: self.addresses.values().cloned().collect(),
                    tracker: None,
                };
                let joined = join_mesh(&self.dialect, &self.keys[number], place)?;
                self.addresses.insert(number, joined.address);
                joined.link
            }
            Way::Broker(broker) => {
                broker.join_assembly(&self.dialect, self.id(number), Some(PATIENCE)).await?
            }
        };
        Ok(link.into())
    }

    fn id(&self, number: usize) -> PeerId {
        self.dialect.charter().members[number].id()
    }

    /// Has a member vanish without a goodbye, and its connection break.
    pub(super) async fn kill(&mut self, number: usize) {
        self.commands[number] = None;
        self.swarm.kill(number).await;
        self.seen.leave(number);
    }

    /// Starts a member again that was killed.
    pub(super) async fn restart(&mut self, number: usize) -> anyhow::Result<()> {
        let store = self.store(number)?;
        let link = self.join(number).await?;
        let node = self.make(number, store)?;
        self.commands[number] = Some(node.commands());
        self.swarm.restart(number, node, link);
        self.seen.come(number);
        Ok(())
    }

    /// Has entries be submitted in this way from now on.
    pub(super) fn set_load(&mut self, load: Load) {
        self.load = load;
        self.next = Instant::now();
    }

    /// Signs entries in advance, so that none has to be while something is measured.
    pub(super) fn prepare(&mut self, entries: usize) {
        self.supply.prepare(entries);
    }

    /// Submits one entry at a member.
    pub(super) fn submit(&mut self, number: usize) -> anyhow::Result<()> {
        self.submit_some(number, 1)
    }

    fn submit_some(&mut self, number: usize, count: usize) -> anyhow::Result<()> {
        let Some(commands) = self.commands[number].clone() else { return Ok(()) };
        let entries = self.supply.take(number, count)?;
        self.submitted += count as u64;
        // It waits until the member has taken them, and nothing here waits for that.
        tokio::spawn(async move { commands.send(Command::Submit(entries)).await });
        Ok(())
    }

    /// Submits what is due, and returns when there is more to be, if it goes by the clock.
    fn keep_loaded(&mut self) -> anyhow::Result<Option<Instant>> {
        let up: Vec<usize> =
            (0..self.members()).filter(|number| self.commands[*number].is_some()).collect();
        match self.load {
            Load::None => return Ok(None),
            Load::Every(time) => {
                let now = Instant::now();
                while self.next <= now {
                    let turn = usize::try_from(self.submitted).unwrap_or_default();
                    self.submit_some(up[turn % up.len()], 1)?;
                    self.next += time;
                }
                return Ok(Some(self.next));
            }
            Load::Full => {}
        }
        let settled = self.seen.settled();
        while self.submitted.saturating_sub(settled) < AHEAD * up.len() as u64 {
            for number in &up {
                self.submit_some(*number, BATCH)?;
            }
        }
        Ok(None)
    }

    /// Takes in what happens until `condition` holds of it, and returns what that has found.
    pub(super) async fn until<T>(
        &mut self,
        what: &str,
        mut condition: impl FnMut(&Seen) -> Option<T>,
    ) -> anyhow::Result<T> {
        let end = Instant::now() + LIMIT;
        loop {
            if let Some(found) = condition(&self.seen) {
                return Ok(found);
            }
            ensure!(self.step(end).await?, "{what} did not come within {LIMIT:?}");
        }
    }

    /// Takes in what happens for so long, and returns how long that was by the members' clock.
    pub(super) async fn pass(&mut self, time: Duration) -> anyhow::Result<Duration> {
        let (from, end) = (self.clock.now(), Instant::now() + time);
        while self.step(end).await? {}
        Ok(self.clock.now() - from)
    }

    /// Takes in what has happened a moment later; returns false at the end of the time.
    async fn step(&mut self, end: Instant) -> anyhow::Result<bool> {
        let look = Instant::now() + LOOK;
        let due = self.keep_loaded()?.map_or(look, |due| due.min(look));
        tokio::select! {
            () = sleep_until(end) => return Ok(false),
            record = self.records.next(), if matches!(self.load, Load::Every(_)) => {
                self.seen.note(&*record.context("the feed has ended")??);
            }
            () = sleep_until(due) => {}
            ended = self.swarm.next_left() => {
                ended?;
                bail!("a member has left");
            }
        }
        while let Some(record) = self.records.try_next() {
            self.seen.note(&*record?);
        }
        Ok(true)
    }
}
