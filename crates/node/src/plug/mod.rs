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
pub use self::action::{Action, Refusal, Worse};
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
    /// What was asked for.
    pub action: Action,
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
        Self { air, clock, source, strategies, peers, faults, next: 1, seeds }
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
        match &action {
            Action::Crash(peer) => {
                let number = self.find_up(peer)?;
                peers.crash(number).await;
                self.peers[number].state = State::Crashed;
                self.tell(DemoEvent::PeerCrashed { crashed: peer.clone() });
                Ok(self.done(format!("peer {} crashed", number + 1)))
            }
            Action::Restart(peer) => {
                let number = self.find(peer)?;
                if self.peers[number].state != State::Crashed {
                    return Err(Refusal::Runs { peer: number + 1 });
                }
                self.start(number, peers).await?;
                Ok(self.done(format!("peer {} was started again", number + 1)))
            }
            Action::Freeze(peer) => {
                let number = self.find_up(peer)?;
                if self.peers[number].state == State::Frozen {
                    return Err(Refusal::Frozen { peer: number + 1 });
                }
                self.air.freeze(number, true);
                self.peers[number].state = State::Frozen;
                self.tell(DemoEvent::PeerFrozen { frozen: peer.clone() });
                Ok(self.done(format!("peer {} stands still", number + 1)))
            }
            Action::Thaw(peer) => {
                let number = self.find_up(peer)?;
                if self.peers[number].state != State::Frozen {
                    return Err(Refusal::NotFrozen { peer: number + 1 });
                }
                self.air.freeze(number, false);
                self.peers[number].state = State::Runs;
                self.tell(DemoEvent::PeerThawed { thawed: peer.clone() });
                Ok(self.done(format!("peer {} goes on", number + 1)))
            }
            Action::Byzantine { .. } => self.corrupt(action, peers).await,
            Action::Pause | Action::Resume | Action::Step | Action::Speed(_) => self.pace(&action),
            _ => {
                let trouble = self.trouble(&action)?;
                Ok(self.add(action, Some(trouble)))
            }
        }
    }

    /// Undoes a fault, by its number.
    pub async fn undo(&mut self, fault: u64, peers: &mut impl Peers) -> Result<Done, Refusal> {
        let Fault { action, .. } = self.faults.get(&fault).ok_or(Refusal::NoSuchFault { fault })?;
        let action = action.clone();
        if let Action::Byzantine { peer, .. } = &action
            && let Ok(number) = self.find(peer)
        {
            self.peers[number].byzantine = None;
            if self.peers[number].state != State::Crashed {
                peers.crash(number).await;
                self.start(number, peers).await?;
            }
        }
        self.end(fault);
        Ok(self.done(format!("fault {fault} is over: {}", words::ended(&action, &self.names()))))
    }

    /// Mends everything: undoes all faults, wakes the peers that stand still, and starts those that
    /// crashed.
    pub async fn heal(&mut self, peers: &mut impl Peers) -> Result<Done, Refusal> {
        for fault in self.faults.keys().copied().collect::<Vec<_>>() {
            self.undo(fault, peers).await?;
        }
        for Peer { name, state, .. } in self.peers.clone() {
            match state {
                State::Runs => {}
                State::Crashed => drop(self.act(Action::Restart(name), peers).await?),
                State::Frozen => drop(self.act(Action::Thaw(name), peers).await?),
            }
        }
        Ok(self.done("everything is well again".to_owned()))
    }

    /// Notes that something has happened that can be seen, which ends a step.
    pub fn happened(&self) {
        if self.pacing().is_some_and(Pacing::happened) {
            self.tell_pace();
        }
    }

    /// Returns the number of a peer, from zero.
    pub fn find(&self, peer: &PeerName) -> Result<usize, Refusal> {
        let place = self.peers.iter().position(|known| known.name == *peer);
        place.ok_or_else(|| Refusal::NoSuchPeer { peer: peer.to_string() })
    }

    fn find_up(&self, peer: &PeerName) -> Result<usize, Refusal> {
        let number = self.find(peer)?;
        match self.peers[number].state {
            State::Crashed => Err(Refusal::Crashed { peer: number + 1 }),
            State::Runs | State::Frozen => Ok(number),
        }
    }

    /// Has a peer restart as one that breaks the rules.
    async fn corrupt(&mut self, action: Action, peers: &mut impl Peers) -> Result<Done, Refusal> {
        let Action::Byzantine { peer, strategy } = &action else {
            unreachable!("it is called for this action alone")
        };
        let number = self.find(peer)?;
        if !self.strategies.iter().any(|known| known.name == *strategy) {
            let known = self.strategies.iter().map(|known| known.name.as_str());
            let known = known.collect::<Vec<_>>().join(", ");
            return Err(Refusal::NoSuchStrategy { strategy: strategy.clone(), known });
        }
        let is_same = |fault: &Fault| match &fault.action {
            Action::Byzantine { peer: other, .. } => other == peer,
            _ => false,
        };
        let before =
            self.faults.iter().find(|(_, fault)| is_same(fault)).map(|(before, _)| *before);
        if self.peers[number].state != State::Crashed {
            peers.crash(number).await;
        }
        if let Some(before) = before {
            self.end(before);
        }
        self.peers[number].byzantine = Some(strategy.clone());
        if let Err(refusal) = self.start(number, peers).await {
            self.peers[number].byzantine = None;
            return Err(refusal);
        }
        Ok(self.add(action, None))
    }

    async fn start(&mut self, number: usize, peers: &mut impl Peers) -> Result<(), Refusal> {
        let byzantine = self.peers[number].byzantine.clone();
        // Whatever becomes of it, it does not run now.
        self.peers[number].state = State::Crashed;
        let started = peers.start(number, byzantine.as_deref()).await;
        let name = started.map_err(|reason| Refusal::CannotStart { peer: number + 1, reason })?;
        self.peers[number].state = State::Runs;
        self.peers[number].name = name.clone();
        self.tell(DemoEvent::PeerRestarted { restarted: name, byzantine });
        Ok(())
    }

    fn pace(&self, action: &Action) -> Result<Done, Refusal> {
        let pacing = self.pacing().ok_or(Refusal::NoPace)?;
        let sentence = match action {
            Action::Pause => {
                pacing.pause();
                "the clock stands still".to_owned()
            }
            Action::Step => {
                pacing.step();
                "the clock goes until the next thing happens".to_owned()
            }
            Action::Speed(speed) if !speed.is_finite() || *speed <= 0.0 => {
                return Err(Refusal::NoSpeed);
            }
            Action::Speed(speed) => {
                pacing.set_speed(*speed);
                format!("a second has {} seconds of the clock", pacing.speed())
            }
            _ => {
                pacing.resume();
                "the clock goes".to_owned()
            }
        };
        self.tell_pace();
        Ok(self.done(sentence))
    }

    /// Returns what an action makes go wrong between peers.
    fn trouble(&self, action: &Action) -> Result<Trouble, Refusal> {
        let find = |peer: &Option<PeerName>| peer.as_ref().map(|it| self.find(it)).transpose();
        Ok(match action {
            Action::Partition(groups) => {
                let numbers =
                    |group: &Vec<PeerName>| group.iter().map(|it| self.find(it)).collect();
                let groups = groups.iter().map(numbers).collect::<Result<Vec<Vec<_>>, _>>()?;
                Trouble::Partition(whole_groups(groups, self.peers.len())?)
            }
            Action::Cut { from, to } => {
                let (from, to) = (self.find(from)?, self.find(to)?);
                if from == to {
                    return Err(Refusal::WithItself { peer: from + 1 });
                }
                Trouble::Cut { from, to }
            }
            Action::Worsen { from, to, how } => {
                let conditions = how.conditions()?;
                Trouble::Conditions { from: find(from)?, to: find(to)?, conditions }
            }
            _ => unreachable!("other actions are nothing between peers"),
        })
    }

    fn add(&mut self, action: Action, trouble: Option<Trouble>) -> Done {
        let (number, sentence) = (self.next, words::set(&action, &self.names()));
        self.next += 1;
        // So short that every program that reads JSON reads it right.
        let seed = u64::from(self.seeds.random::<u32>());
        let is_random = matches!(trouble, Some(Trouble::Conditions { .. }));
        if let Some(trouble) = trouble {
            self.air.set(number, trouble, seed);
        }
        self.tell(DemoEvent::FaultSet {
            fault: number,
            kind: action.name().to_owned(),
            sentence: sentence.clone(),
            seed: is_random.then_some(seed),
        });
        self.faults.insert(number, Fault { action, sentence: sentence.clone() });
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

    fn names(&self) -> Vec<PeerName> {
        self.peers.iter().map(|peer| peer.name.clone()).collect()
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
