//! Peers that elect a leader, mine its challenges, vote, and keep one table.
//!
//! [`Rules`] say how a network of this kind works: how it elects and how often, who decides, which
//! puzzle it mines, what is signed. What they say of [`Counting`] chooses between two machines:
//!
//! - [`Counting::Members`]: every message belongs to a member and a term, and a row of the table
//!   has a majority of *all* members behind it, whatever is lost, repeated or killed. This is Paxos
//!   with two changes: the proposer is drawn by lot, and the value that it proposes must solve a
//!   puzzle. See `paxos` for the rules.
//! - [`Counting::Arrivals`] and [`Counting::ArrivalsOfRow`]: messages are counted as they arrive,
//!   as the published programs do. It guarantees only what they guarantee, and exists so that an
//!   Althing peer can share a network with them. See `published`.
//!
//! This engine does not sign or encode messages (the dialect does), store the table (the store
//! does), or search for solutions (the miner does).
//!
//! | file | question |
//! | --- | --- |
//! | `paxos` | how do members agree, whatever fails? |
//! | `published` | how do the published programs count? |
//! | `rules` | in what do such networks differ? |
//! | `election` | whom do draws make the leader? |
//! | `customs` | what else do programs do that count messages as they arrive? |
//! | `message` | what do peers send each other? |
//! | `interface` | what can a peer be told, and what does it report? |
//! | `durable` | what must a peer not forget? |
//! | `search` | what does a peer search for, or know already? |
//! | `authenticator` | what signs messages and checks them? |
//! | `signature` | what is a signature to the engine? |
//! | `start` | how often has a peer started? |
//! | `record` | what is a row of the table? |
//! | `certificate` | what proves a row to one who was not there? |
//! | `equivocation` | which words prove that a peer has a copy, or lies? |
//! | `status` | how are things with a peer? |
//! | `waiting` | what is a peer waiting for, and how is it told? |
//! | `watch` | what is decided, and who breaks a rule, as one that watches hears it? |

mod authenticator;
mod certificate;
mod customs;
mod durable;
mod election;
mod equivocation;
mod interface;
mod message;
mod paxos;
mod published;
mod record;
mod rules;
mod search;
mod signature;
mod start;
mod status;
mod waiting;
mod watch;

pub use self::authenticator::{Authenticator, Unsigned};
pub use self::certificate::Audit;
pub use self::customs::{
    Customs, Drawing, Joining, Judging, LeaderMines, Leading, Repeats, Reply, Wait,
};
pub use self::durable::{Durable, MemberKeys, OwnStart, Promised, Recovered, Sessions, State};
pub use self::election::{Compare, Draw, Election, ElectionRule, Tie};
pub use self::equivocation::{Equivocation, SignedStart, SignedVote};
pub use self::interface::{Command, Event, Refusal, Timer};
pub use self::message::{
    Cause, ElectionState, MembershipDigest, Message, Place, Promise, Ruling, Signed,
};
pub use self::record::{Accepted, CertifiedRecord, Record};
pub use self::rules::{Counting, Decision, ElectionEvery, Issuing, Rules, Signatures, Timeouts};
pub use self::search::Challenge;
pub use self::signature::{PublicKey, Signature};
pub use self::start::{Start, StartsDigest};
pub use self::status::Status;
pub use self::waiting::Waiting;

use std::time::Duration;

use althing_pow::SolutionCache;
use althing_text::Name;
use althing_types::{Moment, PeerId};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use self::paxos::Paxos;
use self::published::Published;
use self::watch::Watch;
use crate::overhearing::{Overhearing, Overhears};
use crate::{Engine, OtherNetwork, Overheard, Queue};

/// Whether a peer takes part or only observes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// Announces itself, draws, mines and votes.
    Member,
    /// Follows the table without being counted.
    Observer,
    /// Says nothing at all, may come in the middle, and judges what the others say.
    Watcher,
}

/// What a peer may have said before it starts: it cannot tell by its disk, which may have been
/// copied, or be an old one (rules I2 and I3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// Nothing: its identity was made for this start.
    New,
    /// At least what is on its disk. The other members are asked first.
    Kept,
    /// What is on its disk and no more: its user vouches that there is no copy.
    Vouched,
}

/// One peer's view of a network with rounds.
///
/// Feed it [`Input::Start`] once, then every other input; carry out the outputs in their order. A
/// model checker clones it to explore alternatives, and recognises visited states by its hash.
#[derive(Clone, Hash)]
pub struct Rounds {
    machine: Machine,
    /// How many members the network has.
    size: usize,
    overhearing: Overhearing,
}

#[derive(Clone, Hash)]
enum Machine {
    Paxos(Box<Paxos>),
    Published(Box<Published>),
    Watch(Box<Watch>),
}

/// What can happen to a peer of a network with rounds.
pub type Input = crate::Input<Rounds>;

/// What its driver must do.
pub type Output = crate::Output<Rounds>;

/// What distinguishes one peer from the others of its network.
pub struct Identity {
    /// Its id in the network.
    pub id: PeerId,
    /// Whether it takes part.
    pub seat: Seat,
    /// What it may have said before this start.
    pub past: Past,
    /// Seeds its draws and the choice of its challenges.
    pub entropy: [u8; 32],
    /// Signs its messages, and checks those of others.
    pub authenticator: Box<dyn Authenticator>,
    /// The solutions of earlier challenges; `None` if it must search for each solution.
    pub solution_cache: Option<SolutionCache>,
}

impl Rounds {
    /// Returns a peer that has not sent anything yet, with what it recovered after a restart. Where
    /// messages are counted as they arrive that is nothing: a session begins (rule P12).
    pub fn new(rules: Rules, identity: Identity, recovered: Recovered) -> Self {
        let rng = ChaCha8Rng::from_seed(identity.entropy);
        let size = rules.membership_size();
        let machine = match rules.counting {
            _ if identity.seat == Seat::Watcher => {
                Machine::Watch(Box::new(Watch::new(rules, identity, rng)))
            }
            Counting::Members => {
                Machine::Paxos(Box::new(Paxos::new(rules, identity, rng, recovered)))
            }
            Counting::Arrivals | Counting::ArrivalsOfRow => {
                Machine::Published(Box::new(Published::new(rules, identity, rng)))
            }
        };
        Self { machine, size, overhearing: Overhearing::default() }
    }

    /// Gives this peer a name that it says to the others, where members are counted. The published
    /// programs know no names.
    #[must_use]
    pub fn called(mut self, name: Option<Name>) -> Self {
        if let Machine::Paxos(paxos) = &mut self.machine {
            paxos.call(name);
        }
        self
    }

    /// Recognises a member of a network with another number of members on our own topics: each
    /// side was told another `--peers`, and neither counts the other (rule A8).
    fn of_another_size(&self, message: &Message) -> Option<Overheard> {
        let peer = message.peer();
        let theirs = match (message, &self.machine) {
            (Message::Announcement { members: Some(members), .. }, _) => members.len(),
            // Before their members are settled, they name them only by a digest.
            (Message::Election { state: Some(state), .. }, Machine::Paxos(paxos)) => {
                paxos.size_of(state.members)?
            }
            _ => return None,
        };
        (theirs > 0 && theirs != self.size).then(|| Overheard {
            network: OtherNetwork {
                speech: format!("for a network of {theirs} members, where ours has {}", self.size)
                    .into(),
                advice: format!("use --peers {theirs}").into(),
            },
            // Only equal ids must be equal here.
            speaker: u64::try_from(peer.number() & u128::from(u64::MAX)).ok(),
            among_us: true,
        })
    }
}

impl Machine {
    fn handle(&mut self, now: Moment, input: Input, out: &mut Vec<Output>) {
        match self {
            Self::Paxos(paxos) => paxos.handle(now, input, out),
            Self::Published(published) => published.handle(now, input, out),
            Self::Watch(watch) => watch.handle(now, input, out),
        }
    }
}

impl Overhears for Rounds {
    const TIMER: Timer = Timer::Overheard;

    fn overheard(network: OtherNetwork, peers: usize) -> Event {
        Event::NetworkOverheard { network, peers }
    }
}

impl Engine for Rounds {
    type Message = Signed;
    type Timer = Timer;
    type Durable = Durable;
    type Work = Challenge;
    type Command = Command;
    type Event = Event;
    type Status = Status;

    #[inline]
    fn handle(&mut self, now: Moment, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Overheard(overheard) => {
                if let Machine::Published(published) = &mut self.machine {
                    published.note_neighbour(overheard.among_us);
                }
                self.overhearing.hear(overheard, out);
            }
            Input::Timer(Timer::Overheard) => self.overhearing.on_timer(out),
            input => {
                if let Input::Message { message, .. } = &input
                    && let Some(overheard) = self.of_another_size(&message.message)
                {
                    self.overhearing.hear(overheard, out);
                }
                self.machine.handle(now, input, out);
            }
        }
    }

    fn status(&self) -> Status {
        match &self.machine {
            Machine::Paxos(paxos) => paxos.status(),
            Machine::Published(published) => published.status(),
            Machine::Watch(watch) => watch.status(),
        }
    }

    fn visit_queues(&self, mut visit: impl FnMut(Queue)) {
        visit(self.overhearing.queue());
        match &self.machine {
            Machine::Paxos(paxos) => paxos.queues().into_iter().for_each(visit),
            Machine::Published(published) => published.queues().into_iter().for_each(visit),
            Machine::Watch(watch) => watch.queues().into_iter().for_each(visit),
        }
    }
}

/// How long a peer that has all rows stays for peers that lack some. It leaves sooner when it knows
/// that all others have them too.
const LINGER: Duration = Duration::from_secs(5);

fn leave_later() -> Output {
    Output::SetTimer { after: LINGER, timer: Timer::Leave }
}

fn refuse(claimed: PeerId, reason: Refusal, out: &mut Vec<Output>) {
    out.push(Output::Event(Event::MessageRefused { claimed, reason }));
}
