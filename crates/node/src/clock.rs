//! The clocks of a process: the one that measures time, and the one that shows the time of day.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use althing_types::{Moment, UnixTime};
#[cfg(target_os = "linux")]
use rustix::time::{ClockId, clock_gettime};

use crate::pacing::Pacing;

/// The clock of a process: its peers share one, so that their reports can be put in order.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
    pacing: Option<&'static Pacing>,
}

impl Clock {
    /// Returns a clock that starts now.
    #[must_use]
    pub fn start() -> Self {
        Self { started: Instant::now(), pacing: None }
    }

    /// Returns a clock that goes at a pace that can be changed, and with it all that peers wait
    /// for.
    #[must_use]
    pub fn paced(pacing: &'static Pacing) -> Self {
        Self { pacing: Some(pacing), ..Self::start() }
    }

    /// Returns the time since the start.
    pub fn now(&self) -> Moment {
        Moment::from_start(match self.pacing {
            Some(pacing) => pacing.now(),
            None => self.started.elapsed(),
        })
    }

    /// Returns its pace, if that can be changed.
    pub(crate) fn pacing(&self) -> Option<&'static Pacing> {
        self.pacing
    }

    /// Sleeps until it shows `moment`.
    pub async fn sleep_until(&self, moment: Moment) {
        match self.pacing {
            Some(pacing) => pacing.sleep_until(moment.since_start()).await,
            None => tokio::time::sleep_until((self.started + moment.since_start()).into()).await,
        }
    }
}

/// Returns the wall-clock time at which `clock` started.
pub(crate) fn wall_time_at_start(clock: Clock) -> UnixTime {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_seconds(since_1970.saturating_sub(clock.now().since_start()).as_secs())
}

/// Watches the time of day, which may be set while a peer runs, and the machine, which may sleep.
#[derive(Clone, Debug)]
pub(crate) struct TimeOfDay {
    /// What the wall clock showed when it was last read, since 1970.
    shown: Duration,
    /// How long the process had run then.
    read: Moment,
    /// How long the machine had slept then, since it was started.
    slept: Duration,
}

/// What the clocks show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) now: Moment,
    /// The time of day, since 1970.
    pub(crate) shown: Duration,
    pub(crate) slept: Duration,
}

/// What has changed since the last reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Jump {
    /// What the wall clock shows now.
    pub(crate) time: UnixTime,
    /// How many milliseconds it has been set forward, or back; without the time asleep.
    pub(crate) by: i64,
    /// How long the machine has slept.
    pub(crate) slept: Duration,
}

/// A difference that is noticed. A clock that is kept right by adjusting its speed differs less
/// between two readings.
const NOTICED: Duration = Duration::from_secs(1);

impl TimeOfDay {
    pub(crate) fn begin(reading: Reading) -> Self {
        let Reading { now, shown, slept } = reading;
        Self { shown, read: now, slept }
    }

    /// Returns what has changed since the last reading that was not as expected.
    pub(crate) fn read(&mut self, reading: Reading) -> Option<Jump> {
        let slept = reading.slept.saturating_sub(self.slept);
        let expected = self.shown + (reading.now - self.read) + slept;
        let by = milliseconds(reading.shown) - milliseconds(expected);
        if by.unsigned_abs() < NOTICED.as_millis() && slept < NOTICED {
            return None;
        }
        *self = Self::begin(reading);
        let by = if by.unsigned_abs() < NOTICED.as_millis() { 0 } else { by };
        let by = i64::try_from(by).unwrap_or(if by < 0 { i64::MIN } else { i64::MAX });
        Some(Jump { time: UnixTime::from_seconds(reading.shown.as_secs()), by, slept })
    }
}

impl Reading {
    /// Reads the clocks of this machine.
    pub(crate) fn of(clock: Clock) -> Self {
        // Not what a paced clock shows, which goes at another speed than the time of day.
        let now = Moment::from_start(clock.started.elapsed());
        let shown = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { now, shown, slept: slept() }
    }
}

/// Returns how long the machine has slept since it was started: one clock stands still meanwhile,
/// the other does not.
#[cfg(target_os = "linux")]
fn slept() -> Duration {
    let read = |id| Duration::try_from(clock_gettime(id)).unwrap_or_default();
    // In this order, so that the time between the two readings does not count as sleep.
    let boot = read(ClockId::Boottime);
    boot.saturating_sub(read(ClockId::Monotonic))
}

#[cfg(not(target_os = "linux"))]
fn slept() -> Duration {
    Duration::ZERO
}

fn milliseconds(time: Duration) -> i128 {
    i128::try_from(time.as_millis()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(now: u64, shown: u64, slept: u64) -> Reading {
        let seconds = Duration::from_secs;
        Reading {
            now: Moment::from_start(seconds(now)),
            shown: seconds(shown),
            slept: seconds(slept),
        }
    }

    fn jump(time: u64, by: i64, slept: u64) -> Option<Jump> {
        let (time, slept) = (UnixTime::from_seconds(time), Duration::from_secs(slept));
        Some(Jump { time, by, slept })
    }

    #[test]
    fn a_clock_that_is_set_is_noticed_in_both_directions() {
        let mut time = TimeOfDay::begin(reading(0, 1000, 0));
        assert_eq!(time.read(reading(10, 1010, 0)), None);
        assert_eq!(time.read(reading(20, 9020, 0)), jump(9020, 8_000_000, 0));
        assert_eq!(time.read(reading(30, 9030, 0)), None);
        assert_eq!(time.read(reading(40, 40, 0)), jump(40, -9_000_000, 0));
        assert_eq!(time.read(reading(41, 41, 0)), None);
    }

    #[test]
    fn a_machine_that_slept_is_not_one_whose_clock_was_set() {
        let mut time = TimeOfDay::begin(reading(0, 1000, 5));
        assert_eq!(time.read(reading(10, 4610, 3605)), jump(4610, 0, 3600));
        assert_eq!(time.read(reading(20, 4620, 3605)), None);
        // It woke without a clock.
        assert_eq!(time.read(reading(30, 30, 7205)), jump(30, -8_200_000, 3600));
    }

    #[test]
    fn the_pace_of_a_clock_does_not_set_the_time_of_day() {
        let clock = Clock::paced(Pacing::start(1.0, 64.0));
        let mut time = TimeOfDay::begin(Reading::of(clock));
        while clock.now().since_start() < 5 * NOTICED {
            std::thread::yield_now();
        }
        assert_eq!(time.read(Reading::of(clock)), None);
    }

    #[test]
    fn the_clocks_of_this_machine_agree_with_themselves() {
        let clock = Clock::start();
        let mut time = TimeOfDay::begin(Reading::of(clock));
        let jump = time.read(Reading::of(clock));
        assert!(jump.is_none_or(|jump| jump.slept.is_zero()), "{jump:?}");
    }
}
