//! A limit that keeps a flood of refused messages out of the events.

use std::time::Duration;

use althing_types::Moment;

/// Keeps a stranger's flood out of the reports: after some refusals in a second the others are
/// only counted.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    since: Moment,
    reported: u32,
    unreported: u64,
}

/// Refusals that are reported one by one in a second.
const REPORTED_MAX: u32 = 20;

const SECOND: Duration = Duration::from_secs(1);

impl Refusals {
    /// Counts a refusal, and returns whether to report it.
    pub(crate) fn count(&mut self) -> bool {
        if self.reported < REPORTED_MAX {
            self.reported += 1;
            return true;
        }
        self.unreported += 1;
        false
    }

    /// Returns how many were not reported in the second that is over, if there are any.
    pub(crate) fn take_unreported(&mut self, now: Moment) -> Option<u64> {
        if now - self.since < SECOND {
            return None;
        }
        self.since = now;
        self.reported = 0;
        self.take_rest()
    }

    /// Returns how many were not reported since the last second that is over, if there are any.
    pub(crate) fn take_rest(&mut self) -> Option<u64> {
        let unreported = std::mem::take(&mut self.unreported);
        (unreported > 0).then_some(unreported)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_summed_up_once_a_second() {
        let mut refusals = Refusals::default();
        let reported = (0..1000).filter(|_| refusals.count()).count();
        assert_eq!(reported, 20);
        assert_eq!(refusals.take_unreported(Moment::START), None);
        let later = Moment::START + SECOND;
        assert_eq!(refusals.take_unreported(later), Some(980));
        assert_eq!(refusals.take_unreported(later + SECOND), None);
        assert!(refusals.count());
    }
}
