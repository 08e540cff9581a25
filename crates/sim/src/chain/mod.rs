//! Networks with a chain: peers at addresses, who send each other datagrams.
//!
//! Here a message goes from one address to another, so there is no broker; a network whose peers
//! meet by a tracker gets one.
//!
//! ```
//! use std::time::Duration;
//!
//! use althing_sim::chain::Scenario;
//!
//! let mut net = Scenario::seed(7).peers(10).start();
//! net.run_for(Duration::from_secs(300))?;
//! net.partition(0..4);
//! net.run_for(Duration::from_secs(300))?;
//! net.mend();
//! net.run_until_one_chain(Duration::from_secs(600))?;
//! # Ok::<(), althing_sim::chain::Stuck>(())
//! ```
//!
//! | file | question |
//! | --- | --- |
//! | `scenario` | which network is it, and what goes wrong? also from a seed |
//! | `checker`, `violation` | which invariants are checked? |
//! | `run` | how does the chain grow? |
//! | `describe` | how do a message and an event read? |
//! | this one | what ties the engine to the simulator? |

mod checker;
mod describe;
mod run;
mod scenario;
mod violation;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::{ChainDialect, Codec};
use althing_engine::nakamoto::{
    Command, Discovery, Durable, Event, Identity, Label, Message, Mining, Nakamoto,
};
/// How a peer can be dishonest, and what follows.
pub use althing_faults::chain as byzantine;
use althing_ledger::{Archive, Block, Entry, Template};
use althing_types::{Address, Height, Moment, PeerKey, UnixTime};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use self::byzantine::ByzantinePeer;
pub use self::byzantine::Role;
pub use self::checker::ChainChecker;
pub use self::scenario::{Network, Scenario, numbered_ballot, numbered_text};
pub use self::violation::Violation;
use crate::host::{Disk, Log};
use crate::simulated::Simulated;
use crate::summary::{Counters, Names};

/// A network with a chain in virtual time.
pub type Simulation = crate::Simulation<ChainNetwork>;
/// The plan of a run of a network with a chain: its start and its faults.
pub type Plan = crate::Plan<Role>;
/// A fault in such a network.
pub type Fault = crate::Fault<Role>;
/// Why a run of it failed.
pub type Stuck = crate::Stuck<Violation>;
/// The kind of such a failure.
pub type Reason = crate::Reason<Violation>;

/// A network with a chain, to be simulated.
///
/// The first peer starts the chain if it has to be mined, and the others contact it when they know
/// no peer.
pub struct ChainNetwork {
    /// Returns the dialect of each peer: the same network, with a key of its own where messages are
    /// signed.
    dialect: Box<dyn Fn(usize) -> Arc<dyn ChainDialect>>,
    key: Box<dyn Fn(usize) -> Option<PeerKey>>,
    users: Users,
    dialects: Vec<Arc<dyn ChainDialect>>,
    identities: Vec<Identity>,
    by_address: BTreeMap<Address, usize>,
    /// Entries that were submitted.
    entries: u64,
    /// The peer that found the last block.
    leader: Option<usize>,
}

/// The miners, and the entries that they are given.
#[derive(Clone, Copy, Debug)]
pub struct Users {
    /// How many peers mine: the first ones.
    pub miners: usize,
    /// How often one of them is given an entry.
    pub entry_every: Duration,
    /// The entry with a number.
    pub entry: fn(&dyn ChainDialect, u64) -> Entry,
}

/// The wall-clock time at which the simulation begins.
pub const BEGINNING: UnixTime = UnixTime::from_seconds(1_700_000_000);

impl ChainNetwork {
    /// Returns a network without peers yet; `dialect` returns the dialect of each.
    pub fn new(dialect: impl Fn(usize) -> Arc<dyn ChainDialect> + 'static, users: Users) -> Self {
        Self {
            dialect: Box::new(dialect),
            key: Box::new(|_| None),
            users,
            dialects: Vec::new(),
            identities: Vec::new(),
            by_address: BTreeMap::new(),
            entries: 0,
            leader: None,
        }
    }

    /// Sets the key with which each peer signs, so that the checker notices when the key of an
    /// honest peer is banned.
    #[must_use]
    pub fn with_keys(mut self, key: impl Fn(usize) -> Option<PeerKey> + 'static) -> Self {
        self.key = Box::new(key);
        self
    }

    /// Returns whether a peer mines.
    pub fn is_miner(&self, peer: usize) -> bool {
        self.identities[peer].mining != Mining::Off
    }

    fn name(&self, address: &Address) -> String {
        match self.by_address.get(address) {
            Some(peer) => format!("peer {peer}"),
            None => format!("stranger {address}"),
        }
    }
}

/// An engine reads old blocks from the disk itself.
impl Archive for Log<Block> {
    fn heights(&self) -> Range<u64> {
        self.numbers()
    }

    fn block(&self, height: Height) -> Option<Block> {
        self.get(height.number())
    }
}

impl Simulated for ChainNetwork {
    type Engine = Nakamoto;
    type Checker = ChainChecker;
    type Role = Role;
    type Byzantine = ByzantinePeer;

    const NAMES: Names =
        Names { decision: "block", decisions: "blocks", changes: "reorganisations" };

    fn add_peer(&mut self, _: &mut ChaCha8Rng) {
        let index = self.identities.len();
        let number = u16::try_from(index).expect("a simulation has fewer peers than ports");
        let address = Address::new("10.0.0.1", 1 + number).expect("a host");
        let first = self.identities.first().map(|identity| identity.address.clone());
        self.dialects.push((self.dialect)(index));
        self.by_address.insert(address.clone(), index);
        self.identities.push(Identity {
            address,
            name: Label::new(&format!("peer {index}")).expect("it is short"),
            contacts: first.into_iter().collect(),
            mining: match index {
                0 if self.users.miners > 0 => Mining::FromGenesis,
                miner if miner < self.users.miners => Mining::OnChain,
                _ => Mining::Off,
            },
            entropy: [0; 32],
            started: BEGINNING,
        });
    }

    fn checker(&self) -> ChainChecker {
        let dialect = self.dialects.first().map_or_else(|| (self.dialect)(0), Arc::clone);
        let keys = (0..self.identities.len()).map(|peer| (self.key)(peer));
        ChainChecker::new(&*dialect, keys)
    }

    fn engine(
        &mut self,
        peer: usize,
        time: Duration,
        entropy: [u8; 32],
        disk: &Disk<Durable>,
    ) -> Nakamoto {
        let started = BEGINNING.after(time);
        let identity = Identity { entropy, started, ..self.identities[peer].clone() };
        let dialect = &self.dialects[peer];
        let (rules, application) = (dialect.rules().clone(), dialect.application());
        let kept = disk.recovered().state.clone();
        Nakamoto::new(rules, identity, application, Box::new(disk.log()), kept)
    }

    fn byzantine(&self, _: usize, role: Role, _: ChaCha8Rng) -> ByzantinePeer {
        ByzantinePeer::new(role)
    }

    fn codec(&self, peer: usize) -> &dyn Codec<Engine = Nakamoto> {
        &*self.dialects[peer]
    }

    fn address(&self, peer: usize) -> Option<&Address> {
        Some(&self.identities[peer].address)
    }

    fn peer_at(&self, address: &Address) -> Option<usize> {
        self.by_address.get(address).copied()
    }

    fn has_tracker(&self) -> bool {
        let uses_tracker = |it: &Arc<dyn ChainDialect>| it.rules().discovery == Discovery::Tracker;
        self.dialects.first().is_some_and(uses_tracker)
    }

    fn command_every(&self) -> Option<Duration> {
        Some(self.users.entry_every)
    }

    fn command(&mut self, up: &[usize], rng: &mut ChaCha8Rng) -> Option<(usize, Command)> {
        let miners: Vec<usize> = up.iter().copied().filter(|peer| self.is_miner(*peer)).collect();
        if miners.is_empty() {
            return None;
        }
        let miner = miners[rng.random_range(0..miners.len())];
        let entry = (self.users.entry)(&*self.dialects[miner], self.entries);
        self.entries += 1;
        Some((miner, Command::Submit(entry)))
    }

    #[expect(clippy::cast_precision_loss, reason = "far below what chance does to it")]
    fn expected_hashes(&self, template: &Arc<Template>) -> Option<f64> {
        Some(template.target().work().hashes() as f64)
    }

    fn leader(&self) -> Option<usize> {
        self.leader
    }

    fn note(&mut self, now: Moment, peer: usize, event: &Event, counters: &mut Counters) {
        match event {
            Event::MessageRefused { .. } => counters.refused += 1,
            Event::BlockMined { .. } => self.leader = Some(peer),
            Event::TipChanged { tip, disconnected, .. } => {
                counters.changes += u64::from(!disconnected.is_empty());
                // A block is there as soon as it is found: it is begun and decided at once.
                counters.begin(now, tip.height.number());
                counters.decide(now, tip.height.number());
            }
            _ => {}
        }
    }

    fn mix(event: &Event, fingerprint: &mut crate::Fingerprint) {
        fingerprint.bytes(format!("{event:?}").as_bytes());
    }

    fn describe_message(&self, message: &Message) -> String {
        self.describe(message)
    }

    fn describe_event(&self, event: &Event) -> String {
        self.describe_report(event)
    }

    fn is_telling(event: &Event) -> bool {
        !matches!(event, Event::PeerFound { .. } | Event::EntryPooled(_))
    }
}
