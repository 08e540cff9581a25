//! How many rows are decided in a second.

use std::collections::VecDeque;
use std::time::Duration;

use althing_types::Moment;

/// Time over which the pace is averaged.
const WINDOW: Duration = Duration::from_secs(5);

/// Rows it is averaged over at least, however long they took.
const ROWS_MIN: usize = 5;

/// Rows it is averaged over at most.
pub(crate) const ROWS_MAX: usize = 500;

/// When the last rows were decided.
#[derive(Debug, Default)]
pub(crate) struct Pace(VecDeque<Moment>);

impl Pace {
    /// Notes that a row was decided.
    pub(crate) fn note(&mut self, at: Moment) {
        if self.0.len() >= ROWS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(at);
    }

    /// Returns the rows per second of the last few seconds; of the last few rows, if they are slow.
    pub(crate) fn per_second(&self, now: Moment) -> Option<f64> {
        let recent = self.0.iter().rev().take_while(|at| now - **at <= WINDOW).count();
        let count = recent.max(ROWS_MIN).min(self.0.len());
        let intervals = u32::try_from(count.checked_sub(1)?).expect("at most ROWS_MAX");
        if intervals == 0 {
            return None;
        }
        let (first, last) = (*self.0.get(self.0.len() - count)?, *self.0.back()?);
        // A silence is part of the pace only when it is longer than those between the rows:
        // otherwise slow rounds would seem to become slower until the next one is decided.
        let is_stalled = now - last > 3 * (last - first) / intervals;
        let span = if is_stalled { now - first } else { last - first };
        Some(f64::from(intervals) / span.as_secs_f64().max(0.001))
    }

    /// Returns how many are kept.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_start(Duration::from_millis(millis))
    }

    fn paced(rows: u64, millis: u64) -> Pace {
        let mut pace = Pace::default();
        (0..rows).for_each(|row| pace.note(at(row * millis)));
        pace
    }

    #[test]
    fn a_fast_pace_is_that_of_the_last_seconds() {
        let pace = paced(1000, 20);
        let shown = pace.per_second(at(19_990)).expect("there are rows");
        assert!((shown - 50.0).abs() < 0.01, "{shown}");
        assert_eq!(pace.len(), ROWS_MAX);
    }

    #[test]
    fn a_slow_pace_is_that_of_the_last_rows_and_does_not_sink_between_them() {
        let pace = paced(9, 10_000);
        for millis in [80_000, 85_000, 89_999] {
            assert_eq!(pace.per_second(at(millis)), Some(0.1));
        }
    }

    #[test]
    fn a_standstill_shows() {
        let pace = paced(9, 10_000);
        assert_eq!(pace.per_second(at(120_000)), Some(0.05));
    }

    #[test]
    fn one_row_is_no_pace() {
        assert_eq!(paced(0, 0).per_second(at(5)), None);
        assert_eq!(paced(1, 0).per_second(at(5)), None);
        assert_eq!(paced(3, 0).per_second(at(0)), Some(2000.0));
    }
}
