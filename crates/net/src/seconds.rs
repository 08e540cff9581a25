//! Times in the unit of the protocols: whole seconds.

use std::time::Duration;

/// Returns a time in whole seconds in two bytes, as some protocols have it: rounded up, and at
/// least one.
pub(crate) fn whole_seconds(time: Duration) -> u16 {
    let seconds = time.as_secs_f64().ceil().clamp(1.0, u16::MAX.into());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    return seconds as u16;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_rounded_up_to_whole_seconds() {
        for (millis, seconds) in [(0, 1), (900, 1), (1001, 2), (5000, 5), (u64::MAX, u16::MAX)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds);
        }
    }
}
