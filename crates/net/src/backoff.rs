//! Time between two attempts to connect.

use std::time::Duration;

/// Time before the first attempt to connect again. It doubles with each attempt.
pub const BACKOFF_MIN: Duration = Duration::from_millis(50);

/// The longest time between two attempts to connect.
pub const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// How long to wait before the next attempt to connect.
#[derive(Debug)]
pub(crate) struct Backoff {
    pause: Duration,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { pause: BACKOFF_MIN }
    }

    /// Returns the pause before the next attempt.
    pub(crate) fn next_pause(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(BACKOFF_MAX);
        pause
    }

    /// Starts again with the shortest pause if the connection that was lost had lasted long enough.
    pub(crate) fn note_connection(&mut self, stood: Duration) {
        if stood >= BACKOFF_MAX {
            self.pause = BACKOFF_MIN;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_until_a_connection_has_stood() {
        let mut backoff = Backoff::new();
        assert_eq!(backoff.next_pause(), BACKOFF_MIN);
        assert_eq!(backoff.next_pause(), 2 * BACKOFF_MIN);
        while backoff.next_pause() < BACKOFF_MAX {}
        backoff.note_connection(BACKOFF_MAX / 2);
        assert_eq!(backoff.next_pause(), BACKOFF_MAX);
        backoff.note_connection(BACKOFF_MAX);
        assert_eq!(backoff.next_pause(), BACKOFF_MIN);
    }
}
