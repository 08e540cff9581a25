//! Latency, loss, duplication and damage of messages.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::chance::{happens, long_tailed};

/// The conditions that apply to each message on its way to one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// How long a message takes.
    pub latency: Latency,
    /// How many of a hundred messages are lost.
    pub loss_percent: u8,
    /// How many of a hundred messages come twice.
    pub duplication_percent: u8,
    /// How many of a hundred messages come with some bits flipped.
    pub corruption_percent: u8,
}

/// How long a message takes to one peer. Except with [`Latency::Fixed`] and
/// [`Latency::PerQueue`], messages overtake each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Latency {
    /// Always the same, so that all peers see one order.
    Fixed(Duration),
    /// Anything between two bounds, evenly.
    Uniform(RangeInclusive<Duration>),
    /// Anything between two bounds, evenly; but what one peer sends on one topic reaches each peer
    /// in its order, as through the queues of an AMQP broker. Messages of different senders, or on
    /// different topics, come in another order at each peer.
    PerQueue(RangeInclusive<Duration>),
    /// Half of the messages take less than `median`, and few take very much longer.
    LongTailed {
        /// The median: half of the messages need no longer.
        median: Duration,
        /// No message takes longer.
        longest: Duration,
    },
}

/// Most bits that a damaged message has flipped.
const FLIPS_MAX: usize = 3;

impl Conditions {
    /// A broker on the same machine: everything arrives, everywhere in the same order.
    pub const fn good() -> Self {
        Self {
            latency: Latency::Fixed(Duration::from_micros(200)),
            loss_percent: 0,
            duplication_percent: 0,
            corruption_percent: 0,
        }
    }

    /// Everything arrives once, whole, and at once.
    pub const fn perfect() -> Self {
        Self { latency: Latency::Fixed(Duration::ZERO), ..Self::good() }
    }

    /// Returns how long every message takes to every peer, if nothing is left to chance.
    pub fn certain(&self) -> Option<Duration> {
        match self {
            Self {
                latency: Latency::Fixed(latency),
                loss_percent: 0,
                duplication_percent: 0,
                corruption_percent: 0,
            } => Some(*latency),
            _ => None,
        }
    }

    /// Returns how many copies of a message arrive: none if it is lost.
    pub fn copies(&self, rng: &mut ChaCha8Rng) -> usize {
        if happens(self.loss_percent, rng) {
            return 0;
        }
        1 + usize::from(happens(self.duplication_percent, rng))
    }
}

impl Latency {
    /// Returns how long one message takes.
    pub fn draw(&self, rng: &mut ChaCha8Rng) -> Duration {
        match self {
            Self::Fixed(latency) => *latency,
            Self::Uniform(bounds) | Self::PerQueue(bounds) if bounds.start() < bounds.end() => {
                rng.random_range(bounds.clone())
            }
            Self::Uniform(bounds) | Self::PerQueue(bounds) => *bounds.start(),
            Self::LongTailed { median, longest } => long_tailed(*median, rng).min(*longest),
        }
    }
}

/// Flips a few bits of a message, if it has any.
pub fn damage(payload: &mut [u8], rng: &mut ChaCha8Rng) {
    if payload.is_empty() {
        return;
    }
    for _ in 0..rng.random_range(1..=FLIPS_MAX) {
        let byte = rng.random_range(0..payload.len());
        payload[byte] ^= 1 << rng.random_range(0..8);
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(latency) => write!(f, "{latency:?}"),
            Self::Uniform(bounds) => write!(f, "{:?} to {:?}", bounds.start(), bounds.end()),
            Self::PerQueue(bounds) => {
                write!(f, "{:?} to {:?} in the order of each sender", bounds.start(), bounds.end())
            }
            Self::LongTailed { median, longest } => {
                write!(f, "{median:?}, now and then up to {longest:?}")
            }
        }
    }
}

impl fmt::Display for Conditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { latency, loss_percent, duplication_percent, corruption_percent } = self;
        write!(f, "messages take {latency}")?;
        for (percent, what) in [
            (loss_percent, "are lost"),
            (duplication_percent, "come twice"),
            (corruption_percent, "come damaged"),
        ] {
            if *percent > 0 {
                write!(f, "; {percent} % {what}")?;
            }
        }
        Ok(())
    }
}
