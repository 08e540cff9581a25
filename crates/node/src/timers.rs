use std::collections::BTreeMap;
use std::time::Duration;

use althing_engine::rounds::Timer;
use althing_types::Moment;

/// Timers that are running, the earliest first, and equals in the order they were set.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    running: BTreeMap<(Moment, u64), Timer>,
    set: u64,
}

impl Timers {
    pub(crate) fn set(&mut self, now: Moment, after: Duration, timer: Timer) {
        self.set += 1;
        self.running.insert((now + after, self.set), timer);
    }

    /// Returns when the next one is over.
    pub(crate) fn next(&self) -> Option<Moment> {
        self.running.first_key_value().map(|((moment, _), _)| *moment)
    }

    /// Takes the next one that is over.
    pub(crate) fn take_over(&mut self, now: Moment) -> Option<Timer> {
        let entry = self.running.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_are_over_in_order_and_not_before() {
        let at = |millis| Moment::from_start(Duration::from_millis(millis));
        let mut timers = Timers::default();
        timers.set(at(0), Duration::from_millis(20), Timer::Watch);
        timers.set(at(0), Duration::from_millis(10), Timer::Repeat);
        assert_eq!(timers.next(), Some(at(10)));
        assert_eq!(timers.take_over(at(9)), None);
        assert_eq!(timers.take_over(at(30)), Some(Timer::Repeat));
        assert_eq!(timers.take_over(at(30)), Some(Timer::Watch));
        assert_eq!(timers.take_over(at(30)), None);
    }
}
