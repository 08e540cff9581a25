//! The timers of a peer that are running.

use std::collections::BTreeMap;
use std::time::Duration;

use althing_types::Moment;

/// A timer that is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due<T> {
    /// When it runs out.
    pub at: Moment,
    /// The engine's timer, which is handed back to it.
    pub timer: T,
}

/// Timers that are running, the earliest first, and equals in the order they were set.
#[derive(Debug)]
pub(crate) struct Timers<T> {
    running: BTreeMap<(Moment, u64), T>,
    set: u64,
}

impl<T> Timers<T> {
    pub(crate) fn new() -> Self {
        Self { running: BTreeMap::new(), set: 0 }
    }

    pub(crate) fn set(&mut self, now: Moment, after: Duration, timer: T) {
        self.set += 1;
        self.running.insert((now + after, self.set), timer);
    }

    /// Returns when the next one is over.
    pub(crate) fn next(&self) -> Option<Moment> {
        self.running.first_key_value().map(|((moment, _), _)| *moment)
    }

    /// Returns all that are running, the earliest first.
    pub(crate) fn running(&self) -> impl Iterator<Item = Due<T>> + '_
    where
        T: Copy,
    {
        self.running.iter().map(|((at, _), timer)| Due { at: *at, timer: *timer })
    }

    /// Removes and returns the timers that have run out.
    pub(crate) fn take_over(&mut self, now: Moment) -> impl Iterator<Item = T> {
        let running = self.running.split_off(&(now, u64::MAX));
        std::mem::replace(&mut self.running, running).into_values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_are_over_in_order_and_not_before() {
        let at = |millis| Moment::from_start(Duration::from_millis(millis));
        let mut timers = Timers::new();
        timers.set(at(0), Duration::from_millis(20), "last");
        timers.set(at(0), Duration::from_millis(10), "first");
        timers.set(at(0), Duration::from_millis(20), "very last");
        timers.set(at(0), Duration::from_millis(31), "later");
        assert_eq!(timers.next(), Some(at(10)));
        assert_eq!(timers.take_over(at(9)).count(), 0);
        assert!(timers.take_over(at(30)).eq(["first", "last", "very last"]));
        assert!(timers.running().eq([Due { at: at(31), timer: "later" }]));
    }
}
