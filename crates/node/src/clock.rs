//! The one clock of a process.

use std::time::Instant;

use althing_types::Moment;

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
