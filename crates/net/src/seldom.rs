//! Log lines that could be repeated very often.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Time between two log lines about the same thing.
pub(crate) const SELDOM: Duration = Duration::from_secs(30);

/// Lets a line that is repeated through once in [`SELDOM`], so that nothing can fill a log.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    /// How often it was kept back since then.
    kept_back: u64,
}

impl Seldom {
    /// Returns one that lets the first line through.
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(State { last: None, kept_back: 0 }))
    }

    /// Asks whether the line may be written now; returns how many were kept back before it.
    pub(crate) fn pass(&self, now: Instant) -> Option<u64> {
        // A panic of another thread cannot make this state wrong.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.last.is_some_and(|last| now < last + SELDOM) {
            state.kept_back += 1;
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.kept_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_passes_once_in_a_while_and_says_how_often_it_was_kept_back() {
        let (seldom, begin) = (Seldom::new(), Instant::now());
        assert_eq!(seldom.pass(begin), Some(0));
        for _ in 0..1000 {
            assert_eq!(seldom.pass(begin + SELDOM / 2), None);
        }
        assert_eq!(seldom.pass(begin + SELDOM), Some(1000));
        assert_eq!(seldom.pass(begin + SELDOM), None);
        assert_eq!(seldom.pass(begin + 2 * SELDOM), Some(1));
    }
}
