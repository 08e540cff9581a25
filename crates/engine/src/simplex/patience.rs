//! How long to wait for what is due (rule L16).

use std::time::Duration;

use super::interface::Timeouts;

/// Views that have failed in a row and make the others wait longer; each but the first doubles the
/// wait.
const FAILED_MAX: u32 = 10;

/// How long votes take, as TCP estimates the time of a round trip (RFC 6298, with more room: a
/// false alarm costs a view).
#[derive(Clone, Copy, Debug, Default, Hash)]
pub(super) struct Patience {
    /// The smoothed time and its smoothed deviation, in microseconds.
    measured: Option<(u64, u64)>,
    /// Views in a row that we have given up, though their leaders were not suspected.
    failed: u32,
}

impl Patience {
    /// A view has ended with a block, so long after it was proposed, and we have waited for it.
    pub(super) fn succeeded(&mut self, took: Option<Duration>) {
        self.failed = 0;
        let Some(took) = took else { return };
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX / 16).min(u64::MAX / 16);
        self.measured = Some(match self.measured {
            None => (took, took / 2),
            Some((mean, deviation)) => {
                let deviation = (3 * deviation + mean.abs_diff(took)) / 4;
                ((7 * mean + took) / 8, deviation)
            }
        });
    }

    /// We have given up a view.
    pub(super) fn failed(&mut self) {
        self.failed = (self.failed + 1).min(FAILED_MAX);
    }

    /// Returns how long to wait.
    pub(super) fn time(&self, timeouts: &Timeouts) -> Duration {
        let usual = match self.measured {
            None => timeouts.patience,
            Some((mean, deviation)) => {
                let micros = mean.saturating_mul(4).saturating_add(deviation.saturating_mul(8));
                Duration::from_micros(micros).clamp(timeouts.patience_least, timeouts.patience_most)
            }
        };
        // Leaders are drawn, so one that has just died may be drawn twice before it is suspected.
        let doublings = self.failed.saturating_sub(1);
        (usual * (1 << doublings)).min(timeouts.patience_most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_the_network_and_doubles_while_views_fail() {
        let timeouts = Timeouts::default();
        let mut patience = Patience::default();
        let time = |patience: &Patience| patience.time(&timeouts).as_millis();
        assert_eq!(time(&patience), 1000, "nothing was measured");
        for _ in 0..50 {
            patience.succeeded(Some(Duration::from_millis(50)));
        }
        assert_eq!(time(&patience), 200);
        patience.succeeded(Some(Duration::from_millis(1)));
        assert!(time(&patience) > 200, "irregular");
        for _ in 0..100 {
            patience.succeeded(Some(Duration::from_millis(1)));
        }
        assert_eq!(time(&patience), 150, "the least");
        let mut waits = Vec::new();
        for _ in 0..11 {
            patience.failed();
            waits.push(time(&patience));
        }
        assert_eq!(waits[..4], [150, 300, 600, 1200]);
        assert_eq!(waits[9..], [60_000, 60_000]);
        patience.succeeded(None);
        assert_eq!(time(&patience), 150);
        for _ in 0..50 {
            patience.succeeded(Some(Duration::from_millis(750)));
        }
        assert!((3000..3500).contains(&time(&patience)), "slower than was thought at first");
    }
}
