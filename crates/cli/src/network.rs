//! The options that say which network a command takes part in.

use std::collections::BTreeSet;
use std::num::NonZeroU16;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use althing_dialect::elect_chain::{self, ElectChain};
use althing_dialect::ppd::{self, Ppd};
use althing_dialect::sd::{self, Sd};
use althing_dialect::{Dialect, Variant};
use althing_engine::rounds::{Issuing, Signatures, Timeouts};
use althing_types::{Difficulty, Transaction};
use anyhow::{bail, ensure};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use crate::chain_network::ChainName;
use crate::connection::BrokerUrl;

/// Which network; all its peers must say the same.
#[derive(Args, Clone)]
#[command(next_help_heading = "Network")]
pub(crate) struct Network {
    /// The network's protocol. It also decides about the options below that are not given.
    #[arg(long, value_name = "DIALECT", default_value = "elect-chain")]
    #[arg(value_parser = DialectName::with_rounds())]
    pub(crate) dialect: DialectName,

    /// Whose behaviour to follow where the network's page and its published program disagree.
    #[arg(long, value_enum, default_value_t = VariantName::Readme)]
    variant: VariantName,

    /// Peers that make the network full; majorities are of this number.
    #[arg(long, default_value = "10", value_parser = parse_peers)]
    pub(crate) peers: NonZeroU16,

    /// Bits of the challenges that a leader draws from, both ends included.
    ///
    /// Without it: 8..20 for elect-chain, 10..20 for sd, 20 for ppd.
    #[arg(long, value_name = "BITS|FROM..TO")]
    challenge: Option<Challenges>,

    /// Leave when the table has this many rows; without it go on until stopped.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rounds: Option<u64>,

    /// Share a broker with other groups: only peers in the same room meet.
    ///
    /// It stands before the name of each topic or exchange, with a slash.
    #[arg(long, value_name = "NAME", value_parser = parse_room)]
    room: Option<String>,

    /// Text before the name of each topic or exchange, after the room.
    ///
    /// Without it: none for elect-chain, sd/ for sd, ppd/ for ppd.
    #[arg(long, value_name = "TEXT", value_parser = parse_topic)]
    prefix: Option<String>,

    /// Whether to sign what we say, and what to expect of others; offered without it. (ppd always
    /// signs.)
    #[arg(long, value_enum)]
    signatures: Option<SignaturesName>,

    /// What sd calls the topic of its election; voting without it.
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    election_topic: Option<String>,

    /// What sd calls the field with the sender's id; ClientID without it.
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    id_field: Option<String>,

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

/// The networks that a peer can take part in. Most commands know those with rounds only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DialectName {
    Rounds(RoundsName),
    Chain(ChainName),
}

/// A network with rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoundsName {
    /// One leader by lot, and all vote on each solution.
    ElectChain,
    /// One leader by lot, who alone judges the solutions.
    Sd,
    /// A leader by vote for each transaction; all sign, and vote on each solution.
    Ppd,
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
    /// otherwise. Options that it does not have are an error.
    pub(crate) fn dialect(
        &self,
        pause: Duration,
        issuing: Issuing,
    ) -> anyhow::Result<Box<dyn Dialect>> {
        let name = self.rounds_name()?;
        self.refuse_what_it_lacks(name, issuing)?;
        let pause = self.pause.unwrap_or(pause);
        let room = self.room.clone().unwrap_or_default();
        let rounds = self.rounds.map(Transaction::new);
        let variant = self.variant.into();
        let dialect: Box<dyn Dialect> = match name {
            RoundsName::ElectChain => {
                let usual = elect_chain::Config::default();
                Box::new(ElectChain::new(elect_chain::Config {
                    variant,
                    room,
                    prefix: self.prefix.clone().unwrap_or(usual.prefix),
                    peers: self.peers,
                    challenges: self.challenges().unwrap_or(usual.challenges),
                    signatures: self.signatures.map_or(usual.signatures, Into::into),
                    rounds,
                    timeouts: self.waits.timeouts(usual.timeouts),
                    pause,
                }))
            }
            RoundsName::Sd => {
                let usual = sd::Config::default();
                Box::new(Sd::new(sd::Config {
                    variant,
                    room,
                    prefix: self.prefix.clone().unwrap_or(usual.prefix),
                    election_topic: self.election_topic.clone().unwrap_or(usual.election_topic),
                    id_field: self.id_field.clone().unwrap_or(usual.id_field),
                    peers: self.peers,
                    challenges: self.challenges().unwrap_or(usual.challenges),
                    issuing,
                    signatures: self.signatures.map_or(usual.signatures, Into::into),
                    rounds,
                    timeouts: self.waits.timeouts(usual.timeouts),
                    pause,
                }))
            }
            RoundsName::Ppd => {
                let usual = ppd::Config::default();
                Box::new(Ppd::new(ppd::Config {
                    variant,
                    room,
                    prefix: self.prefix.clone().unwrap_or(usual.prefix),
                    peers: self.peers,
                    challenges: self.challenges().unwrap_or(usual.challenges),
                    rounds,
                    timeouts: self.waits.timeouts(usual.timeouts),
                    pause,
                }))
            }
        };
        let topics = dialect.topics();
        ensure!(
            BTreeSet::from_iter(&topics).len() == topics.len(),
            "the network has another topic of that name; choose another --election-topic"
        );
        Ok(dialect)
    }

    /// Returns what the dialect is called.
    pub(crate) fn name(&self) -> String {
        self.dialect.name()
    }

    /// Returns which network with a chain this is, if it is one.
    pub(crate) fn chain_name(&self) -> Option<ChainName> {
        match self.dialect {
            DialectName::Rounds(_) => None,
            DialectName::Chain(name) => Some(name),
        }
    }

    fn rounds_name(&self) -> anyhow::Result<RoundsName> {
        match self.dialect {
            DialectName::Rounds(name) => Ok(name),
            DialectName::Chain(_) => {
                bail!("{} is a network with a chain, not with rounds", self.name())
            }
        }
    }

    /// Returns where its programs look for a broker unless told otherwise.
    pub(crate) fn usual_broker(&self) -> BrokerUrl {
        match self.dialect {
            DialectName::Rounds(RoundsName::Ppd) => BrokerUrl::local_amqp(),
            DialectName::Rounds(RoundsName::ElectChain | RoundsName::Sd)
            | DialectName::Chain(_) => BrokerUrl::local_mqtt(),
        }
    }

    fn refuse_what_it_lacks(&self, name: RoundsName, issuing: Issuing) -> anyhow::Result<()> {
        if name != RoundsName::Sd {
            for (option, is_given) in [
                ("--election-topic", self.election_topic.is_some()),
                ("--id-field", self.id_field.is_some()),
                ("--manual", issuing == Issuing::OnCommand),
            ] {
                if is_given {
                    bail!("{option} is an option of sd only; add --dialect sd, or leave it out");
                }
            }
        }
        if name == RoundsName::Ppd && self.signatures.is_some() {
            bail!(
                "in ppd all that counts is signed, and there is no choice; leave --signatures out"
            );
        }
        let (peers, most) = (self.peers.get(), name.peers_max());
        ensure!(
            peers <= most,
            "a network of {} has at most {most} peers, not {peers}; ask for fewer with --peers",
            self.name()
        );
        Ok(())
    }

    fn challenges(&self) -> Option<RangeInclusive<Difficulty>> {
        self.challenge.clone().map(|Challenges(range)| range)
    }
}

impl DialectName {
    /// Returns what parses the names of networks with rounds, and no others.
    fn with_rounds() -> impl TypedValueParser<Value = Self> {
        let names = RoundsName::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        PossibleValuesParser::new(names)
            .try_map(|name| RoundsName::from_str(&name, false).map(Self::Rounds))
    }

    fn name(self) -> String {
        let value = self.to_possible_value().expect("no network is hidden");
        value.get_name().to_owned()
    }
}

impl ValueEnum for DialectName {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Rounds(RoundsName::ElectChain),
            Self::Rounds(RoundsName::Sd),
            Self::Rounds(RoundsName::Ppd),
            Self::Chain(ChainName::Cs60),
            Self::Chain(ChainName::Aviary),
            Self::Chain(ChainName::Open),
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Rounds(name) => name.to_possible_value(),
            Self::Chain(name) => name.to_possible_value(),
        }
    }
}

impl RoundsName {
    fn peers_max(self) -> u16 {
        match self {
            Self::ElectChain => elect_chain::Config::PEERS_MAX,
            Self::Sd => sd::Config::PEERS_MAX,
            Self::Ppd => ppd::Config::PEERS_MAX,
        }
    }
}

impl Waits {
    /// Returns `usual` with what can be chosen.
    fn timeouts(&self, usual: Timeouts) -> Timeouts {
        Timeouts {
            draw: self.draw_timeout,
            leader: self.leader_timeout,
            challenge: self.challenge_timeout,
            silence: self.silence,
            ..usual
        }
    }
}

impl From<VariantName> for Variant {
    fn from(name: VariantName) -> Self {
        match name {
            VariantName::Readme => Self::Readme,
            VariantName::Published => Self::Published,
        }
    }
}

impl From<SignaturesName> for Signatures {
    fn from(name: SignaturesName) -> Self {
        match name {
            SignaturesName::None => Self::None,
            SignaturesName::Offered => Self::Offered,
            SignaturesName::Required => Self::Required,
        }
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

/// Parses what the largest networks can have; some can have fewer.
fn parse_peers(text: &str) -> Result<NonZeroU16, String> {
    let dialects = RoundsName::value_variants().iter();
    let most = dialects.map(|dialect| dialect.peers_max()).max().expect("there are dialects");
    text.parse()
        .ok()
        .filter(|peers: &NonZeroU16| peers.get() <= most)
        .ok_or_else(|| format!("a network has 1 to {most} peers"))
}

/// Bytes of a room, a prefix or a name, so that all together leave a peer room in the name of a
/// queue.
const TEXT_MAX: usize = 64;

/// Parses a part of a topic, which is also the name of an exchange.
fn parse_topic(text: &str) -> Result<String, String> {
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

fn parse_room(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("a room has a name; leave --room out to be in none".to_owned());
    }
    if text.starts_with('/') || text.ends_with('/') {
        return Err("a slash comes after it by itself; write it as in class7".to_owned());
    }
    parse_topic(text)
}

fn parse_name(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("it has to be called something; leave the option out for what is usual".into());
    }
    parse_topic(text)
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

    /// Parses options as a command does.
    fn network(options: &[&str]) -> Network {
        #[derive(clap::Parser)]
        struct Command {
            #[command(flatten)]
            network: Network,
        }
        let command = ["althing"].iter().chain(options);
        <Command as clap::Parser>::try_parse_from(command).expect("right options").network
    }

    fn dialect(options: &[&str]) -> anyhow::Result<Box<dyn Dialect>> {
        network(options).dialect(Duration::ZERO, Issuing::AtOnce)
    }

    fn complaint(options: &[&str], issuing: Issuing) -> String {
        match network(options).dialect(Duration::ZERO, issuing) {
            Ok(_) => panic!("{options:?} make no sense"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn peers_are_counted() {
        assert!(parse_peers("1000").is_ok());
        assert_eq!(parse_peers("1001"), Err("a network has 1 to 1000 peers".to_owned()));
        assert!(parse_peers("0").is_err());
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
            ("a\0b", "means something else"),
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

    #[test]
    fn each_dialect_has_its_own_topics_challenges_and_broker() {
        for (name, prefix, challenges, broker) in [
            ("elect-chain", "", 8..=20, "mqtt://127.0.0.1:1883"),
            ("sd", "sd/", 10..=20, "mqtt://127.0.0.1:1883"),
            ("ppd", "ppd/", 20..=20, "amqp://localhost:5672"),
        ] {
            let network = network(&["--dialect", name]);
            assert_eq!(
                (network.name(), network.usual_broker().to_string()),
                (name.into(), broker.into())
            );
            let dialect = dialect(&["--dialect", name]).expect("nothing is asked for");
            let init = dialect.topics().into_iter().find(|topic| topic.ends_with("init"));
            assert_eq!(init, Some(format!("{prefix}init")));
            let bits = |bits| Difficulty::from_bits(bits).expect("in range");
            let (from, to) = challenges.into_inner();
            assert_eq!(dialect.rules().challenges, bits(from)..=bits(to), "{name}");
        }
    }

    #[test]
    fn each_dialect_takes_what_is_said_instead() {
        for name in ["elect-chain", "sd", "ppd"] {
            let options = [
                ["--dialect", name, "--room", "class7", "--prefix", "x/", "--challenge", "4"],
                ["--peers", "3", "--rounds", "5", "--pause", "1s", "--leader-timeout", "7s"],
            ];
            let dialect = dialect(&options.concat()).expect("all dialects have these");
            assert!(dialect.topics().iter().all(|topic| topic.starts_with("class7/x/")), "{name}");
            let rules = dialect.rules();
            assert_eq!(rules.challenges.start().bits(), 4);
            assert_eq!(rules.challenges.end().bits(), 4);
            assert_eq!((rules.peers.get(), rules.rounds), (3, Some(Transaction::new(5))));
            assert_eq!(rules.pause, Duration::from_secs(1));
            assert_eq!(rules.timeouts.leader, Duration::from_secs(7));
        }
    }

    #[test]
    fn options_that_a_dialect_does_not_have_are_explained() {
        for name in ["elect-chain", "ppd"] {
            for (option, value) in [("--election-topic", "election"), ("--id-field", "id")] {
                let said = complaint(&["--dialect", name, option, value], Issuing::AtOnce);
                assert!(said.starts_with(&format!("{option} is an option of sd only")), "{said}");
            }
            let said = complaint(&["--dialect", name], Issuing::OnCommand);
            assert!(said.starts_with("--manual is an option of sd only"), "{said}");
        }
        let said = complaint(&["--dialect", "ppd", "--signatures", "none"], Issuing::AtOnce);
        assert!(said.ends_with("leave --signatures out"), "{said}");
        let said = complaint(&["--dialect", "ppd", "--peers", "481"], Issuing::AtOnce);
        assert!(said.starts_with("a network of ppd has at most 480 peers, not 481"), "{said}");

        let taken = ["--dialect", "sd", "--election-topic", "challenge"];
        let said = complaint(&taken, Issuing::AtOnce);
        assert!(said.starts_with("the network has another topic of that name"), "{said}");

        let all = ["--dialect", "sd", "--election-topic", "draw", "--id-field", "id"];
        let sd = network(&all).dialect(Duration::ZERO, Issuing::OnCommand).expect("sd has all");
        assert_eq!(sd.rules().issuing, Issuing::OnCommand);
    }
}
