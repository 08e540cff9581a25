//! The plug: how a user breaks a network in one process while it runs, and mends it.
//!
//! A [`Plug`] takes an [`Action`], carries it out, tells of it on the feed and answers with a
//! sentence. What holds from then on is a fault with a number, by which it can be undone. It
//! decides nothing about the network: how its peers are made is a matter of who runs them, who
//! implements [`Peers`].
//!
//! | file | question |
//! | --- | --- |
//! | `action` | what can be asked for, and what is refused? |
//! | `words` | how is a fault told? |
//! | this one | what is done, and how is it undone? |

mod action;
mod words;

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::future::Future;

use althing_faults::role_name;
use althing_feed::{DemoEvent, PeerName, Source};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use self::action::whole_groups;
pub use self::action::{Action, FaultKind, Refusal, Worse};
use crate::air::{Air, Trouble};
use crate::clock::Clock;
use crate::pacing::Pacing;

/// The peers of a network in one process, as far as their user can break them. They are called by
/// their numbers, from zero on.
pub trait Peers {
    /// Has a peer vanish as in a crash, and returns when it is gone.
    fn crash(&mut self, number: usize) -> impl Future<Output = ()>;

    /// Starts a peer again with what it has on disk, dishonest if a strategy is named, and returns
    /// what it is called from now on; or why it cannot start, as a sentence.
    fn start(
        &mut self,
        number: usize,
        strategy: Option<&str>,
    ) -> impl Future<Output = Result<PeerName, String>>;
}

/// What a user has done to a network in one process, and can do.
#[derive(Debug)]
pub struct Plug {
    air: Air,
    clock: Clock,
    source: Source,
    strategies: Vec<Strategy>,
    peers: Vec<Peer>,
    faults: BTreeMap<u64, Fault>,
    next: u64,
    /// Draws the seeds of faults.
    seeds: ChaCha8Rng,
}

/// A peer, as its user sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// What it is called on the feed.
    pub name: PeerName,
    /// Whether it runs.
    pub state: State,
    /// The strategy by which it breaks the rules; `None` if it is honest.
    pub byzantine: Option<String>,
}

/// Whether a peer runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs.
    Runs,
    /// It was made to crash.
    Crashed,
    /// It stands still.
    Frozen,
}

/// A way to break the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strategy {
    /// Its name, as in `votes-twice`.
    pub name: String,
    /// What such a peer does, as in `votes twice`.
    pub what: String,
}

/// Something that goes wrong, until it is undone.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What was asked for, of peers by their numbers from zero on.
    pub kind: FaultKind<usize>,
    /// The fault in words.
    pub sentence: String,
}

/// What an action, or its undoing, has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// In words.
    pub sentence: String,
    /// The number of the fault that holds from now on, if it is one.
    pub fault: Option<u64>,
}

impl Strategy {
    /// Returns the strategies that these roles are.
    pub fn of<R: Debug + Display>(roles: &[R]) -> Vec<Self> {
        let strategy = |role: &R| Self { name: role_name(role), what: role.to_string() };
        roles.iter().map(strategy).collect()
    }
}

impl Plug {
    /// Returns the plug of a network whose peers, called so on the feed, are in `air`, and can
    /// break the rules by these strategies. It tells by `source`; what faults leave to chance is
    /// drawn from `seed`.
    pub fn new(
        air: Air,
        clock: Clock,
        source: Source,
        strategies: Vec<Strategy>,
        peers: impl IntoIterator<Item = PeerName>,
        seed: u64,
    ) -> Self {
        let peer = |name| Peer { name, state: State::Runs, byzantine: None };
        let peers = peers.into_iter().map(peer).collect();
        let (faults, seeds) = (BTreeMap::new(), ChaCha8Rng::seed_from_u64(seed));
        let plug = Self { air, clock, source, strategies, peers, faults, next: 1, seeds };
        if plug.pacing().is_some_and(|pacing| (pacing.speed() - 1.0).abs() > f64::EPSILON) {
            plug.tell_pace();
        }
        plug
    }

    /// Returns the peers, in the order of their numbers.
    pub fn peers(&self) -> &[Peer] {
        &self.peers
    }

    /// Returns what goes wrong now, by the numbers of the faults.
    pub fn faults(&self) -> &BTreeMap<u64, Fault> {
        &self.faults
    }

    /// Returns the ways in which a peer can break the rules.
    pub fn strategies(&self) -> &[Strategy] {
        &self.strategies
    }

    /// Returns the pace of the network, if it has one that can be changed.
    pub fn pacing(&self) -> Option<&'static Pacing> {
        self.clock.pacing()
    }

    /// Does what was asked for. What makes no sense is refused, and changes nothing.
    pub async fn act(&mut self, action: Action, peers: &mut impl Peers) -> Result<Done, Refusal> {
        match action {
            Action::Crash(peer) => {
                let number = self.find_up(&peer)?;
                self.take_down(number, peers).await;
                Ok(self.done(format!("peer {} crashed", number + 1)))
            }
            Action::Restart(peer) => {
                let number = self.find(&peer)?;
                if self.peers[number].state != State::Crashed {
                    return Err(Refusal::Runs { peer: number + 1 });
                }
                self.start(number, peers).await?;
                Ok(self.done(format!("peer {} was started again", number + 1)))
            }
            Action::Freeze(peer) => {
                let number = self.find_up(&peer)?;
                if self.peers[number].state == State::Frozen {
                    return Err(Refusal::Frozen { peer: number + 1 });
                }
                self.air.freeze(number, true);
                self.peers[number].state = State::Frozen;
                let frozen = self.peers[number].name.clone();
                self.tell(DemoEvent::PeerFrozen { frozen });
                Ok(self.done(format!("peer {} stands still", number + 1)))
            }
            Action::Thaw(peer) => {
                let number = self.find_up(&peer)?;
                if self.peers[number].state != State::Frozen {
                    return Err(Refusal::NotFrozen { peer: number + 1 });
                }
                self.air.freeze(number, false);
                self.peers[number].state = State::Runs;
                let thawed = self.peers[number].name.clone();
                self.tell(DemoEvent::PeerThawed { thawed });
                Ok(self.done(format!("peer {} goes on", number + 1)))
            }
            Action::Set(kind) => self.set(kind.called(|peer| self.find(peer))?, peers).await,
            Action::Pause => self.pace(Pacing::pause, "the clock stands still"),
            Action::Resume => self.pace(Pacing::resume, "the clock goes"),
            Action::Step => self.pace(Pacing::step, "the clock goes until the next thing happens"),
            Action::Speed(speed) => self.speed_up(speed),
        }
    }

    /// Undoes a fault, by its number. A peer that broke the rules is started again; if it cannot
    /// start, the fault is over all the same.
    pub async fn undo(&mut self, fault: u64, peers: &mut impl Peers) -> Result<Done, Refusal> {
        let Fault { kind, sentence } =
            self.faults.get(&fault).cloned().ok_or(Refusal::NoSuchFault { fault })?;
        self.end(fault);
        if let FaultKind::Byzantine { peer, .. } = kind {
            self.peers[peer].byzantine = None;
            if self.peers[peer].state != State::Crashed {
                self.take_down(peer, peers).await;
                self.start(peer, peers).await?;
            }
        }
        Ok(self.done(format!("fault {fault} is over: {sentence}")))
    }

    /// Mends everything that can be: undoes all faults, wakes the peers that stand still, and
    /// starts those that crashed. Returns the first refusal, if a peer cannot start.
    pub async fn heal(&mut self, peers: &mut impl Peers) -> Result<Done, Refusal> {
        let mut outcome = Ok(self.done("everything is well again".to_owned()));
        for fault in self.faults.keys().copied().collect::<Vec<_>>() {
            let undone = self.undo(fault, peers).await;
            outcome = outcome.and_then(|done| undone.map(|_| done));
        }
        for Peer { name, state, .. } in self.peers.clone() {
            let mended = match state {
                State::Runs => continue,
                State::Crashed => self.act(Action::Restart(name), peers).await,
                State::Frozen => self.act(Action::Thaw(name), peers).await,
            };
            outcome = outcome.and_then(|done| mended.map(|_| done));
        }
        outcome
    }

    /// Notes that something has happened that can be seen, which ends a step.
    pub fn happened(&self) {
        if self.pacing().is_some_and(Pacing::happened) {
            self.tell_pace();
        }
    }

    /// Returns the number of a peer, from zero: of that with this name, or else of that with this
    /// number, from one, as on every screen.
    pub fn find(&self, peer: &PeerName) -> Result<usize, Refusal> {
        let place = self.peers.iter().position(|known| known.name == *peer);
        let numbered = || {
            let number = usize::try_from(peer.id()?.number()).ok()?.checked_sub(1)?;
            (number < self.peers.len()).then_some(number)
        };
        let found = place.or_else(numbered);
        found.ok_or_else(|| Refusal::NoSuchPeer { peer: peer.to_string() })
    }

    fn find_up(&self, peer: &PeerName) -> Result<usize, Refusal> {
        let number = self.find(peer)?;
        match self.peers[number].state {
            State::Crashed => Err(Refusal::Crashed { peer: number + 1 }),
            State::Runs | State::Frozen => Ok(number),
        }
    }

    /// Has something go wrong, if that makes sense.
    async fn set(
        &mut self,
        kind: FaultKind<usize>,
        peers: &mut impl Peers,
    ) -> Result<Done, Refusal> {
        match &kind {
            FaultKind::Partition(groups) => {
                let groups = whole_groups(groups.clone(), self.peers.len())?;
                let sentence = words::partition(&groups);
                Ok(self.trouble(kind, Trouble::Partition(groups), sentence))
            }
            FaultKind::Cut { from, to } if from == to => {
                Err(Refusal::WithItself { peer: from + 1 })
            }
            &FaultKind::Cut { from, to } => {
                Ok(self.trouble(kind, Trouble::Cut { from, to }, words::cut(from, to)))
            }
            &FaultKind::Worsen { from, to, how } => {
                let conditions = how.conditions()?;
                let sentence = words::worse(from, to, how, &conditions);
                Ok(self.trouble(kind, Trouble::Conditions { from, to, conditions }, sentence))
            }
            FaultKind::Byzantine { peer, strategy } => {
                let (peer, strategy) = (*peer, self.strategy(strategy)?);
                let sentence = words::byzantine(peer, &strategy.what);
                self.corrupt(peer, strategy.name, peers).await?;
                Ok(self.add(kind, sentence, None))
            }
        }
    }

    fn strategy(&self, name: &str) -> Result<Strategy, Refusal> {
        let found = self.strategies.iter().find(|known| known.name == name);
        found.cloned().ok_or_else(|| {
            let known: Vec<&str> =
                self.strategies.iter().map(|known| known.name.as_str()).collect();
            Refusal::NoSuchStrategy { strategy: name.to_owned(), known: known.join(", ") }
        })
    }

    /// Has a peer restart as one that breaks the rules, in this way and no longer in another.
    async fn corrupt(
        &mut self,
        number: usize,
        strategy: String,
        peers: &mut impl Peers,
    ) -> Result<(), Refusal> {
        let is_same = |fault: &Fault| match fault.kind {
            FaultKind::Byzantine { peer, .. } => peer == number,
            _ => false,
        };
        let before = self.faults.iter().find(|(_, fault)| is_same(fault));
        if let Some(before) = before.map(|(before, _)| *before) {
            self.end(before);
        }
        if self.peers[number].state != State::Crashed {
            self.take_down(number, peers).await;
        }
        self.peers[number].byzantine = Some(strategy);
        let started = self.start(number, peers).await;
        if started.is_err() {
            self.peers[number].byzantine = None;
        }
        started
    }

    /// Has a peer that is up vanish as in a crash.
    async fn take_down(&mut self, number: usize, peers: &mut impl Peers) {
        peers.crash(number).await;
        self.peers[number].state = State::Crashed;
        self.tell(DemoEvent::PeerCrashed { crashed: self.peers[number].name.clone() });
    }

    /// Starts a peer that is down; it stays so if it cannot start.
    async fn start(&mut self, number: usize, peers: &mut impl Peers) -> Result<(), Refusal> {
        let byzantine = self.peers[number].byzantine.clone();
        let started = peers.start(number, byzantine.as_deref()).await;
        let name = started.map_err(|reason| Refusal::CannotStart { peer: number + 1, reason })?;
        self.peers[number].state = State::Runs;
        self.peers[number].name = name.clone();
        self.tell(DemoEvent::PeerRestarted { restarted: name, byzantine });
        Ok(())
    }

    fn pace(&self, change: impl FnOnce(&Pacing), sentence: &str) -> Result<Done, Refusal> {
        change(self.pacing().ok_or(Refusal::NoPace)?);
        self.tell_pace();
        Ok(self.done(sentence.to_owned()))
    }

    fn speed_up(&self, speed: f64) -> Result<Done, Refusal> {
        let pacing = self.pacing().ok_or(Refusal::NoPace)?;
        if !speed.is_finite() || speed <= 0.0 {
            return Err(Refusal::NoSpeed);
        }
        pacing.set_speed(speed);
        self.tell_pace();
        Ok(self.done(format!("a second has {} seconds of the clock", pacing.speed())))
    }

    /// Has something go wrong between peers.
    fn trouble(&mut self, kind: FaultKind<usize>, trouble: Trouble, sentence: String) -> Done {
        // So short that every program that reads JSON reads it right.
        let seed = u64::from(self.seeds.random::<u32>());
        let is_random = matches!(trouble, Trouble::Conditions { .. });
        self.air.set(self.next, trouble, seed);
        self.add(kind, sentence, is_random.then_some(seed))
    }

    fn add(&mut self, kind: FaultKind<usize>, sentence: String, seed: Option<u64>) -> Done {
        let number = self.next;
        self.next += 1;
        self.tell(DemoEvent::FaultSet {
            fault: number,
            kind: kind.name().to_owned(),
            sentence: sentence.clone(),
            seed,
        });
        self.faults.insert(number, Fault { kind, sentence: sentence.clone() });
        Done { sentence, fault: Some(number) }
    }

    fn end(&mut self, fault: u64) {
        self.air.clear(fault);
        self.faults.remove(&fault);
        self.tell(DemoEvent::FaultCleared { fault });
    }

    fn done(&self, sentence: String) -> Done {
        Done { sentence, fault: None }
    }

    fn tell(&self, event: DemoEvent) {
        self.source.publish(self.clock.now(), event);
    }

    fn tell_pace(&self) {
        if let Some(pacing) = self.pacing() {
            let (paused, speed) = (pacing.is_paused(), pacing.speed());
            self.tell(DemoEvent::PaceChanged { paused, speed });
        }
    }
}
