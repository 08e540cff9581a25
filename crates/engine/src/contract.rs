//! The contract between an engine and its callers: the driver, the simulator, the model checker and
//! the fuzzer.
//!
//! An engine is a state machine. It is given the time and an [`Input`], and appends [`Output`]s,
//! which must be carried out in their order: what has to survive a crash comes before what reveals
//! it. The shape is that of sans-IO protocol libraries (quinn-proto, str0m). Raft libraries order
//! persistence before messages in the same way (etcd's `Ready`).

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use althing_types::{Address, Moment, PeerId, PeerKey, UnixTime};
use derive_where::derive_where;

use crate::durable::Durable;

/// One peer's side of a protocol, without input or output of its own.
///
/// The same inputs at the same times give the same outputs: an engine has no clock, no entropy and
/// no map with a random order. A stranger's message may cause an [`Output::Event`]; it never causes
/// a panic, and what it makes the engine remember has a named bound.
pub trait Engine: Sized {
    /// What peers say to each other.
    type Message: Clone + Debug + PartialEq;
    /// What a timer was for. One that comes late is recognised by its content and ignored.
    type Timer: Copy + Ord + Debug;
    /// What must be kept, most of it on disk before whatever follows it is carried out.
    type Durable: Durable;
    /// The proof of work that it searches for.
    type Work: ProofOfWork;
    /// What the user of this peer may ask it to do.
    type Command: Clone + Debug + PartialEq;
    /// What has happened, for users, logs and scripts.
    type Event: Clone + Debug + PartialEq;
    /// The current state, for users and scripts.
    type Status;

    /// Handles one input at the time `now`, and appends what must be done to `out`.
    fn handle(&mut self, now: Moment, input: Input<Self>, out: &mut Vec<Output<Self>>);

    /// Returns the current state.
    fn status(&self) -> Self::Status;

    /// Shows the queues that other peers can fill, so that a test can hold each to its bound. The
    /// simulator looks after each input, so this should neither allocate nor copy much.
    fn visit_queues(&self, visit: impl FnMut(Queue));
}

/// What can happen to a peer.
#[derive_where(Clone, Debug, PartialEq)]
pub enum Input<E: Engine> {
    /// The peer can reach its network for the first time. Comes once, before any other input.
    Start,
    /// A message has arrived; on a bus, our own come back too.
    Message {
        /// Where it came from, as far as that can be told.
        from: Origin,
        /// The message, decoded.
        message: E::Message,
    },
    /// Bytes have arrived that are not a message of this network.
    Malformed(Origin),
    /// A timer set by [`Output::SetTimer`] has run out.
    Timer(E::Timer),
    /// The search started by [`Output::Search`] has found a solution.
    Solved {
        /// Which search. A solution of an earlier one is ignored.
        search: SearchId,
        /// The solution, which the engine checks again.
        solution: <E::Work as ProofOfWork>::Solution,
    },
    /// A tracker's list of all peers, which may include this one.
    Peers(Vec<Address>),
    /// The transport reports that a peer is gone. This is only a hint: a stranger may have caused
    /// it.
    PeerLost(PeerId),
    /// The connection to the bus was lost and is there again: messages may have been missed.
    Interrupted,
    /// A peer of another network was heard on the same bus.
    Overheard(Overheard),
    /// The wall clock shows this: it comes before any other input of a peer whose protocol knows
    /// the time of day, and whenever the clock has been set.
    WallClock(UnixTime),
    /// The user of this peer asks for something.
    Command(E::Command),
    /// The log entries asked for by [`Output::Read`], in order; fewer if there are no more.
    Read(Vec<<E::Durable as Durable>::Entry>),
}

/// What the driver must now do, in this order.
#[derive_where(Clone, Debug, PartialEq)]
#[must_use]
pub enum Output<E: Engine> {
    /// Put this on disk before anything that follows is carried out; or, if it [needs no
    /// sync](Durable::needs_sync), soon.
    Persist(E::Durable),
    /// Send a message. It may be lost, repeated or overtaken.
    Send {
        /// The peer or peers that it is for.
        to: Recipient,
        /// The message; the codec signs and encodes it.
        message: E::Message,
    },
    /// Hand back this timer after a while.
    SetTimer {
        /// The time until it runs out.
        after: Duration,
        /// What it is for.
        timer: E::Timer,
    },
    /// Search for a solution, instead of any search still running.
    Search {
        /// The id of this search; never the same twice.
        id: SearchId,
        /// What to search for.
        work: E::Work,
    },
    /// End the search.
    CancelSearch,
    /// Hand back up to `count` entries of the log, beginning with number `from`.
    Read {
        /// The number of the first entry.
        from: u64,
        /// How many at most.
        count: usize,
    },
    /// Publish an event. Carried out after everything before it is kept, so what an event reports
    /// survives a crash, here or on the disks of enough others.
    Event(E::Event),
    /// This peer is done: say goodbye and stop.
    Leave,
}

/// The peer or peers that a message is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Recipient {
    /// All peers of the network, over its bus.
    All,
    /// The peer at this address.
    One(Address),
}

/// Where a message came from, as far as the transport and the codec can tell. The engine checks
/// what the message says about its sender.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address it was sent from; `None` on a bus. Any peer can forge it.
    pub address: Option<Address>,
    /// The key that signed the whole message, where the codec checks signatures.
    pub key: Option<PeerKey>,
}

/// Something that a peer of another network has said on the same bus; it is no message for an
/// engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overheard {
    /// The network that it belongs to, as far as the codec can tell.
    pub network: OtherNetwork,
    /// Tells its sender from others; `None` if it does not name one. Anyone can invent senders.
    pub speaker: Option<u64>,
    /// Whether it came on a channel of our own network, so that its sender hears us as well.
    pub among_us: bool,
}

/// Another network on the same bus, as our user is told of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherNetwork {
    /// How its peers speak, as in `as the published program`.
    pub speech: Arc<str>,
    /// What to do to join them, as in `use --variant published`.
    pub advice: Arc<str>,
}

/// The id of one search for a solution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SearchId(pub u64);

impl SearchId {
    /// Returns the id of the next search.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Something to search for, in a form that any miner understands.
///
/// The candidates are numbered within parts: most puzzles have one part, and a block header with a
/// nonce of 32 bits has as many as there are values of the extra nonce.
pub trait ProofOfWork: Clone + Debug + PartialEq + Send + Sync + 'static {
    /// A solution, as the engine wants it back.
    type Solution: Clone + Debug + PartialEq + Send + 'static;

    /// A search begins at a random candidate below this, so that peers that search for the same
    /// thing find different solutions; 1 where each peer searches for something different anyway.
    const FIRST_CANDIDATE_MAX: u64;

    /// Returns what to hash in this part of the search, or `None` if there are no more parts.
    fn part(&self, part: u32) -> Option<althing_pow::Work>;

    /// Returns the solution that is candidate `index` of `part`.
    fn solution(&self, part: u32, index: u64) -> Self::Solution;
}

/// A queue that other peers can fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    /// The name of what it holds.
    pub name: &'static str,
    /// How many there are.
    pub len: usize,
    /// How many there may be.
    pub max: usize,
}
