//! How fast observers are read: whatever they send, members are heard beside it.

use std::time::Duration;

use tokio::time::Instant;

/// Messages of all observers together that are read in a second.
pub const OBSERVERS_MESSAGES: u32 = 200;

/// Bytes of all observers together that are read in a second.
pub const OBSERVERS_BYTES: u32 = 512 * 1024;

/// How far they may be ahead of that after a pause.
const BURST: Duration = Duration::from_secs(2);

/// Says when each message may be handed on. What has to wait is not read, so that TCP has its
/// sender wait.
#[derive(Debug)]
pub(super) struct Pace {
    /// Until when what was read has used up their time.
    until: Instant,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self { until: now }
    }

    /// Returns when a message of so many bytes may be handed on; messages come in the order in
    /// which this is asked.
    pub(super) fn pass(&mut self, now: Instant, bytes: usize) -> Instant {
        let of_message = Duration::from_secs(1) / OBSERVERS_MESSAGES;
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let of_bytes =
            Duration::from_secs(1).mul_f64(f64::from(bytes) / f64::from(OBSERVERS_BYTES));
        self.until = self.until.max(now) + of_message.max(of_bytes);
        self.until.checked_sub(BURST).map_or(now, |due| due.max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_read_at_its_pace_and_a_few_messages_at_once() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        let few = OBSERVERS_MESSAGES;
        for _ in 0..few {
            assert_eq!(pace.pass(now, 100), now);
        }
        let last = (0..10 * few).map(|_| pace.pass(now, 100)).max().expect("there are some");
        let waits = (last - now).as_secs_f64();
        assert!((8.9..9.1).contains(&waits), "{waits}");
        // After a pause it has its few again.
        let later = last + 2 * BURST;
        assert_eq!(pace.pass(later, 100), later);
    }

    #[test]
    fn large_messages_count_for_their_bytes() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        let megabyte = 2 * usize::try_from(OBSERVERS_BYTES).expect("it fits");
        let last = (0..5).map(|_| pace.pass(now, megabyte)).max().expect("there are some");
        assert_eq!((last - now).as_secs(), 8);
    }
}
