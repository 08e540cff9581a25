//! Clocks that may be wrong.

use std::fmt;
use std::time::Duration;

use althing_types::Moment;

/// How a peer's clock is wrong. It never goes back, as no monotonic clock does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew {
    /// How far it goes in a hundred true seconds: 100 is right, 50 half as fast.
    pub percent: u32,
    /// How far it jumps ahead at once.
    pub jump: Duration,
}

impl Skew {
    /// No skew.
    pub const NONE: Self = Self { percent: RIGHT, jump: Duration::ZERO };
}

/// The clock of one peer, which counts from its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// When the skew began, by the true time and by this clock.
    since: Moment,
    shown: Moment,
    percent: u32,
}

const RIGHT: u32 = 100;

/// A clock that stands still would never end a wait.
const SLOWEST: u32 = 1;

impl Clock {
    /// Returns a clock that is right, and shows zero at `now`.
    pub(crate) fn started(now: Moment) -> Self {
        Self { since: now, shown: Moment::START, percent: RIGHT }
    }

    /// Returns what it shows.
    pub(crate) fn show(&self, now: Moment) -> Moment {
        let passed = now - self.since;
        match self.percent {
            RIGHT => self.shown + passed,
            percent => self.shown + passed * percent / RIGHT,
        }
    }

    /// Returns how long it truly takes from `now` until it shows `after` more than now. A timer
    /// may be late and is never early, so this rounds up.
    pub(crate) fn true_time(&self, now: Moment, after: Duration) -> Duration {
        if self.percent == RIGHT {
            return after;
        }
        let shown = (self.show(now) + after) - self.shown;
        let passed = (shown.as_nanos() * u128::from(RIGHT)).div_ceil(self.percent.into());
        let passed = Duration::from_nanos(u64::try_from(passed).unwrap_or(u64::MAX));
        (self.since + passed) - now
    }

    pub(crate) fn skew(&mut self, now: Moment, skew: Skew) {
        let shown = self.show(now) + skew.jump;
        *self = Self { since: now, shown, percent: skew.percent.max(SLOWEST) };
    }

    /// Returns this clock at a restart of its peer: as fast as before, and at zero.
    pub(crate) fn restarted(&self, now: Moment) -> Self {
        Self { since: now, shown: Moment::START, percent: self.percent }
    }
}

impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "jumps ahead by {:?} and runs at {} %", self.jump, self.percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_is_never_early() {
        let mut clock = Clock::started(Moment::START);
        clock.skew(Moment::START, Skew { percent: 457, jump: Duration::ZERO });
        for nanoseconds in 0..1000 {
            let now = Moment::from_start(Duration::from_nanos(7 * nanoseconds));
            let after = Duration::from_nanos(nanoseconds);
            let then = now + clock.true_time(now, after);
            assert!(clock.show(then) - clock.show(now) >= after, "{now} {after:?}");
        }
    }

    #[test]
    fn a_skewed_clock_runs_at_its_own_pace_and_never_back() {
        let at = |seconds| Moment::from_start(Duration::from_secs(seconds));
        let mut clock = Clock::started(at(10));
        assert_eq!(clock.show(at(14)), at(4));
        clock.skew(at(14), Skew { percent: 50, jump: Duration::from_secs(3) });
        assert_eq!(clock.show(at(14)), at(7));
        assert_eq!(clock.show(at(24)), at(12));
        assert_eq!(clock.true_time(at(24), Duration::from_secs(5)), Duration::from_secs(10));
        clock.skew(at(24), Skew::NONE);
        assert_eq!(clock.show(at(25)), at(13));
        assert_eq!(clock.restarted(at(30)).show(at(31)), at(1));
    }
}
