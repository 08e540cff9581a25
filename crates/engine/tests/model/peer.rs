//! One peer of the model: its engine, its disk, and what can happen to it next.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use althing_engine::rounds::{
    Counting, Decision, Election, ElectionEvery, Event, Identity, Input, Issuing, Message, Output,
    Rounds, Rules, Sealed, Seat, Signatures, Tie, Timeouts, Timer, Unsigned,
};
use althing_pow::Puzzle;
use althing_types::{Difficulty, Moment, PeerId, Seed, Term, Transaction};

use crate::durable::{Disk, Fault, Words};

/// Members of the network.
pub(crate) const PEERS: usize = 3;

/// How the peers of a model behave.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct Behaviour {
    /// Which of their messages reach anybody.
    pub(crate) speech: Speech,
    /// What they do wrong.
    pub(crate) fault: Fault,
}

/// Which messages reach anybody. Announcements never do: who is a member is settled.
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
    /// It hears what somebody has said.
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

/// What a peer has said.
pub(crate) type Said = Vec<(MessageId, Arc<Sealed>)>;

#[derive(Clone, Hash)]
pub(crate) struct Peer {
    index: usize,
    behaviour: Behaviour,
    engine: Rounds,
    pub(crate) disk: Disk,
    pub(crate) words: Words,
    /// Whom it saw elected.
    pub(crate) leaders: BTreeMap<Term, PeerId>,
    timers: BTreeSet<Timer>,
    search: Option<Transaction>,
    /// How often the power has failed.
    pub(crate) failures: u8,
    /// How often it found that every wait was over.
    pub(crate) looks: u8,
}

impl Peer {
    /// Returns a member of a settled roster that has just started, and what it says.
    pub(crate) fn start(index: usize, behaviour: Behaviour) -> (Self, Said) {
        let disk = Disk::default();
        let mut peer = Self {
            index,
            behaviour,
            engine: engine(index, 0, &disk, behaviour),
            disk,
            words: Words::default(),
            leaders: BTreeMap::new(),
            timers: BTreeSet::new(),
            search: None,
            failures: 0,
            looks: 0,
        };
        let said = peer.begin();
        (peer, said)
    }

    /// Returns what can happen to the peer besides that it hears something.
    pub(crate) fn happenings(&self) -> impl Iterator<Item = Happening> {
        let timers = self.timers.iter().copied().map(Happening::Timer);
        let found = self.search.map(|_| Happening::Find);
        timers.chain(found).chain([Happening::Repeat, Happening::Look, Happening::Nothing])
    }

    /// Lets something happen to the peer; `message` is what it hears. After `effects_max` of its
    /// effects on others or on its disk the power fails, and the rest of them do not come.
    pub(crate) fn live(
        &mut self,
        happening: Happening,
        message: Option<&Sealed>,
        effects_max: usize,
    ) -> Effects {
        let mut effects = Effects::up_to(effects_max);
        match happening {
            Happening::Nothing => {}
            Happening::Hear(_) => {
                let sealed = message.expect("what is heard was said").clone();
                self.handle(Moment::START, Input::Message(sealed), &mut effects);
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
                let transaction = self.search.take().expect("it searches");
                let seed = solution(self.index);
                let solved = Input::Solved { transaction, seed };
                self.handle(Moment::START, solved, &mut effects);
            }
        }
        effects
    }

    /// Starts again after the power has failed, and returns what it says.
    pub(crate) fn restart(&mut self) -> Said {
        self.failures += 1;
        self.engine = engine(self.index, self.failures, &self.disk, self.behaviour);
        self.timers.clear();
        self.search = None;
        self.begin()
    }

    fn begin(&mut self) -> Said {
        let mut effects = Effects::up_to(usize::MAX);
        self.handle(Moment::START, Input::Start, &mut effects);
        effects.said
    }

    /// Returns what tells it from all other states of all peers.
    pub(crate) fn fingerprint(&self) -> u64 {
        fingerprint(self)
    }

    fn handle(&mut self, now: Moment, input: Input, effects: &mut Effects) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let mut outputs = Vec::new();
            self.engine.handle(now, input, &mut outputs);
            for output in outputs {
                let is_effect = matches!(output, Output::Persist(_) | Output::Broadcast(_));
                if is_effect && effects.count == effects.max {
                    return;
                }
                effects.count += usize::from(is_effect);
                self.carry_out(output, &mut effects.said, &mut inputs);
            }
        }
    }

    fn carry_out(&mut self, output: Output, said: &mut Said, inputs: &mut Vec<Input>) {
        match output {
            Output::Persist(durable) => {
                self.words.note_durable(&durable);
                self.disk.write(durable);
            }
            Output::Broadcast(sealed) if !self.behaviour.speech.is_heard(&sealed.message) => {}
            Output::Broadcast(sealed) => {
                self.words.note_message(&sealed.message);
                said.push((MessageId(fingerprint(&sealed)), Arc::new(sealed)));
            }
            // One is always about to run out.
            Output::SetTimer { timer: Timer::Repeat, .. } => {}
            // Here it is always the right moment to answer.
            Output::SetTimer { timer: Timer::Announce, .. } => {
                inputs.push(Input::Timer(Timer::Announce));
            }
            Output::SetTimer { timer, .. } => {
                self.timers.insert(timer);
            }
            Output::Mine { transaction, .. } => self.search = Some(transaction),
            Output::CancelMining => self.search = None,
            Output::Recall { from, count } => {
                inputs.push(Input::Recalled(self.disk.recall(from, count)));
            }
            Output::Event(Event::LeaderElected { leader, term, .. }) => {
                self.leaders.insert(term, leader);
            }
            Output::Event(_) => {}
        }
    }
}

/// What others or the disk notice of what happened to a peer.
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

fn engine(index: usize, life: u8, disk: &Disk, behaviour: Behaviour) -> Rounds {
    let entropy = [u8::try_from(index).expect("few peers") + 16 * life; 32];
    let (id, seat) = (id(index), Seat::Member);
    let identity = Identity { id, seat, entropy, authenticator: Box::new(Unsigned) };
    let roster = (0..PEERS).map(|index| (self::id(index), None)).collect();
    Rounds::new(rules(), identity, disk.recovered(roster, behaviour.fault))
}

fn rules() -> Rules {
    // Longer than any run of the model.
    let never = Duration::from_secs(1 << 20);
    Rules {
        peers: NonZeroU16::new(3).expect("three is not zero"),
        election: Election::HighestDraw { draw_max: 255, tie: Tie::SmallestId },
        election_every: ElectionEvery::Once,
        decision: Decision::Majority,
        counting: Counting::Members,
        puzzle: Puzzle::Sha1Integer,
        challenges: Difficulty::MIN..=Difficulty::MIN,
        issuing: Issuing::AtOnce,
        signatures: Signatures::None,
        timeouts: Timeouts { challenge: never, silence: never, ..Timeouts::default() },
        pause: Duration::ZERO,
        rounds: Some(Transaction::new(1)),
    }
}

fn id(index: usize) -> PeerId {
    PeerId::new(100 + index as u128)
}

/// Returns what this peer finds whenever it searches; each finds something else.
fn solution(index: usize) -> Seed {
    let solves = |seed: &Seed| Puzzle::Sha1Integer.check(seed, Difficulty::MIN).is_ok();
    let mut solutions = (0..).map(Seed::from).filter(solves);
    solutions.nth(index).expect("every second number solves the easiest challenge")
}

fn fingerprint(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
