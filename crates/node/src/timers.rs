use std::collections::BTreeMap;
use std::time::Duration;

use althing_types::Moment;

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
    pub(crate) fn running(&self) -> impl Iterator<Item = (Moment, &T)> {
        self.running.iter().map(|((moment, _), timer)| (*moment, timer))
    }

    /// Takes the next one that is over.
    pub(crate) fn take_over(&mut self, now: Moment) -> Option<T> {
        let entry = self.running.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }
}

#[cfg(test)]
mod tests {
    use althing_engine::rounds::Timer;

    use super::*;

    #[test]
    fn timers_are_over_in_order_and_not_before() {
        let at = |millis| Moment::from_start(Duration::from_millis(millis));
        let mut timers = Timers::new();
        timers.set(at(0), Duration::from_millis(20), Timer::Watch);
        timers.set(at(0), Duration::from_millis(10), Timer::Repeat);
        assert_eq!(timers.next(), Some(at(10)));
        assert_eq!(timers.take_over(at(9)), None);
        assert_eq!(timers.take_over(at(30)), Some(Timer::Repeat));
        assert_eq!(timers.take_over(at(30)), Some(Timer::Watch));
        assert_eq!(timers.take_over(at(30)), None);
    }
}
