//! One peer of the model: its engine, its disk, and what can happen to it next.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroU16;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use althing_engine::rounds::{
    CertifiedRecord, Counting, Customs, Decision, Durable, Election, ElectionEvery, Event,
    Identity, Input, Issuing, Message, Output, Past, Rounds, Rules, Seat, Signatures, Signed,
    State, Tie, Timeouts, Timer, Unsigned,
};
use althing_engine::{Origin, Recovered};
use althing_pow::Puzzle;
use althing_sim::host::{CrashAt, Disk, Effect, Entries, Host};
use althing_types::{Difficulty, Moment, PeerId, Seed, Term, Transaction};

use crate::history::{Fault, History};

/// Members of the network.
pub(crate) const PEERS: usize = 3;

/// How the peers of a model behave.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct Behaviour {
    /// Which of their messages reach other peers.
    pub(crate) speech: Speech,
    /// Their deliberate bug, if any.
    pub(crate) fault: Fault,
}

/// Which messages reach other peers. Announcements never do: the members are settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Speech {
    /// Those of the election only.
    Election,
    /// All.
    All,
}

impl Speech {
    fn is_heard(self, message: &Message) -> bool {
        match message {
            Message::Announcement { .. } => false,
            Message::Election { .. } => true,
            _ => self == Self::All,
        }
    }
}

/// One thing that can happen to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Happening {
    /// It hears a message of another peer.
    Hear(MessageId),
    /// A timer that it has set runs out.
    Timer(Timer),
    /// It repeats itself, and finds that no wait is over.
    Repeat,
    /// It repeats itself, and finds that every wait is over.
    Look,
    /// Its search ends with a solution.
    Find,
    /// Nothing: it is only there for the power to fail.
    Nothing,
}

/// Stands for a message: equal messages have equal ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MessageId(u64);

impl MessageId {
    pub(crate) fn number(self) -> u64 {
        self.0
    }
}

/// A message that a peer has sent.
pub(crate) type Said = Vec<(MessageId, Arc<Signed>)>;

#[derive(Clone, Hash)]
pub(crate) struct Peer {
    index: usize,
    behaviour: Behaviour,
    host: Host<Rounds>,
    pub(crate) history: History,
    /// The leader that it saw elected.
    pub(crate) leaders: BTreeMap<Term, PeerId>,
    timers: BTreeSet<Timer>,
    /// How often the power has failed.
    pub(crate) failures: u8,
    /// How often it found that every wait was over.
    pub(crate) looks: u8,
}

impl Peer {
    /// Returns one of the settled members that has just started, and its messages.
    pub(crate) fn start(index: usize, behaviour: Behaviour) -> (Self, Said) {
        let members = Some((0..PEERS).map(|index| (id(index), None)).collect());
        let mut peer = Self {
            index,
            behaviour,
            host: Host::new(Disk::with_state(State { members, ..State::default() })),
            history: History::default(),
            leaders: BTreeMap::new(),
            timers: BTreeSet::new(),
            failures: 0,
            looks: 0,
        };
        let said = peer.begin();
        (peer, said)
    }

    /// Returns the rows that it has recorded.
    pub(crate) fn rows(&self) -> impl Deref<Target = Entries<CertifiedRecord>> {
        self.host.disk().entries()
    }

    /// Returns what can happen to the peer besides that it hears something.
    pub(crate) fn happenings(&self) -> impl Iterator<Item = Happening> {
        let timers = self.timers.iter().copied().map(Happening::Timer);
        let found = self.host.search().map(|_| Happening::Find);
        let always = [Happening::Repeat, Happening::Look, Happening::Nothing];
        // Nothing happens to one that has left.
        timers.chain(found).chain(always).filter(|_| self.host.is_up())
    }

    /// Lets something happen to the peer; `message` is what it hears. After `effects_max` of its
    /// effects on others or on its disk the power fails, and the rest of them do not come.
    pub(crate) fn live(
        &mut self,
        happening: Happening,
        message: Option<&Signed>,
        effects_max: usize,
    ) -> Effects {
        let mut effects = Effects::up_to(effects_max);
        match happening {
            Happening::Nothing => {}
            Happening::Hear(_) => {
                let signed = message.expect("what is heard was said").clone();
                let heard = Input::Message { from: Origin::default(), message: signed };
                self.handle(Moment::START, heard, &mut effects);
            }
            Happening::Timer(timer) => {
                self.timers.remove(&timer);
                self.handle(Moment::START, Input::Timer(timer), &mut effects);
            }
            Happening::Repeat => {
                // The first time it might keep silent, because something has moved.
                self.handle(Moment::START, Input::Timer(Timer::Repeat), &mut effects);
                self.handle(Moment::START, Input::Timer(Timer::Repeat), &mut effects);
            }
            Happening::Look => {
                self.handle(Moment::START, Input::Timer(Timer::Repeat), &mut effects);
                self.looks += 1;
                let waits = Timeouts::default().leader * u32::from(self.looks);
                self.handle(Moment::START + waits, Input::Timer(Timer::Repeat), &mut effects);
            }
            Happening::Find => {
                let (search, _) = self.host.search().expect("it searches");
                let solved = Input::Solved { search, solution: solution(self.index) };
                self.handle(Moment::START, solved, &mut effects);
            }
        }
        effects
    }

    /// Starts again after the power has failed, and returns its messages.
    pub(crate) fn restart(&mut self) -> Said {
        self.failures += 1;
        self.host.crash();
        self.timers.clear();
        self.begin()
    }

    fn begin(&mut self) -> Said {
        let mut recovered = self.host.disk().recovered().clone();
        match self.behaviour.fault {
            Fault::None => {}
            Fault::ForgetsPromise => recovered.state.promised = None,
            Fault::ForgetsVote => recovered.state.accepted = None,
        }
        self.host.start(engine(self.index, self.failures, recovered));
        let mut effects = Effects::up_to(usize::MAX);
        self.handle(Moment::START, Input::Start, &mut effects);
        effects.said
    }

    /// Returns a fingerprint that differs from those of all other states of all peers.
    pub(crate) fn fingerprint(&self) -> u64 {
        fingerprint(self)
    }

    fn handle(&mut self, now: Moment, input: Input, effects: &mut Effects) {
        let mut count = effects.count;
        let max = effects.max;
        // The power fails instead of the first effect that is too much.
        let power = |output: &Output| {
            let is_effect = matches!(output, Output::Persist(_) | Output::Send { .. });
            if is_effect && count == max {
                return Some(CrashAt::Before);
            }
            count += usize::from(is_effect);
            None
        };
        let mut done = Vec::new();
        let handled = self.host.handle_until(now, input, &mut done, power);
        handled.expect("rows come in order");
        effects.count = count;
        // Here it is always the right moment to answer newcomers.
        let is_answer = |effect: &Effect<Rounds>| {
            matches!(effect, Effect::TimerSet { timer: Timer::Announce, .. })
        };
        let answers = done.iter().filter(|effect| is_answer(effect)).count();
        for effect in done {
            self.note(effect, &mut effects.said);
        }
        for _ in 0..answers {
            self.handle(now, Input::Timer(Timer::Announce), effects);
        }
    }

    fn note(&mut self, effect: Effect<Rounds>, said: &mut Said) {
        match effect {
            Effect::Written(durable) => self.history.note_durable(&durable),
            Effect::Sent { message, .. } if self.behaviour.speech.is_heard(&message.message) => {
                self.history.note_message(&message.message);
                said.push((MessageId(fingerprint(&message)), Arc::new(message)));
            }
            // One to repeat itself is always about to run out.
            Effect::TimerSet { timer: Timer::Repeat | Timer::Announce, .. } => {}
            Effect::TimerSet { timer, .. } => {
                self.timers.insert(timer);
            }
            Effect::Event(Event::LeaderElected { leader, term, .. }) => {
                self.leaders.insert(term, leader);
            }
            Effect::Left => self.timers.clear(),
            _ => {}
        }
    }
}

/// An effect on other peers or on the disk.
pub(crate) struct Effects {
    pub(crate) count: usize,
    pub(crate) said: Said,
    max: usize,
}

impl Effects {
    fn up_to(max: usize) -> Self {
        Self { count: 0, said: Said::new(), max }
    }
}

fn engine(index: usize, life: u8, recovered: Recovered<Durable>) -> Rounds {
    let identity = Identity {
        id: id(index),
        seat: Seat::Member,
        past: Past::New,
        entropy: [u8::try_from(index).expect("few peers") + 16 * life; 32],
        authenticator: Box::new(Unsigned),
        solution_cache: None,
    };
    Rounds::new(rules(), identity, recovered)
}

fn rules() -> Rules {
    // Longer than any run of the model.
    let never = Duration::from_secs(1 << 20);
    Rules {
        peers: NonZeroU16::new(3).expect("three is not zero"),
        election: Election::highest(255, Tie::SmallestId),
        election_every: ElectionEvery::Once,
        decision: Decision::Majority,
        counting: Counting::Members,
        puzzle: Puzzle::SHA1_INTEGER,
        challenges: Difficulty::MIN..=Difficulty::MIN,
        issuing: Issuing::AtOnce,
        signatures: Signatures::None,
        timeouts: Timeouts { challenge: never, silence: never, ..Timeouts::default() },
        pause: Duration::ZERO,
        turn: Duration::ZERO,
        rounds: Some(Transaction::new(1)),
        customs: Customs::default(),
    }
}

fn id(index: usize) -> PeerId {
    PeerId::new(100 + index as u128)
}

/// Returns the solution that this peer always finds; each peer has a different one.
fn solution(index: usize) -> Seed {
    let solves =
        |seed: &Seed| Puzzle::SHA1_INTEGER.check(seed, Transaction::FIRST, Difficulty::MIN).is_ok();
    let mut solutions = (0..).map(Seed::from).filter(solves);
    solutions.nth(index).expect("every second number solves the easiest challenge")
}

fn fingerprint(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
