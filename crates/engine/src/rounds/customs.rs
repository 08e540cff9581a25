//! How the programs of a network that counts messages as they arrive behave besides (rules P14 to
//! P18), as data.
//!
//! The defaults are what the published programs of `elect-chain`, `sd` and `ppd` have in common.
//! Where each member counts once, only [`Leading::mines`] has an effect.

use std::num::{NonZeroU8, NonZeroU16};
use std::time::Duration;

use althing_types::Transaction;

/// How the programs of such a network behave besides: everything that is not counting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Customs {
    /// How peers find each other.
    pub joining: Joining,
    /// When peers say what they drew.
    pub drawing: Drawing,
    /// What a leader does.
    pub leading: Leading,
    /// What a leader that judges alone answers.
    pub judging: Judging,
}

/// How peers find each other (rule P14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joining {
    /// When a peer stops waiting for others.
    pub wait: Wait,
    /// The fewest peers that begin when their time is over, this one included.
    pub min: NonZeroU16,
    /// How long a peer waits before it says its id for the first time.
    pub delay: Duration,
    /// How often it says it then.
    pub burst: NonZeroU8,
    /// The time between two ids of a burst.
    pub gap: Duration,
    /// How often it says its id again while it waits for others.
    pub every: Option<Duration>,
    /// What an id that is said again counts for.
    pub repeats: Repeats,
    /// Whether the sender of a draw is taken for a peer that has said its id.
    pub learns_from_draws: bool,
    /// Whether the id of this peer can only be heard as often as peers say it: a broker that keeps
    /// messages may say it as well.
    pub hears_ids_once: bool,
    /// Whether a peer says its key with its id, where peers sign, and not by itself.
    pub says_key: bool,
}

/// When a wait is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// When all are there.
    #[default]
    All,
    /// After this time, with those that are there by then.
    Time(Duration),
    /// When all are there, or after this time with those that are there by then.
    AllOrTime(Duration),
}

/// What an id that is said again counts for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeats {
    /// Nothing, so that a peer may say its id to each newcomer.
    #[default]
    Ignored,
    /// One more peer, so that each says its id exactly once.
    Counted,
}

/// When peers say what they drew (rule P15).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawing {
    /// How long a peer waits with its draw once it knows the others.
    pub delay: Duration,
    /// How often it says its draw again, until there is a challenge; the draws of a peer then
    /// count once. `None`: it says it once, and each draw that arrives counts.
    pub every: Option<Duration>,
    /// When the draws are counted.
    pub wait: Wait,
}

/// What a leader does (rule P16).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leading {
    /// The number of the first row.
    pub first_row: Transaction,
    /// How long it waits before its first challenge; `None`: as before any other.
    pub delay: Option<Duration>,
    /// Whether it says that it was elected, and is followed from then on.
    pub announced: bool,
    /// Whether it searches for solutions itself.
    pub mines: LeaderMines,
}

/// Whether a leader searches for solutions itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LeaderMines {
    /// It does unless it judges the solutions of others.
    #[default]
    UnlessItJudges,
    /// It does.
    Always,
    /// It does not, unless it is alone.
    Never,
}

/// What a leader that judges alone answers (rule P17). How an answer is written is the codec's
/// choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judging {
    /// To what does not solve the challenge.
    pub wrong: Reply,
    /// To what solves a row that is decided.
    pub late: Reply,
    /// Whether an answer does not say which solution it is about: it is then the finder's first.
    pub omits_solution: bool,
}

/// Whether there is an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reply {
    /// There is.
    #[default]
    Said,
    /// There is none.
    Silent,
}

impl Default for Joining {
    fn default() -> Self {
        Self {
            wait: Wait::All,
            min: NonZeroU16::MIN,
            delay: Duration::ZERO,
            burst: NonZeroU8::MIN,
            gap: Duration::ZERO,
            every: None,
            repeats: Repeats::Ignored,
            learns_from_draws: false,
            hears_ids_once: true,
            says_key: false,
        }
    }
}

impl Wait {
    /// Returns the time after which it is over, if there is one.
    pub const fn time(self) -> Option<Duration> {
        match self {
            Self::All => None,
            Self::Time(time) | Self::AllOrTime(time) => Some(time),
        }
    }

    /// Returns whether it is over, with all or not, and with its time over or not.
    pub const fn is_over(self, has_all: bool, time_is_over: bool) -> bool {
        match self {
            Self::All => has_all,
            Self::Time(_) => time_is_over,
            Self::AllOrTime(_) => has_all || time_is_over,
        }
    }
}

impl Drawing {
    /// Returns whether the draws of one peer count once, however often it says them.
    pub(super) fn counts_peers(&self) -> bool {
        self.every.is_some() || self.wait != Wait::All
    }
}
