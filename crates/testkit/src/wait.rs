//! Waiting for a condition.

use std::thread;
use std::time::{Duration, Instant};

/// Time after which a test gives up on a condition. Long, because only a failing test waits that
/// long, and the machine may be busy.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Time between two checks of a condition.
const INTERVAL: Duration = Duration::from_millis(5);

/// Waits until `condition` returns something, and returns that.
///
/// # Panics
///
/// After [`DEADLINE`], naming `what` was waited for.
pub async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = condition().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {DEADLINE:?} in vain for {what}");
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Waits, on a thread outside any runtime, until `condition` returns something, and returns that.
///
/// # Panics
///
/// After [`DEADLINE`], naming `what` was waited for.
pub fn eventually_blocking<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {DEADLINE:?} in vain for {what}");
        thread::sleep(INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_condition_is_looked_at_until_it_holds() {
        let mut looks = 0;
        let found = eventually("three looks", async || {
            looks += 1;
            (looks == 3).then_some("found")
        })
        .await;
        assert_eq!(found, "found");
        let mut looks = 0;
        assert_eq!(
            eventually_blocking("three looks", || {
                looks += 1;
                (looks == 3).then_some(looks)
            }),
            3
        );
    }
}
