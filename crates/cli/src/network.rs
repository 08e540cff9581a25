//! The options that say which network a command takes part in.

use std::num::{NonZeroU16, NonZeroUsize};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use althing_dialect::Dialect;
use althing_dialect::Variant;
use althing_dialect::elect_chain::{Config, ElectChain};
use althing_engine::rounds::{Signatures, Timeouts};
use althing_types::{Difficulty, Transaction};
use clap::{Args, ValueEnum};

/// Which network; all its peers must say the same.
#[derive(Args, Clone)]
#[command(next_help_heading = "Network")]
pub(crate) struct Network {
    /// The network's protocol.
    #[arg(long, value_enum, default_value_t = DialectName::ElectChain)]
    dialect: DialectName,

    /// Whose behaviour to follow where the network's page and its published program disagree.
    #[arg(long, value_enum, default_value_t = VariantName::Readme)]
    variant: VariantName,

    /// Peers that make the network full; majorities are of this number.
    #[arg(long, default_value = "10", value_parser = parse_peers)]
    pub(crate) peers: NonZeroU16,

    /// Bits of the challenges that a leader draws from, both ends included.
    #[arg(long, value_name = "BITS|FROM..TO", default_value = "8..20")]
    challenge: Challenges,

    /// Leave when the table has this many rows; without it go on until stopped.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rounds: Option<u64>,

    /// Share a broker with other groups: only peers in the same room meet.
    #[arg(long, value_name = "NAME", default_value = "", value_parser = parse_prefix)]
    room: String,

    /// Text before each topic, after the room.
    #[arg(long, value_name = "TEXT", default_value = "", value_parser = parse_prefix)]
    prefix: String,

    /// Whether to sign what we say, and what to expect of others.
    #[arg(long, value_enum, default_value_t = SignaturesName::Offered)]
    signatures: SignaturesName,

    /// Time a leader waits between two challenges, for those who want to watch.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pause: Option<Duration>,

    #[command(flatten)]
    waits: Waits,
}

/// When waiting ends.
#[derive(Args, Clone)]
#[command(next_help_heading = "Waiting")]
struct Waits {
    /// Elect without those who have not drawn by then.
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = parse_wait)]
    draw_timeout: Duration,

    /// Replace a leader that has not been heard for this long.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_wait)]
    leader_timeout: Duration,

    /// Replace a challenge that nobody has solved by then by an easier one.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_wait)]
    challenge_timeout: Duration,

    /// Show a peer as lost that has not been heard for this long.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_wait)]
    silence: Duration,
}

/// Threads that search for solutions.
#[derive(Args, Clone)]
pub(crate) struct Threads {
    /// Threads of each peer that search for solutions; without it, all cores are shared.
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

#[derive(Clone, Copy, ValueEnum)]
enum DialectName {
    /// One leader by lot, and all vote on each solution.
    ElectChain,
}

#[derive(Clone, Copy, ValueEnum)]
enum VariantName {
    /// As its page says: each member counts once.
    Readme,
    /// As its program does, to sit in one network with it.
    Published,
}

#[derive(Clone, Copy, ValueEnum)]
enum SignaturesName {
    /// Sign nothing.
    None,
    /// Sign, and take those who do not at their word.
    Offered,
    /// Sign, and refuse those who do not.
    Required,
}

/// A range of challenges, as `8..20` or `12`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenges(RangeInclusive<Difficulty>);

impl Network {
    /// Returns the dialect these options describe; `pause` is what a leader waits unless they say
    /// otherwise.
    pub(crate) fn dialect(&self, pause: Duration) -> Box<dyn Dialect> {
        let DialectName::ElectChain = self.dialect;
        let timeouts = Timeouts {
            draw: self.waits.draw_timeout,
            leader: self.waits.leader_timeout,
            challenge: self.waits.challenge_timeout,
            silence: self.waits.silence,
            ..Timeouts::default()
        };
        Box::new(ElectChain::new(Config {
            variant: match self.variant {
                VariantName::Readme => Variant::Readme,
                VariantName::Published => Variant::Published,
            },
            room: self.room.clone(),
            prefix: self.prefix.clone(),
            peers: self.peers,
            challenges: self.challenge.0.clone(),
            signatures: match self.signatures {
                SignaturesName::None => Signatures::None,
                SignaturesName::Offered => Signatures::Offered,
                SignaturesName::Required => Signatures::Required,
            },
            rounds: self.rounds.map(Transaction::new),
            timeouts,
            pause: self.pause.unwrap_or(pause),
        }))
    }
}

impl Threads {
    /// Returns the threads of each of `peers` peers in this process.
    pub(crate) fn of_each(&self, peers: usize) -> NonZeroUsize {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let share = NonZeroUsize::new(cores / peers.max(1)).unwrap_or(NonZeroUsize::MIN);
        self.threads.unwrap_or(share)
    }
}

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

fn parse_peers(text: &str) -> Result<NonZeroU16, String> {
    let most = Config::PEERS_MAX;
    text.parse()
        .ok()
        .filter(|peers: &NonZeroU16| peers.get() <= most)
        .ok_or_else(|| format!("a network has 1 to {most} peers"))
}

fn parse_prefix(text: &str) -> Result<String, String> {
    match text.chars().find(|character| "+#\0".contains(*character)) {
        Some(wildcard) => Err(format!("{wildcard:?} means something else in a topic")),
        None => Ok(text.to_owned()),
    }
}

/// The shortest wait: less is no wait at all.
const WAIT_MIN: Duration = Duration::from_millis(10);

fn parse_wait(text: &str) -> Result<Duration, String> {
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
    fn peers_and_prefixes_are_checked() {
        assert!(parse_peers("1000").is_ok());
        assert_eq!(parse_peers("1001"), Err("a network has 1 to 1000 peers".to_owned()));
        assert!(parse_peers("0").is_err());
        assert!(parse_prefix("class/7/").is_ok());
        assert!(parse_prefix("class/#").is_err());
    }
}
