//! The one clock of a process.

use std::time::Instant;

use althing_types::Moment;

/// The clock of a process: its peers share one, so that their reports can be put in order.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    /// Returns a clock that starts now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Returns the time since the start.
    pub fn now(&self) -> Moment {
        Moment::from_start(self.0.elapsed())
    }

    /// Returns a moment as the runtime wants it.
    pub(crate) fn instant(&self, moment: Moment) -> tokio::time::Instant {
        (self.0 + moment.since_start()).into()
    }
}
