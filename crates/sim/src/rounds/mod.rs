//! Networks with rounds: peers on a bus that agree on one table.
//!
//! | file | question |
//! | --- | --- |
//! | `scenario` | which network is it, and what goes wrong? |
//! | `draw` | the same, from a seed |
//! | `checker`, `violation` | which invariants are checked? |
//! | `signers`, `simulated_rsa`, `verification_cache` | how do peers sign and verify? |
//! | `run` | how does the table grow? |
//! | `watcher` | what does one see that only watches? |
//! | `describe`, `fingerprint` | how does a message read, and how is an event hashed? |
//! | this one | what ties the engine to the simulator? |

mod checker;
mod describe;
mod draw;
mod fingerprint;
mod run;
mod scenario;
mod signers;
mod simulated_rsa;
mod verification_cache;
mod violation;
mod watcher;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::{Codec, RoundsDialect, Wire};
use althing_engine::rounds::{
    Challenge, Counting, Durable, Event, Identity, Message, Past, Rounds, Rules, Seat, Signed,
};
/// How a member can be dishonest, and what follows.
pub use althing_faults::rounds as byzantine;
use althing_pow::SolutionCache;
use althing_types::{Moment, PeerId, Term};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use self::byzantine::ByzantineMember;
pub use self::byzantine::Role;
pub use self::checker::RoundsChecker;
pub use self::scenario::{Network, Scenario};
use self::signers::Signers;
pub use self::violation::Violation;
pub use self::watcher::Watcher;
use crate::host::Disk;
use crate::simulated::Simulated;
use crate::summary::{Counters, Names};

/// Bits of a challenge that a simulated miner solves at all, and a dishonest member by the way;
/// each takes twice the time to look for.
const SOLVABLE_BITS_MAX: u16 = 22;

/// A network with rounds in virtual time.
pub type Simulation = crate::Simulation<RoundsNetwork>;
/// The plan of a run of a network with rounds: its start and its faults.
pub type Plan = crate::Plan<Role>;
/// A fault in such a network.
pub type Fault = crate::Fault<Role>;
/// Why a run of it failed.
pub type Stuck = crate::Stuck<Violation>;
/// The kind of such a failure.
pub type Reason = crate::Reason<Violation>;

/// A network with rounds, to be simulated. Its peers have indices in the order of their ids.
pub struct RoundsNetwork {
    dialect: Arc<dyn RoundsDialect>,
    rules: Rules,
    /// Whether peers answer with the solutions of earlier challenges.
    solution_cache: bool,
    signers: Signers,
    ids: Vec<PeerId>,
    secrets: Vec<[u8; 32]>,
    /// Those that have not started yet, and so cannot have said anything.
    new: BTreeSet<usize>,
    /// What the others are when they start.
    restarted: Past,
    /// The peer that was elected last.
    leader: Option<PeerId>,
    /// The peers that were given another variant, and what they make of it.
    strays: BTreeSet<usize>,
    other: Option<Other>,
    /// The leaders so far, and their terms.
    terms: BTreeSet<(Term, PeerId)>,
    watcher: Option<Watcher>,
}

/// A variant that some of the peers were given by mistake.
struct Other {
    dialect: Arc<dyn RoundsDialect>,
    signers: Signers,
}

impl RoundsNetwork {
    /// Returns a network without peers yet.
    pub fn new(dialect: Arc<dyn RoundsDialect>) -> Self {
        let rules = dialect.rules().clone();
        Self::with_rules(dialect, rules)
    }

    /// Returns a network with the messages of `dialect`, and other rules.
    pub fn with_rules(dialect: Arc<dyn RoundsDialect>, rules: Rules) -> Self {
        Self {
            signers: Signers::new(Arc::clone(&dialect)),
            dialect,
            rules,
            solution_cache: false,
            ids: Vec::new(),
            secrets: Vec::new(),
            new: BTreeSet::new(),
            restarted: Past::Kept,
            leader: None,
            strays: BTreeSet::new(),
            other: None,
            terms: BTreeSet::new(),
            watcher: None,
        }
    }

    /// Has peers answer with the solutions of earlier challenges, where one solves the new one.
    #[must_use]
    pub fn with_solution_cache(self) -> Self {
        Self { solution_cache: true, ..self }
    }

    /// Has peers that start again trust their disks, as if their users vouched for them.
    #[must_use]
    pub fn vouched(self) -> Self {
        Self { restarted: Past::Vouched, ..self }
    }

    /// Has one watch the network, which hears all that is sent, as it is sent.
    #[must_use]
    pub fn watched(mut self) -> Self {
        self.watch_again();
        self
    }

    /// Returns the one that watches, if one does.
    pub fn watcher(&self) -> Option<&Watcher> {
        self.watcher.as_ref()
    }

    /// Has another one take over that has heard nothing so far.
    pub fn watch_again(&mut self) {
        let authenticator = self.signers.of(&[0; 32]);
        self.watcher = Some(Watcher::new(self.rules.clone(), authenticator));
    }

    /// Has some of the peers speak another dialect, in the same room.
    #[must_use]
    pub fn with_strays(mut self, strays: BTreeSet<usize>, dialect: Arc<dyn RoundsDialect>) -> Self {
        self.strays = strays;
        self.other = Some(Other { signers: Signers::new(Arc::clone(&dialect)), dialect });
        self
    }

    /// Returns the other dialect, if this peer speaks it.
    fn other(&self, peer: usize) -> Option<&Other> {
        self.other.as_ref().filter(|_| self.strays.contains(&peer))
    }

    /// Returns the index of the peer with an id.
    pub fn peer_with(&self, id: PeerId) -> Option<usize> {
        self.ids.iter().position(|known| *known == id)
    }
}

impl Simulated for RoundsNetwork {
    type Engine = Rounds;
    type Checker = RoundsChecker;
    type Role = Role;
    type Byzantine = ByzantineMember;

    const CAN_BE_COPIED: bool = true;
    const NAMES: Names = Names { decision: "round", decisions: "rounds", changes: "elections" };

    fn add_peer(&mut self, rng: &mut ChaCha8Rng) {
        let number = self.ids.len() as u64 + 1;
        self.ids.push(self.dialect.peer_id(number << 20, number));
        self.secrets.push(rng.random());
        self.new.insert(self.ids.len() - 1);
    }

    fn add_copy(&mut self, peer: usize) -> bool {
        // A program of the published kind has no disk.
        let can_be_copied = self.rules.counting == Counting::Members;
        if can_be_copied {
            self.ids.push(self.ids[peer]);
            self.secrets.push(self.secrets[peer]);
        }
        can_be_copied
    }

    fn checker(&self) -> RoundsChecker {
        RoundsChecker::new(self.rules.clone(), self.ids.clone())
    }

    fn engine(
        &mut self,
        peer: usize,
        _: Duration,
        entropy: [u8; 32],
        disk: &Disk<Durable>,
    ) -> Rounds {
        let past = if self.new.remove(&peer) { Past::New } else { self.restarted };
        let (signers, rules) = match self.other(peer) {
            Some(Other { dialect, signers }) => (signers, dialect.rules()),
            None => (&self.signers, &self.rules),
        };
        let identity = Identity {
            id: self.ids[peer],
            seat: Seat::Member,
            past,
            entropy,
            authenticator: signers.of(&self.secrets[peer]),
            solution_cache: self
                .solution_cache
                .then(|| SolutionCache::new(self.rules.puzzle.clone())),
        };
        Rounds::new(rules.clone(), identity, disk.recovered().clone())
    }

    fn byzantine(&self, peer: usize, role: Role, rng: ChaCha8Rng) -> ByzantineMember {
        let authenticator = self.signers.of(&self.secrets[peer]);
        let (rules, ids) = (self.rules.clone(), self.ids.clone());
        let me = self.ids[peer];
        ByzantineMember::new(role, me, authenticator, rules, ids, SOLVABLE_BITS_MAX, rng)
    }

    fn codec(&self, peer: usize) -> &dyn Codec<Engine = Rounds> {
        self.other(peer).map_or(&*self.dialect, |other| &*other.dialect)
    }

    fn codec_index(&self, peer: usize) -> usize {
        usize::from(self.other(peer).is_some())
    }

    fn overhear(&mut self, now: Moment, wire: &Wire) {
        if let Some(watcher) = &mut self.watcher {
            watcher.hear(now, &self.dialect.decode(&wire.to, &wire.payload));
        }
    }

    fn last_will(&self, peer: usize) -> Option<Wire> {
        let dialect = self.other(peer).map_or(&self.dialect, |other| &other.dialect);
        dialect.last_will(self.ids[peer])
    }

    fn expected_hashes(&self, challenge: &Challenge) -> Option<f64> {
        let bits = challenge.puzzle.bits(challenge.task.difficulty);
        (bits <= SOLVABLE_BITS_MAX).then(|| f64::from(1_u32 << bits))
    }

    fn leader(&self) -> Option<usize> {
        self.peer_with(self.leader?)
    }

    fn note(&mut self, now: Moment, peer: usize, event: &Event, counters: &mut Counters) {
        match event {
            Event::MessageRefused { .. } => counters.refused += 1,
            Event::LeaderElected { leader, term, .. } => {
                self.leader = Some(*leader);
                counters.changes += u64::from(self.terms.insert((*term, *leader)));
            }
            Event::ChallengeIssued { transaction, leader, .. } if *leader == self.ids[peer] => {
                counters.begin(now, transaction.number());
            }
            Event::RoundDecided(row) => counters.decide(now, row.record.transaction.number()),
            _ => {}
        }
    }

    fn mix(event: &Event, fingerprint: &mut crate::fingerprint::Fingerprint) {
        fingerprint::mix(event, fingerprint);
    }

    fn describe_message(&self, signed: &Signed) -> String {
        self.describe(&signed.message)
    }

    /// Votes count where they arrive, and a verdict stands for them where the leader decides.
    fn is_counted(signed: &Signed) -> bool {
        matches!(signed.message, Message::Vote { .. } | Message::Verdict { .. })
    }

    fn describe_loss(&self, peer: PeerId) -> String {
        format!("{} is gone", self.name(peer))
    }

    fn describe_event(&self, event: &Event) -> String {
        self.describe_report(event)
    }

    fn is_telling(event: &Event) -> bool {
        !matches!(
            event,
            Event::PeerJoined { .. }
                | Event::ChallengeIssued { .. }
                | Event::SolutionFound { .. }
                | Event::VoteCast { .. }
        )
    }
}
