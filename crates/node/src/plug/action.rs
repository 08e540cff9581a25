//! What the user of a network in one process can ask for, and what is refused.

use std::time::Duration;

use althing_faults::{Conditions, Latency};
use althing_feed::PeerName;

/// What the user of a network in one process can ask for. Peers are called as on the feed.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A peer vanishes, and loses all that is not on its disk.
    Crash(PeerName),
    /// A peer that crashed starts, with what is on its disk.
    Restart(PeerName),
    /// A peer stands still: its connections stay, and what comes for it waits.
    Freeze(PeerName),
    /// A peer that stood still goes on.
    Thaw(PeerName),
    /// Something goes wrong from now on, until it is undone.
    Set(FaultKind<PeerName>),
    /// The clock of the network stands still.
    Pause,
    /// It goes on.
    Resume,
    /// It goes on until the next thing happens.
    Step,
    /// So many of its seconds go by in a second.
    Speed(f64),
}

/// What goes wrong until it is undone. `P` is how peers are called: by their names where a fault is
/// asked for; by their numbers, from zero on, where it is set, since names may change.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind<P> {
    /// Messages pass only within these groups. The peers that are in none form one more.
    Partition(Vec<Vec<P>>),
    /// Messages of one peer no longer reach another one.
    Cut {
        /// The peer that is not heard.
        from: P,
        /// The peer that does not hear it.
        to: P,
    },
    /// The messages between two peers meet worse conditions.
    Worsen {
        /// The sender; any, if it is `None`.
        from: Option<P>,
        /// The receiver; any, if it is `None`.
        to: Option<P>,
        /// In what they are worse.
        how: Worse,
    },
    /// A peer starts again as one that breaks the rules.
    Byzantine {
        /// The peer.
        peer: P,
        /// The name of what it does.
        strategy: String,
    },
}

/// In what conditions are worse. Shares are above 0, up to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Worse {
    /// Messages take so much longer.
    Delay(Duration),
    /// This share of them is lost.
    Lose(f64),
    /// This share of them comes twice.
    Duplicate(f64),
    /// This share of them comes with flipped bits.
    Corrupt(f64),
}

/// Why an action is refused, as a sentence. Peers are counted from one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No peer is called so.
    #[error("there is no peer {peer}")]
    NoSuchPeer {
        /// The name.
        peer: String,
    },
    /// No fault has this number.
    #[error("there is no fault {fault}: it was never set, or is over")]
    NoSuchFault {
        /// The number.
        fault: u64,
    },
    /// There is no such strategy.
    #[error("there is no strategy {strategy:?}; they are {known}")]
    NoSuchStrategy {
        /// The name.
        strategy: String,
        /// Those that there are.
        known: String,
    },
    /// The peer has crashed.
    #[error("peer {peer} has crashed; start it again first")]
    Crashed {
        /// The peer.
        peer: usize,
    },
    /// The peer has not crashed.
    #[error("peer {peer} has not crashed, so it cannot be started again")]
    Runs {
        /// The peer.
        peer: usize,
    },
    /// The peer stands still already.
    #[error("peer {peer} stands still already")]
    Frozen {
        /// The peer.
        peer: usize,
    },
    /// The peer does not stand still.
    #[error("peer {peer} does not stand still")]
    NotFrozen {
        /// The peer.
        peer: usize,
    },
    /// The groups of a partition overlap.
    #[error("peer {peer} is in two groups, or twice in one")]
    Overlap {
        /// The peer.
        peer: usize,
    },
    /// A partition leaves all peers in one group.
    #[error("a partition needs two groups with peers, and this one leaves all in one")]
    OneGroup,
    /// A peer cannot be cut from itself.
    #[error("peer {peer} always hears itself")]
    WithItself {
        /// The peer.
        peer: usize,
    },
    /// A share is too small or too large.
    #[error("a share is from 0.01 to 1")]
    Share,
    /// A delay is too long, or none.
    #[error("a delay is from 1 ms to {} s", Worse::DELAY_MAX.as_secs())]
    Delay,
    /// The network goes as fast as it can.
    #[error("this network goes as fast as it can; start it with --pace to change that")]
    NoPace,
    /// A speed is not above zero.
    #[error("a speed is a number above 0")]
    NoSpeed,
    /// The peer cannot start.
    #[error("peer {peer} cannot start: {reason}")]
    CannotStart {
        /// The peer.
        peer: usize,
        /// What stands in its way, as a sentence.
        reason: String,
    },
}

impl<P> FaultKind<P> {
    /// Returns its name, as in `lose`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Partition(_) => "partition",
            Self::Cut { .. } => "cut",
            Self::Worsen { how: Worse::Delay(_), .. } => "delay",
            Self::Worsen { how: Worse::Lose(_), .. } => "lose",
            Self::Worsen { how: Worse::Duplicate(_), .. } => "duplicate",
            Self::Worsen { how: Worse::Corrupt(_), .. } => "corrupt",
            Self::Byzantine { .. } => "byzantine",
        }
    }

    /// Returns the same fault of peers that are called otherwise; the first error, if `call` has
    /// one.
    pub fn called<Q, E>(&self, call: impl Fn(&P) -> Result<Q, E>) -> Result<FaultKind<Q>, E> {
        let any = |peer: &Option<P>| peer.as_ref().map(&call).transpose();
        Ok(match self {
            Self::Partition(groups) => {
                let group = |group: &Vec<P>| group.iter().map(&call).collect();
                FaultKind::Partition(groups.iter().map(group).collect::<Result<_, E>>()?)
            }
            Self::Cut { from, to } => FaultKind::Cut { from: call(from)?, to: call(to)? },
            Self::Worsen { from, to, how } => {
                FaultKind::Worsen { from: any(from)?, to: any(to)?, how: *how }
            }
            Self::Byzantine { peer, strategy } => {
                FaultKind::Byzantine { peer: call(peer)?, strategy: strategy.clone() }
            }
        })
    }
}

impl Worse {
    /// The longest delay: longer than any peer waits for another.
    pub const DELAY_MAX: Duration = Duration::from_secs(60);

    /// Returns the conditions that this makes of perfect ones.
    pub(super) fn conditions(self) -> Result<Conditions, Refusal> {
        let perfect = Conditions::perfect();
        Ok(match self {
            Self::Delay(delay) => {
                if !(Duration::from_millis(1)..=Self::DELAY_MAX).contains(&delay) {
                    return Err(Refusal::Delay);
                }
                Conditions { latency: Latency::Fixed(delay), ..perfect }
            }
            Self::Lose(share) => Conditions { loss_percent: percent(share)?, ..perfect },
            Self::Duplicate(share) => {
                Conditions { duplication_percent: percent(share)?, ..perfect }
            }
            Self::Corrupt(share) => Conditions { corruption_percent: percent(share)?, ..perfect },
        })
    }
}

/// Returns a share in whole percents.
fn percent(share: f64) -> Result<u8, Refusal> {
    if !(0.01..=1.0).contains(&share) {
        return Err(Refusal::Share);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 100")]
    Ok((share * 100.0).round() as u8)
}

/// Returns the groups of a partition that have peers, of `peers` in all; those that are in none are
/// the last one.
pub(super) fn whole_groups(
    mut groups: Vec<Vec<usize>>,
    peers: usize,
) -> Result<Vec<Vec<usize>>, Refusal> {
    let mut rest: Vec<usize> = (0..peers).collect();
    for peer in groups.iter().flatten() {
        let place = rest.iter().position(|other| other == peer);
        rest.remove(place.ok_or(Refusal::Overlap { peer: peer + 1 })?);
    }
    groups.push(rest);
    groups.retain(|group| !group.is_empty());
    if groups.len() < 2 { Err(Refusal::OneGroup) } else { Ok(groups) }
}
