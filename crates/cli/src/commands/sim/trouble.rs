//! How faults are written on the command line.

use std::fmt::{Debug, Display};
use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use althing_faults::{role_name, role_named};
use althing_sim::{Latency, Who, assembly, chain, rounds};
use anyhow::Context;

/// Whole percents.
pub(super) type Percent = u8;

/// A time in which a peer does not work, which ends or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outage {
    pub(super) who: Who,
    pub(super) from: Duration,
    pub(super) to: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Partition {
    pub(super) time: Range<Duration>,
    pub(super) side: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dishonest {
    pub(super) who: Who,
    /// The name of what it does; which there are depends on the network.
    pub(super) role: String,
}

pub(super) fn byzantine_help() -> String {
    fn roles<R: Debug + Display>(roles: &[R]) -> String {
        let roles: Vec<String> =
            roles.iter().map(|role| format!("  {}: {role}", role_name(role))).collect();
        roles.join("\n")
    }
    format!(
        "Make a peer Byzantine in one way, from the start. With rounds, it\n{}\nWith a \
         chain, it\n{}\nIn an assembly, it\n{}",
        roles(&rounds::Role::ALL),
        roles(&chain::Role::ALL),
        roles(&assembly::Role::ALL)
    )
}

pub(super) fn find_role<R: Clone + Debug>(roles: &[R], name: &str) -> anyhow::Result<R> {
    let named = role_named(roles, name);
    let names = || roles.iter().map(|role| role_name(role)).collect::<Vec<_>>().join(", ");
    named.with_context(|| format!("there is no role {name:?}; they are {}", names()))
}

impl FromStr for Dishonest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (who, role) = text.split_once('=').ok_or("write it as in 3=votes-twice")?;
        Ok(Self { who: parse_who(who)?, role: role.to_owned() })
    }
}

impl FromStr for Outage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (who, time) = text.split_once('@').ok_or("write it as in leader@20s or 3@20s..30s")?;
        let who = parse_who(who)?;
        if time.contains("..") {
            let time = parse_interval(time)?;
            return Ok(Self { who, from: time.start, to: Some(time.end) });
        }
        Ok(Self { who, from: parse_time(time)?, to: None })
    }
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (time, side) = text.split_once('=').unwrap_or((text, ""));
        let peer = |peer: &str| peer.parse().map_err(|_| format!("{peer:?} is no peer's number"));
        let side = side.split(',').filter(|peer| !peer.is_empty()).map(peer);
        Ok(Self { time: parse_interval(time)?, side: side.collect::<Result<_, String>>()? })
    }
}

pub(super) fn parse_who(text: &str) -> Result<Who, String> {
    match text {
        "leader" => Ok(Who::Leader),
        number => number
            .parse()
            .map(Who::Peer)
            .map_err(|_| format!("{text:?} is neither a peer's number nor \"leader\"")),
    }
}

pub(super) fn parse_time(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{text:?}: {error}"))
}

pub(super) fn parse_interval(text: &str) -> Result<Range<Duration>, String> {
    let (from, to) = text.split_once("..").ok_or("write it as in 30s..60s")?;
    let (from, to) = (parse_time(from)?, parse_time(to)?);
    if from < to { Ok(from..to) } else { Err("the end is not after the beginning".to_owned()) }
}

pub(super) fn parse_latency(text: &str) -> Result<Latency, String> {
    if text.contains("..") {
        let Range { start, end } = parse_interval(text)?;
        return Ok(Latency::Uniform(start..=end));
    }
    parse_time(text).map(Latency::Fixed)
}

pub(super) fn parse_share(text: &str) -> Result<Percent, String> {
    let share: f64 = text.parse().map_err(|_| "write a number such as 0.05".to_owned())?;
    let percent = (share * 100.0).round();
    if !(0.0..=1.0).contains(&share) || (percent - share * 100.0).abs() > 1e-6 {
        return Err("it is 0, 0.01, 0.02 and so on up to 1".to_owned());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    Ok(percent as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn trouble_is_written_as_the_help_says() {
        let crash = Outage { who: Who::Leader, from: seconds(20), to: None };
        assert_eq!("leader@20s".parse(), Ok(crash));
        let crash = Outage { who: Who::Peer(3), from: seconds(20), to: Some(seconds(30)) };
        assert_eq!("3@20s..30s".parse(), Ok(crash));
        let partition = Partition { time: seconds(30)..seconds(60), side: vec![] };
        assert_eq!("30s..60s".parse(), Ok(partition));
        let partition = Partition { time: seconds(30)..seconds(60), side: vec![0, 2] };
        assert_eq!("30s..60s=0,2".parse(), Ok(partition));
        let dishonest = Dishonest { who: Who::Peer(1), role: "votes-twice".to_owned() };
        assert_eq!("1=votes-twice".parse(), Ok(dishonest));
        let found = find_role(&rounds::Role::ALL, "votes-twice").expect("there is one");
        assert_eq!(found, rounds::Role::VotesTwice);
        assert!(find_role(&chain::Role::ALL, "claims-length").is_ok());
        assert_eq!(parse_share("0.05"), Ok(5));
    }

    #[test]
    fn what_is_written_otherwise_is_explained() {
        assert!("20s".parse::<Outage>().is_err_and(|error| error.contains("leader@20s")));
        assert!("60s..30s".parse::<Partition>().is_err_and(|error| error.contains("not after")));
        assert!("1".parse::<Dishonest>().is_err_and(|error| error.contains("votes-twice")));
        let unknown = find_role(&rounds::Role::ALL, "lies").expect_err("there is none");
        assert!(unknown.to_string().contains("votes-twice"));
        assert!(parse_share("5").is_err());
        assert!(parse_share("0.005").is_err());
    }
}
