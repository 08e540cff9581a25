//! How regularly one peer is heard, and for how long it may be silent.

use std::collections::VecDeque;
use std::time::Duration;

use althing_types::Moment;

use super::SilenceLimits;

/// Intervals that are remembered.
const WINDOW: usize = 64;

/// A peer that is heard at intervals of a normal distribution is silent for this many standard
/// deviations longer than usual with a probability of 10^-8: the 8 of Cassandra's φ.
const DEVIATIONS: u64 = 6;

/// A peer that was suspected so often lately has to be heard as often as it ever has to be.
const SETBACKS_MAX: u8 = 4;

/// A peer that was heard so often in a row is forgiven one of the times that it was suspected.
const BEATS_TO_FORGIVE: u16 = 256;

/// The times at which one peer was heard.
#[derive(Clone, Debug)]
pub(super) struct Arrivals {
    last: Moment,
    /// The latest intervals, in microseconds.
    intervals: VecDeque<u64>,
    is_suspected: bool,
    /// Whether the transport says that it is gone.
    is_doubted: bool,
    /// How often it was suspected lately.
    setbacks: u8,
    /// How often it was heard since it was suspected or trusted again, without a long silence.
    beats: u16,
}

impl Arrivals {
    pub(super) fn new(now: Moment) -> Self {
        Self {
            last: now,
            intervals: VecDeque::new(),
            is_suspected: false,
            is_doubted: false,
            setbacks: 0,
            beats: 0,
        }
    }

    pub(super) fn is_suspected(&self) -> bool {
        self.is_suspected
    }

    pub(super) fn doubt(&mut self) {
        self.is_doubted = true;
    }

    /// Returns whether it is trusted again.
    pub(super) fn hear(&mut self, now: Moment, most: Duration) -> bool {
        let interval = now - self.last;
        self.last = self.last.max(now);
        self.is_doubted = false;
        self.beats = self.beats.saturating_add(1);
        if self.is_suspected {
            let needed = 1 << self.setbacks.saturating_sub(1).min(SETBACKS_MAX);
            if self.beats < needed {
                return false;
            }
            (self.is_suspected, self.beats) = (false, 0);
            return true;
        }
        if self.intervals.len() >= WINDOW {
            self.intervals.pop_front();
        }
        self.intervals.push_back(micros(interval.min(most)));
        if self.beats >= BEATS_TO_FORGIVE {
            (self.setbacks, self.beats) = (self.setbacks.saturating_sub(1), 0);
        }
        false
    }

    /// Counts the time in which we stalled as if the peer had been heard in it.
    pub(super) fn forgive(&mut self, stalled: Duration, now: Moment) {
        self.last = (self.last + stalled).min(now.max(self.last));
    }

    /// Looks whether the peer is silent for too long; returns whether that is new.
    pub(super) fn check(&mut self, now: Moment, limits: &SilenceLimits, slowness: u32) -> bool {
        if now - self.last < self.limit(limits) * slowness {
            return false;
        }
        self.suspect()
    }

    /// Suspects the peer; returns whether that is new.
    pub(super) fn suspect(&mut self) -> bool {
        self.beats = 0;
        if self.is_suspected {
            return false;
        }
        self.is_suspected = true;
        self.setbacks = (self.setbacks + 1).min(SETBACKS_MAX + 1);
        true
    }

    /// Returns how long it may be silent.
    fn limit(&self, limits: &SilenceLimits) -> Duration {
        if self.is_doubted {
            return (2 * limits.interval).min(limits.least);
        }
        let count = self.intervals.len().max(1) as u64;
        let mean = self.intervals.iter().sum::<u64>() / count;
        let squares = self.intervals.iter().map(|it| u128::from(it.abs_diff(mean)).pow(2));
        let variance = squares.sum::<u128>() / u128::from(count);
        let deviation = u64::try_from(variance.isqrt()).unwrap_or(u64::MAX);
        let limit = mean.saturating_add(deviation.saturating_mul(DEVIATIONS));
        Duration::from_micros(limit).clamp(limits.least, limits.most)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
