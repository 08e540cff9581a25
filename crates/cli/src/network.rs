//! The options that say which network a command takes part in.
//!
//! | file | question |
//! | --- | --- |
//! | `names` | what are the networks called? |
//! | `values` | how are the values of their options written? |

mod names;
mod values;

use std::collections::BTreeSet;
use std::num::NonZeroU16;
use std::ops::RangeInclusive;
use std::time::Duration;

use althing_dialect::elect_chain::{self, ElectChain};
use althing_dialect::ppd::{self, Ppd};
use althing_dialect::sd::{self, Sd};
use althing_dialect::{RoundsDialect, Variant};
use althing_engine::rounds::{Issuing, Signatures, Timeouts};
use althing_types::{Difficulty, Transaction};
use clap::{Args, ValueEnum};

use crate::chain_network::ChainName;
use crate::connection::BrokerUrl;
use crate::output::{demand, misuse};

/// Which network. All its peers must be given the same options.
use self::names::parse_peers;
pub(crate) use self::names::{DialectName, RoundsName};
use self::values::{Challenges, parse_name, parse_room, parse_topic, parse_wait};

#[derive(Args, Clone)]
#[command(next_help_heading = "Network with rounds (elect-chain, sd, ppd)")]
pub(crate) struct Network {
    /// The network's protocol. It also decides which other options there are, and their defaults.
    #[arg(long, value_name = "DIALECT", default_value = "elect-chain", help_heading = "Network")]
    #[arg(value_parser = DialectName::with_rounds())]
    pub(crate) dialect: DialectName,

    /// Whose behaviour to follow where the network's page and its published program disagree.
    #[arg(long, value_enum, default_value_t = VariantName::Readme)]
    variant: VariantName,

    /// How many members the network has; majorities are of this number.
    #[arg(long, default_value = "10", value_parser = parse_peers)]
    pub(crate) peers: NonZeroU16,

    /// The range of difficulties, in bits, from which a leader draws, both ends included.
    ///
    /// Default: 8..20 for elect-chain, 10..20 for sd, 20 for ppd.
    #[arg(long, value_name = "BITS|FROM..TO")]
    challenge: Option<Challenges>,

    /// Leave when the table has this many rows. By default, run until stopped.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rounds: Option<u64>,

    /// Share a broker with other groups: only peers in the same room meet.
    ///
    /// The name of each topic or exchange begins with the room and a slash.
    #[arg(long, value_name = "NAME", value_parser = parse_room)]
    room: Option<String>,

    /// Text before the name of each topic or exchange, after the room.
    ///
    /// Default: none for elect-chain, sd/ for sd, ppd/ for ppd.
    #[arg(long, value_name = "TEXT", value_parser = parse_topic)]
    prefix: Option<String>,

    /// Whether to sign messages, and whether to require signatures of others. The default is
    /// offered. (ppd always signs.)
    #[arg(long, value_enum)]
    signatures: Option<SignaturesName>,

    /// The name of sd's election topic. The default is voting.
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    election_topic: Option<String>,

    /// The name of sd's field for the sender's id. The default is ClientID.
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    id_field: Option<String>,

    /// Time a leader waits between two challenges, so that people can follow.
    ///
    /// Default of a peer: none; in the published variant the pace of the programs, which is 150ms
    /// for elect-chain, 1s for sd and 2s for ppd.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pause: Option<Duration>,

    #[command(flatten)]
    waits: Waits,
}

/// The timeouts, each as an option.
#[derive(Args, Clone)]
#[command(next_help_heading = "Waiting (networks with rounds)")]
struct Waits {
    /// Elect a leader without the members that have not drawn within this time.
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = parse_wait)]
    draw_timeout: Duration,

    /// Replace a leader that has not been heard for this long.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_wait)]
    leader_timeout: Duration,

    /// Replace a challenge that no peer has solved within this time with an easier one.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_wait)]
    challenge_timeout: Duration,

    /// Show a peer as lost if it has not been heard for this long.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_wait)]
    silence: Duration,
}

#[derive(Clone, Copy, ValueEnum)]
enum VariantName {
    /// As on its page: each member counts once.
    Readme,
    /// Like its program, to share a network with it.
    Published,
}

#[derive(Clone, Copy, ValueEnum)]
enum SignaturesName {
    /// Sign nothing.
    None,
    /// Sign, and accept peers that do not.
    Offered,
    /// Sign, and refuse peers that do not.
    Required,
}

impl Network {
    /// Returns what the name of each topic in the room begins with.
    pub(crate) fn room_prefix(&self) -> String {
        self.room.as_ref().map(|room| format!("{room}/")).unwrap_or_default()
    }

    /// Returns the dialect these options describe; `pause` is what a leader waits unless they say
    /// otherwise. Options that it does not have are an error.
    pub(crate) fn dialect(
        &self,
        pause: Duration,
        issuing: Issuing,
    ) -> anyhow::Result<Box<dyn RoundsDialect>> {
        let name = self.rounds_name()?;
        self.refuse_what_it_lacks(name, issuing)?;
        let pause = self.pause.unwrap_or(pause);
        let room = self.room.clone().unwrap_or_default();
        let rounds = self.rounds.map(Transaction::new);
        let variant = self.variant.into();
        let dialect: Box<dyn RoundsDialect> = match name {
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
        demand!(
            BTreeSet::from_iter(&topics).len() == topics.len(),
            "the network has another topic of that name; choose another --election-topic"
        );
        Ok(dialect)
    }

    /// Returns whether its peers count messages as they arrive, like the published programs.
    pub(crate) fn is_published(&self) -> bool {
        matches!(self.variant, VariantName::Published)
    }

    /// Returns how long a leader waits between two challenges by default: not at all, but where it
    /// meets the published programs it keeps their pace, since they miss what comes faster.
    pub(crate) fn usual_pause(&self) -> Duration {
        match self.dialect {
            DialectName::Rounds(name) if self.is_published() => name.pace(),
            DialectName::Rounds(_) | DialectName::Chain(_) => Duration::ZERO,
        }
    }

    /// Returns these options for people who follow the rounds: challenges that differ by what can
    /// be seen, unless they were chosen, and time enough for draws and words that take longer.
    pub(crate) fn followed(mut self) -> Self {
        let bits = |bits| Difficulty::from_bits(bits).expect("it is in range");
        if self.challenge.is_none() && self.dialect != DialectName::Rounds(RoundsName::Ppd) {
            self.challenge = Some(Challenges(bits(17)..=bits(20)));
        }
        let Waits { draw_timeout, leader_timeout, .. } = &mut self.waits;
        *draw_timeout = Duration::from_millis(1500).max(*draw_timeout);
        // An election that gets no further in this time begins again.
        *leader_timeout = (3 * *draw_timeout).max(*leader_timeout);
        self
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
                misuse!("{} is a network with a chain, not with rounds", self.name())
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
                    misuse!("{option} is an option of sd only; add --dialect sd, or leave it out");
                }
            }
        }
        if name == RoundsName::Ppd && self.signatures.is_some() {
            misuse!(
                "in ppd all that counts is signed, and there is no choice; leave --signatures out"
            );
        }
        let (peers, most) = (self.peers.get(), name.peers_max());
        demand!(
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

#[cfg(test)]
mod tests {
    use super::*;

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

    fn dialect(options: &[&str]) -> anyhow::Result<Box<dyn RoundsDialect>> {
        network(options).dialect(Duration::ZERO, Issuing::AtOnce)
    }

    fn complaint(options: &[&str], issuing: Issuing) -> String {
        match network(options).dialect(Duration::ZERO, issuing) {
            Ok(_) => panic!("{options:?} make no sense"),
            Err(error) => error.to_string(),
        }
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
            assert_eq!(init, Some(format!("{prefix}althing/init")));
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
    fn a_leader_among_published_programs_keeps_their_pace_unless_told_otherwise() {
        for (name, millis) in [("elect-chain", 150), ("sd", 1000), ("ppd", 2000)] {
            let published = ["--dialect", name, "--variant", "published"];
            let network = network(&published);
            assert_eq!(network.usual_pause(), Duration::from_millis(millis), "{name}");
            let told = [&published[..], &["--pause", "0s"]].concat();
            let told = self::network(&told);
            let dialect = told.dialect(told.usual_pause(), Issuing::AtOnce).expect("it has these");
            assert_eq!(dialect.rules().pause, Duration::ZERO);
            assert_eq!(self::network(&["--dialect", name]).usual_pause(), Duration::ZERO);
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
