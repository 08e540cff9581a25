use std::fmt;
use std::time::Duration;

use crate::byzantine::Role;
use crate::clock::Skew;
use crate::conditions::Latency;

/// Something that goes wrong, or right again. What it says of the network holds until another
/// fault says otherwise, or [`Fault::Heal`] ends them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A peer stops, and loses all that is not on its disk.
    Crash(Who),
    /// A peer stops in mid-sentence: after so many of its next outputs. If the next one is a
    /// write, it is there afterwards or it is not, but never half of it.
    CrashAfter(Who, usize),
    /// A peer that is down starts, with what is on its disk.
    Restart(Who),
    /// A peer does nothing for a while; what would have happened to it waits.
    Pause(Who),
    /// A paused peer goes on, and all that waited happens to it at once.
    Resume(Who),
    /// A peer takes so long over each thing that happens to it.
    Slow(Who, Duration),
    /// A peer's clock goes wrong.
    Skew(Who, Skew),
    /// These peers and the others do not hear each other.
    Partition(Vec<usize>),
    /// What one peer says no longer reaches another one.
    Cut {
        /// Who is not heard.
        from: Who,
        /// Who does not hear.
        to: Who,
    },
    /// As a partition, which comes and goes.
    Flap {
        /// Who is cut off from the others.
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
    /// Messages take this long, from now on.
    Delay(Latency),
    /// The broker restarts: what is under way is forgotten, and what is said meanwhile is lost.
    RestartBroker {
        /// How long it is away.
        down: Duration,
        /// What it then says of the peers.
        wills: Wills,
    },
    /// A peer stops being honest in one thing; its own disk and mind stay as they are.
    Turn(Who, Role),
    /// Everything is well again: all peers run, with right clocks, and hear each other. Whoever
    /// has stopped being honest stays so.
    Heal,
}

/// Whom a fault is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// The peer with this index, counted from zero in the order of the ids. Nobody, if there are
    /// not so many.
    Peer(usize),
    /// Whoever was elected last; nobody, before the first election.
    Leader,
}

/// What a broker does with the last wills that peers left with it, when it comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wills {
    /// It has forgotten them.
    Forgotten,
    /// It says all of them, since every connection broke.
    Said,
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

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crash(who) => write!(f, "{who} crashes"),
            Self::CrashAfter(who, outputs) => write!(f, "{who} crashes after {outputs} outputs"),
            Self::Restart(who) => write!(f, "{who} restarts"),
            Self::Pause(who) => write!(f, "{who} pauses"),
            Self::Resume(who) => write!(f, "{who} goes on"),
            Self::Slow(who, time) => write!(f, "{who} takes {time:?} over each input"),
            Self::Skew(who, skew) => write!(f, "the clock of {who} {skew}"),
            Self::Partition(side) => write!(f, "peers {side:?} are cut off from the others"),
            Self::Cut { from, to } => write!(f, "{to} no longer hears {from}"),
            Self::Flap { side, every } => {
                write!(f, "peers {side:?} are cut off from the others every other {every:?}")
            }
            Self::Mend => f.write_str("all hear each other again"),
            Self::Lose(percent) => write!(f, "{percent} % of messages are lost"),
            Self::Duplicate(percent) => write!(f, "{percent} % of messages come twice"),
            Self::Corrupt(percent) => write!(f, "{percent} % of messages come damaged"),
            Self::Delay(latency) => write!(f, "messages take {latency}"),
            Self::RestartBroker { down, wills: Wills::Forgotten } => {
                write!(f, "the broker restarts, and is away for {down:?}")
            }
            Self::RestartBroker { down, wills: Wills::Said } => {
                write!(f, "the broker restarts, is away for {down:?}, and says all last wills")
            }
            Self::Turn(who, role) => write!(f, "{who} {role}"),
            Self::Heal => f.write_str("everything is well again"),
        }
    }
}
