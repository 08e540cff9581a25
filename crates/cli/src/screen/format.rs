//! Numbers and times for people, and texts that fit.

use std::time::Duration;

use ratatui::text::Span;

/// Stands for what is not known.
pub(super) const UNKNOWN: &str = "–";

/// Steps of a thousand, from the first.
const PREFIXES: [&str; 6] = ["k", "M", "G", "T", "P", "E"];

/// Returns a number with three digits and a prefix, and a space if there is one: `999`, `1.05 M`.
pub(super) fn quantity(number: f64) -> String {
    if number < 999.5 {
        return format!("{number:.0}");
    }
    let mut scaled = number;
    for prefix in PREFIXES {
        scaled /= 1000.0;
        // Below this, rounding to three digits does not reach the next step.
        if scaled < 999.5 {
            return format!("{} {prefix}", three_digits(scaled));
        }
    }
    format!("{number:.1e}")
}

fn three_digits(number: f64) -> String {
    match number {
        number if number < 9.995 => format!("{number:.2}"),
        number if number < 99.95 => format!("{number:.1}"),
        number => format!("{number:.0}"),
    }
}

/// Returns a hash rate: `1.05 MH/s`.
pub(super) fn hash_rate(per_second: f64) -> String {
    let quantity = quantity(per_second);
    let space = if quantity.contains(' ') { "" } else { " " };
    format!("{quantity}{space}H/s")
}

/// Returns how often rounds are decided, as [`per_second`] does.
pub(super) fn pace(rate: f64) -> String {
    per_second(rate, "rounds")
}

/// Returns how often something happens, by the minute if that is rarer than once a second.
pub(super) fn per_second(rate: f64, what: &str) -> String {
    if rate >= 0.995 {
        format!("{} {what}/s", three_digits(rate))
    } else {
        format!("{:.1} {what}/min", rate * 60.0)
    }
}

/// Returns a time in the unit that suits it: `84 ms`, `1.2 s`, `3.5 min`, `12 days`.
pub(super) fn seconds(seconds: f64) -> String {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 60.0 * MINUTE;
    const DAY: f64 = 24.0 * HOUR;
    const YEAR: f64 = 365.25 * DAY;
    match seconds {
        it if it < 0.9995 => format!("{:.0} ms", it * 1000.0),
        it if it < 99.95 => format!("{it:.1} s"),
        it if it < 100.0 * MINUTE => format!("{:.1} min", it / MINUTE),
        it if it < 2.0 * DAY => format!("{:.1} hours", it / HOUR),
        it if it < YEAR => format!("{:.0} days", it / DAY),
        it if it < 1e6 * YEAR => format!("{:.0} years", it / YEAR),
        it => format!("{:.0e} years", it / YEAR),
    }
}

/// Returns a running time as on a clock: `0:42`, `1:02:03`.
pub(super) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// Returns as much of `text` as fits into `width` columns, with an ellipsis if some is missing.
pub(super) fn clip(text: &str, width: usize) -> String {
    if Span::raw(text).width() <= width {
        return text.to_owned();
    }
    let Some(room) = width.checked_sub(1) else {
        return String::new();
    };
    let mut used = 0;
    let fits = |(_, c): &(usize, char)| {
        used += Span::raw(c.to_string()).width();
        used <= room
    };
    let end = text.char_indices().take_while(fits).last().map_or(0, |(at, c)| at + c.len_utf8());
    format!("{}…", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_three_digits_and_a_prefix() {
        let cases = [
            (0.0, "0"),
            (999.4, "999"),
            (999.5, "1.00 k"),
            (1_048_576.0, "1.05 M"),
            (12_345_678.0, "12.3 M"),
            (999_499_999.0, "999 M"),
            (999_600_000.0, "1.00 G"),
            (2_f64.powi(64), "18.4 E"),
            (2_f64.powi(160), "1.5e48"),
        ];
        for (number, text) in cases {
            assert_eq!(quantity(number), text);
        }
        assert_eq!(hash_rate(512.0), "512 H/s");
        assert_eq!(hash_rate(1_500.0), "1.50 kH/s");
    }

    #[test]
    fn a_slow_pace_is_told_by_the_minute() {
        assert_eq!(pace(49.96), "50.0 rounds/s");
        assert_eq!(pace(1.0), "1.00 rounds/s");
        assert_eq!(pace(0.1), "6.0 rounds/min");
    }

    #[test]
    fn times_have_the_unit_that_suits_them() {
        let cases = [
            (0.0, "0 ms"),
            (0.084, "84 ms"),
            (0.9996, "1.0 s"),
            (42.0, "42.0 s"),
            (99.96, "1.7 min"),
            (7200.0, "2.0 hours"),
            (864_000.0, "10 days"),
            (1e9, "32 years"),
            (1e30, "3e22 years"),
        ];
        for (time, text) in cases {
            assert_eq!(seconds(time), text);
        }
        assert_eq!(clock(Duration::from_secs(42)), "0:42");
        assert_eq!(clock(Duration::from_secs(3723)), "1:02:03");
    }

    #[test]
    fn a_text_is_clipped_by_its_width() {
        assert_eq!(clip("abc", 3), "abc");
        assert_eq!(clip("abcd", 3), "ab…");
        assert_eq!(clip("字字字", 5), "字字…");
        assert_eq!(clip("字字字", 4), "字…");
        assert_eq!(clip("字字", 1), "…");
        assert_eq!(clip("a", 0), "");
    }
}
