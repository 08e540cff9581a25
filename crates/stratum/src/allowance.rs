//! How many lines a connection may send: a token bucket.

use std::time::Duration;

use althing_types::Moment;

/// Lines that may arrive at once,
pub const LINES_AT_ONCE: u32 = 1000;

/// and in each second after that.
pub const LINES_PER_SECOND: u32 = 50;

/// How many more lines a connection may send (a token bucket).
#[derive(Clone, Debug)]
pub(crate) struct Allowance {
    lines: u32,
    /// When tokens were last added.
    since: Moment,
}

impl Allowance {
    pub(crate) fn new(now: Moment) -> Self {
        Self { lines: LINES_AT_ONCE, since: now }
    }

    /// Takes one token for a line, and returns whether there was one left.
    pub(crate) fn take(&mut self, now: Moment) -> bool {
        let time_of_one = Duration::from_secs(1) / LINES_PER_SECOND;
        let more = (now - self.since).as_nanos() / time_of_one.as_nanos();
        if more > 0 {
            let more = u32::try_from(more).unwrap_or(u32::MAX);
            self.lines = self.lines.saturating_add(more).min(LINES_AT_ONCE);
            self.since = now;
        }
        let is_left = self.lines > 0;
        self.lines = self.lines.saturating_sub(1);
        is_left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_noticed_and_a_stream_is_not() {
        let mut allowance = Allowance::new(Moment::START);
        let taken = (0..2 * LINES_AT_ONCE).filter(|_| allowance.take(Moment::START)).count();
        assert_eq!(taken, LINES_AT_ONCE as usize);
        let mut now = Moment::START;
        for _ in 0..10 * LINES_AT_ONCE {
            now = now + Duration::from_secs(1) / LINES_PER_SECOND;
            assert!(allowance.take(now));
        }
    }
}
