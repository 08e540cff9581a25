//! The faults that can happen in a run.

use std::fmt;
use std::time::Duration;

use althing_faults::Latency;

use crate::clock::Skew;

/// Something that goes wrong, or right again. What it says of the network holds until another
/// fault says otherwise, or [`Fault::Heal`] ends them all. `R` is the role of a dishonest peer in
/// this kind of network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault<R> {
    /// A peer stops, and loses all that is not on its disk.
    Crash(Who),
    /// A peer crashes after so many of its next outputs. If the next one is a write, it is on disk
    /// afterwards or it is not, but never half of it.
    CrashAfter(Who, usize),
    /// A peer that is down starts, with what is on its disk.
    Restart(Who),
    /// The disk of a peer is copied, and a further peer starts with the copy, beside the original:
    /// a cloned machine, or a directory that was copied. From here on both count as dishonest,
    /// except that what they record is still checked. Only in networks where it matters.
    CloneDisk(Who),
    /// A backup is made of the disk of a peer, instead of any before.
    BackUpDisk(Who),
    /// A peer stops, gets its backup instead of its disk, and starts again. Without a backup the
    /// fault does nothing.
    RollBackDisk(Who),
    /// A peer does nothing for a while; its input waits.
    Pause(Who),
    /// A paused peer continues, and handles at once all that waited.
    Resume(Who),
    /// A peer takes so long to handle each input.
    Slow(Who, Duration),
    /// A peer's clock goes wrong.
    Skew(Who, Skew),
    /// Nothing that a peer sends reaches any other peer, and nothing reaches it. It keeps running.
    Mute(Who),
    /// Ends [`Mute`](Self::Mute) for a peer.
    Unmute(Who),
    /// Messages do not pass between these peers and the others.
    Partition(Vec<usize>),
    /// Messages of one peer no longer reach another one.
    Cut {
        /// The peer that is not heard.
        from: Who,
        /// The peer that does not hear it.
        to: Who,
    },
    /// As a partition, which comes and goes.
    Flap {
        /// The peers that are cut off from the others.
        side: Vec<usize>,
        /// How long each of its states lasts.
        every: Duration,
    },
    /// Ends partitions, cuts and flapping.
    Mend,
    /// So many of a hundred messages are lost, from now on.
    Lose(u8),
    /// So many of a hundred messages come twice, from now on.
    Duplicate(u8),
    /// So many of a hundred messages come with flipped bits, from now on.
    Corrupt(u8),
    /// With so many of a hundred messages an old one is delivered again, from now on: to any peer,
    /// as if it came from any other.
    Replay(u8),
    /// Messages take this long, from now on.
    Delay(Latency),
    /// The broker restarts: what is under way is forgotten, and what is sent meanwhile is lost.
    /// Networks without a broker do not notice.
    RestartBroker {
        /// How long it is away.
        down: Duration,
        /// Whether the peers' last wills are published.
        last_wills: LastWills,
    },
    /// A peer becomes dishonest in one thing; its engine and its disk stay as they are.
    Byzantine(Who, R),
    /// Everything is repaired: all peers run, with right clocks, and hear each other. A peer
    /// that has become dishonest stays so.
    Heal,
}

/// The peer that a fault affects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// The peer with this index, counted from zero. If there is none, the fault does nothing.
    Peer(usize),
    /// The peer that was elected last, or, in a network with a chain, found the last block. Before
    /// the first, the fault does nothing.
    Leader,
}

/// What a broker does with the last wills that peers left with it, when it comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastWills {
    /// It has forgotten them.
    Forgotten,
    /// It publishes all of them, since every connection broke.
    Published,
}

impl From<usize> for Who {
    fn from(peer: usize) -> Self {
        Self::Peer(peer)
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer(peer) => write!(f, "peer {peer}"),
            Self::Leader => f.write_str("the leader"),
        }
    }
}

impl<R: fmt::Display> fmt::Display for Fault<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crash(who) => write!(f, "{who} crashes"),
            Self::CrashAfter(who, outputs) => write!(f, "{who} crashes after {outputs} outputs"),
            Self::Restart(who) => write!(f, "{who} restarts"),
            Self::CloneDisk(who) => write!(f, "a copy of {who} starts beside it"),
            Self::BackUpDisk(who) => write!(f, "the disk of {who} is saved"),
            Self::RollBackDisk(who) => write!(f, "{who} restarts with its saved disk"),
            Self::Pause(who) => write!(f, "{who} pauses"),
            Self::Resume(who) => write!(f, "{who} continues"),
            Self::Slow(who, time) => write!(f, "{who} takes {time:?} for each input"),
            Self::Skew(who, skew) => write!(f, "the clock of {who} {skew}"),
            Self::Mute(who) => write!(f, "{who} neither sends nor receives"),
            Self::Unmute(who) => write!(f, "{who} sends and receives again"),
            Self::Partition(side) => write!(f, "peers {side:?} are cut off from the others"),
            Self::Cut { from, to } => write!(f, "{to} no longer hears {from}"),
            Self::Flap { side, every } => {
                write!(f, "peers {side:?} are cut off from the others every other {every:?}")
            }
            Self::Mend => f.write_str("all hear each other again"),
            Self::Lose(percent) => write!(f, "{percent} % of messages are lost"),
            Self::Duplicate(percent) => write!(f, "{percent} % of messages come twice"),
            Self::Corrupt(percent) => write!(f, "{percent} % of messages come damaged"),
            Self::Replay(percent) => write!(f, "{percent} % of messages are followed by old ones"),
            Self::Delay(latency) => write!(f, "messages take {latency}"),
            Self::RestartBroker { down, last_wills: LastWills::Forgotten } => {
                write!(f, "the broker restarts, and is away for {down:?}")
            }
            Self::RestartBroker { down, last_wills: LastWills::Published } => {
                write!(f, "the broker restarts, is away for {down:?}, and publishes all last wills")
            }
            Self::Byzantine(who, role) => write!(f, "{who} {role}"),
            Self::Heal => f.write_str("everything is well again"),
        }
    }
}
