//! How the values of options are written: challenges, rooms, names of topics, waits.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use althing_text::look_alike::unseen;
use althing_types::Difficulty;

/// A range of challenges, as `8..20` or `12`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenges(pub(super) RangeInclusive<Difficulty>);

impl FromStr for Challenges {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bits = |text: &str| {
            let bits: u64 = text.parse().map_err(|_| {
                format!("{text:?} is not a number of bits; write one as in 12, or two as in 8..20")
            })?;
            Difficulty::from_bits(bits).map_err(|error| error.to_string())
        };
        let (from, to) = match text.split_once("..") {
            Some((from, to)) => (bits(from)?, bits(to.strip_prefix('=').unwrap_or(to))?),
            None => (bits(text)?, bits(text)?),
        };
        if from > to {
            return Err(format!("{from} bits are more than {to}; the smaller number comes first"));
        }
        Ok(Self(from..=to))
    }
}

/// Bytes of a room, a prefix or a name, so that all together leave a peer room in the name of a
/// queue.
const TEXT_MAX: usize = 64;

/// Parses a part of a topic, which is also the name of an exchange.
pub(crate) fn parse_topic(text: &str) -> Result<String, String> {
    if text.len() > TEXT_MAX {
        return Err(format!("{} bytes are more than the {TEXT_MAX} it may have", text.len()));
    }
    if let Some(character) = text.chars().find(|c| "+#".contains(*c) || c.is_control()) {
        return Err(format!("{character:?} means something else in a topic"));
    }
    if let Some(reserved) = ["$", "amq."].iter().find(|reserved| text.starts_with(**reserved)) {
        return Err(format!("names that begin with {reserved:?} are the broker's own"));
    }
    Ok(text.to_owned())
}

pub(super) fn parse_room(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("a room has a name; leave --room out to be in none".to_owned());
    }
    if let Some(unseen) = unseen(text) {
        return Err(format!("{unseen:?} cannot be seen there, so others would miss the room"));
    }
    if text.starts_with('/') || text.ends_with('/') {
        return Err("a slash comes after it by itself; write it as in class7".to_owned());
    }
    parse_topic(text)
}

pub(super) fn parse_name(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("it has to be called something; leave the option out for what is usual".into());
    }
    parse_topic(text)
}

/// The shortest wait: less is no wait at all.
const WAIT_MIN: Duration = Duration::from_millis(10);

pub(super) fn parse_wait(text: &str) -> Result<Duration, String> {
    let wait = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if wait < WAIT_MIN {
        return Err("less than 10ms leaves no time for an answer".to_owned());
    }
    Ok(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_a_number_or_a_range() {
        let bits = |bits| Difficulty::from_bits(bits).expect("in range");
        assert_eq!("8..20".parse(), Ok(Challenges(bits(8)..=bits(20))));
        assert_eq!("8..=20".parse(), Ok(Challenges(bits(8)..=bits(20))));
        assert_eq!("12".parse(), Ok(Challenges(bits(12)..=bits(12))));
        for (text, complaint) in [
            ("", "is not a number of bits"),
            ("8..", "is not a number of bits"),
            ("0..4", "not between 1 and 160"),
            ("20..8", "the smaller number comes first"),
        ] {
            let error = text.parse::<Challenges>().expect_err(text);
            assert!(error.contains(complaint), "{text}: {error}");
        }
    }

    #[test]
    fn what_stands_before_a_topic_is_checked() {
        for right in ["class7", "class/7", "Ãlthing", &"x".repeat(64)] {
            assert_eq!(parse_room(right).as_deref(), Ok(right));
        }
        for (wrong, complaint) in [
            ("", "a room has a name"),
            ("/class7", "a slash comes after it by itself"),
            ("class7/", "a slash comes after it by itself"),
            ("class/#", "'#' means something else"),
            ("+", "'+' means something else"),
            ("a\0b", "cannot be seen there"),
            ("class7 ", "cannot be seen there"),
            ("class\u{200b}7", "cannot be seen there"),
            ("$SYS", "are the broker's own"),
            ("amq.topic", "are the broker's own"),
            (&"x".repeat(65), "65 bytes are more than the 64 it may have"),
        ] {
            let error = parse_room(wrong).expect_err(wrong);
            assert!(error.contains(complaint), "{wrong}: {error}");
        }
        assert_eq!(parse_topic("class/7/").as_deref(), Ok("class/7/"));
        assert_eq!(parse_topic("").as_deref(), Ok(""));
        assert!(parse_topic("class/#").is_err());
        assert!(parse_name("").is_err());
    }
}
