//! Assemblies: the members of a charter on a bus, who vote on one block after the other.
//!
//! ```
//! use std::time::Duration;
//!
//! use althing_sim::assembly::Scenario;
//!
//! let mut net = Scenario::seed(7).peers(4).start();
//! net.run_until_height(Duration::from_secs(60), 5)?;
//! net.crash(0);
//! net.run_until_height(Duration::from_secs(60), 10)?;
//! # Ok::<(), althing_sim::assembly::Stuck>(())
//! ```
//!
//! | file | question |
//! | --- | --- |
//! | `scenario` | which assembly is it, and what goes wrong? also from a seed |
//! | `checker`, `violation` | which invariants are checked? |
//! | `signing` | how is a signature that everyone checks checked only once? |
//! | `describe` | how do a message and an event read? |
//! | this one | what ties the engine to the simulator? |

mod checker;
mod describe;
mod scenario;
mod signing;
mod violation;

use std::sync::Arc;
use std::time::Duration;

use althing_dialect::assembly::Assembly;
use althing_dialect::{Codec, Wire};
use althing_engine::simplex::{
    Command, CommittedBlock, Durable, Event, Identity, Message, Past, Simplex, Timeouts,
};
/// How a member can be dishonest, and what follows.
pub use althing_faults::assembly as byzantine;
use althing_ledger::Template;
use althing_ledger::assembly::Authenticator;
use althing_ledger::charter::{Charter, MemberIndex};
use althing_types::{BlockHash, Height, Moment, PeerId};
use ed25519_dalek::SigningKey;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use self::byzantine::ByzantineMember;
pub use self::byzantine::Role;
pub use self::checker::AssemblyChecker;
pub use self::scenario::{BEGINNING, Scenario};
use self::signing::{Signing, Verified};
pub use self::violation::Violation;
use crate::host::Disk;
use crate::simulated::Simulated;
use crate::summary::{Counters, Names};

/// An assembly in virtual time.
pub type Simulation = crate::Simulation<AssemblyNetwork>;
/// The plan of a run of an assembly: its start and its faults.
pub type Plan = crate::Plan<Role>;
/// A fault in an assembly.
pub type Fault = crate::Fault<Role>;
/// Why a run of it failed.
pub type Stuck = crate::Stuck<Violation>;
/// The kind of such a failure.
pub type Reason = crate::Reason<Violation>;

/// An assembly, to be simulated. Peers beyond the members of the charter observe.
pub struct AssemblyNetwork {
    dialect: Assembly,
    timeouts: Timeouts,
    /// How often a user of one of the members submits an entry.
    entry_every: Duration,
    peers: usize,
    verified: Verified,
    /// Entries that were submitted.
    entries: u64,
    /// The member that proposed the last block, as far as it was seen.
    leader: Option<usize>,
}

impl AssemblyNetwork {
    /// Returns the assembly with this charter, whose members have the keys of
    /// [`Scenario::secret`]; without peers yet.
    pub fn new(charter: Charter, timeouts: Timeouts, entry_every: Duration) -> Self {
        let dialect = Assembly::new(Arc::new(charter), "").expect("its applications are known");
        Self {
            dialect,
            timeouts,
            entry_every,
            peers: 0,
            verified: Verified::default(),
            entries: 0,
            leader: None,
        }
    }

    /// Returns the dialect.
    pub fn dialect(&self) -> &Assembly {
        &self.dialect
    }

    fn authenticator(&self, peer: usize) -> Arc<dyn Authenticator> {
        Arc::new(Signing::new(&Scenario::secret(peer), self.verified.clone()))
    }
}

impl Simulated for AssemblyNetwork {
    type Engine = Simplex;
    type Checker = AssemblyChecker;
    type Role = Role;
    type Byzantine = ByzantineMember;

    const NAMES: Names = Names { decision: "block", decisions: "blocks", changes: "views" };

    fn add_peer(&mut self, _: &mut ChaCha8Rng) {
        self.peers += 1;
    }

    fn checker(&self) -> AssemblyChecker {
        AssemblyChecker::new(Arc::clone(self.dialect.charter()), self.peers)
    }

    fn engine(
        &mut self,
        peer: usize,
        time: Duration,
        _: [u8; 32],
        disk: &Disk<Durable>,
    ) -> Simplex {
        let identity = Identity {
            authenticator: self.authenticator(peer),
            // No disk is lost here. One that does not say that its member takes part is that of a
            // member which crashed before it said anything.
            past: Past::New,
            started: BEGINNING.after(time),
        };
        Simplex::new(
            Arc::clone(self.dialect.charter()),
            self.timeouts,
            identity,
            self.dialect.application(),
            disk.recovered().state.clone(),
        )
    }

    fn byzantine(&self, peer: usize, role: Role, _: ChaCha8Rng) -> ByzantineMember {
        let me = MemberIndex(u16::try_from(peer).expect("few members"));
        let members = self.dialect.charter().members.len();
        ByzantineMember::new(role, me, members, self.dialect.chain(), self.authenticator(peer))
    }

    fn codec(&self, _: usize) -> &dyn Codec<Engine = Simplex> {
        &self.dialect
    }

    fn last_will(&self, peer: usize) -> Option<Wire> {
        let member = MemberIndex(u16::try_from(peer).ok()?);
        Some(self.dialect.last_will(member))
    }

    fn command_every(&self) -> Option<Duration> {
        Some(self.entry_every)
    }

    fn command(&mut self, up: &[usize], rng: &mut ChaCha8Rng) -> Option<(usize, Command)> {
        if up.is_empty() {
            return None;
        }
        let peer = up[rng.random_range(0..up.len())];
        let author = SigningKey::from_bytes(&Scenario::secret(1000 + peer));
        let text = format!("note {}", self.entries);
        let note = self.dialect.note(&author, &text, self.entries).expect("it is short");
        self.entries += 1;
        Some((peer, Command::Submit(vec![note])))
    }

    #[expect(clippy::cast_precision_loss, reason = "far below what chance does to it")]
    fn expected_hashes(&self, template: &Arc<Template>) -> Option<f64> {
        Some(template.target().work().hashes() as f64)
    }

    fn leader(&self) -> Option<usize> {
        self.leader
    }

    fn note(&mut self, now: Moment, _: usize, event: &Event, counters: &mut Counters) {
        match event {
            Event::MessageRefused { .. } => counters.refused += 1,
            Event::ViewEntered { leader, .. } => {
                self.leader = Some(usize::from(leader.0));
                counters.changes += 1;
            }
            Event::Committed { block, .. } => {
                let height = block.coinbase.height.number();
                counters.begin(now, height);
                counters.decide(now, height);
            }
            _ => {}
        }
    }

    fn mix(event: &Event, fingerprint: &mut crate::Fingerprint) {
        fingerprint.bytes(format!("{event:?}").as_bytes());
    }

    fn describe_message(&self, message: &Message) -> String {
        describe::message(message)
    }

    fn describe_loss(&self, peer: PeerId) -> String {
        let member = self.dialect.charter().members().find(|(_, member)| member.id() == peer);
        member.map_or_else(|| "a stranger is gone".into(), |(index, _)| format!("{index} is gone"))
    }

    fn describe_event(&self, event: &Event) -> String {
        describe::event(event)
    }

    fn is_telling(event: &Event) -> bool {
        !matches!(event, Event::EntryPooled(_) | Event::Notarized { .. })
    }
}

impl Simulation {
    /// Returns how many blocks a peer has committed, if it is up; the genesis does not count.
    pub fn height(&self, peer: usize) -> Option<u64> {
        Some(self.disk(peer).recovered().log.end.saturating_sub(1)).filter(|_| self.is_up(peer))
    }

    /// Returns how many blocks the honest peer has committed that has most.
    pub fn highest(&self) -> u64 {
        self.honest().filter_map(|peer| self.height(peer)).max().unwrap_or(0)
    }

    /// Runs until all honest peers have committed so many blocks.
    pub fn run_until_height(&mut self, limit: Duration, height: u64) -> Result<(), Stuck> {
        self.run_until_all(limit, &format!("{height} blocks everywhere"), |net, peer| {
            net.height(peer).is_some_and(|its| its >= height)
        })
    }

    /// Returns the block that a peer has committed at a height.
    pub fn committed_at(&self, peer: usize, height: Height) -> Option<BlockHash> {
        let place = usize::try_from(height.number().checked_sub(1)?).ok()?;
        self.disk(peer).entries().get(place).map(CommittedBlock::hash)
    }

    fn is_up(&self, peer: usize) -> bool {
        self.engine(peer).is_some()
    }
}
