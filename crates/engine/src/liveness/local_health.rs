//! Whether our own process gets the time that it needs to judge others.

use std::time::Duration;

use althing_types::Moment;

/// The most times that the others are given longer.
const SCORE_MAX: u32 = 7;

/// How late our own timers come.
#[derive(Clone, Debug)]
pub(super) struct LocalHealth {
    /// When our next timer should come.
    due: Moment,
    /// Zero while they come in time.
    score: u32,
}

impl LocalHealth {
    /// Returns that of a process whose first timer should come at `due`.
    pub(super) fn new(due: Moment) -> Self {
        Self { due, score: 0 }
    }

    /// A timer has come, and is set anew for `interval` later. Returns how long we have stalled.
    pub(super) fn tick(&mut self, now: Moment, interval: Duration) -> Duration {
        let late = now - self.due;
        self.due = now + interval;
        if late <= interval / 2 {
            self.score = self.score.saturating_sub(1);
            return Duration::ZERO;
        }
        let missed = late.as_micros() / interval.as_micros().max(1);
        let missed = u32::try_from(missed).unwrap_or(u32::MAX);
        self.score = self.score.saturating_add(1).saturating_add(missed).min(SCORE_MAX);
        late
    }

    /// Returns how many times as long as usual another peer may be silent.
    pub(super) fn slowness(&self) -> u32 {
        1 + self.score
    }
}
