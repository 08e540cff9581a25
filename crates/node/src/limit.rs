//! A limit that keeps a flood out of the events.

use std::time::Duration;

use althing_types::Moment;

/// Keeps a flood out of the reports, such as a stranger's of messages that are refused: after some
/// in a second the others are only counted.
#[derive(Debug)]
pub(crate) struct Limit {
    /// What is reported one by one in a second.
    reported_max: u32,
    since: Moment,
    reported: u32,
    unreported: u64,
}

const SECOND: Duration = Duration::from_secs(1);

impl Limit {
    pub(crate) fn new(reported_max: u32) -> Self {
        Self { reported_max, since: Moment::START, reported: 0, unreported: 0 }
    }

    /// Counts one more, and returns whether to report it.
    pub(crate) fn count(&mut self) -> bool {
        if self.reported < self.reported_max {
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
        let mut refusals = Limit::new(20);
        let reported = (0..1000).filter(|_| refusals.count()).count();
        assert_eq!(reported, 20);
        assert_eq!(refusals.take_unreported(Moment::START), None);
        let later = Moment::START + SECOND;
        assert_eq!(refusals.take_unreported(later), Some(980));
        assert_eq!(refusals.take_unreported(later + SECOND), None);
        assert!(refusals.count());
    }
}
