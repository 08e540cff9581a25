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
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::RoundsDialect;
use althing_dialect::elect_chain::{self, ElectChain};
use althing_dialect::ppd::{self, Ppd};
use althing_dialect::profile::{NetworkKind, Next, Profile, Transport, built_in};
use althing_dialect::program::{self, Program};
use althing_dialect::sd::{self, Sd};
use althing_engine::rounds::{Issuing, Signatures, Timeouts};
use althing_types::{Difficulty, Transaction};
use clap::{Args, ValueEnum};

use crate::chain_network::ChainName;
use crate::connection::BrokerUrl;
use crate::output::{Misuse, demand, misuse};
use crate::profile_source;

/// Which network. All its peers must be given the same options.
use self::names::parse_peers;
pub(crate) use self::names::{DialectName, RoundsName};
pub(crate) use self::values::parse_topic;
use self::values::{Challenges, parse_name, parse_room, parse_wait};

#[derive(Args, Clone)]
#[command(next_help_heading = "Network with rounds (elect-chain, sd, ppd)")]
pub(crate) struct Network {
    /// The network's protocol. It also decides which other options there are, and their defaults.
    #[arg(long, value_name = "DIALECT", default_value = "elect-chain", help_heading = "Network")]
    #[arg(value_parser = DialectName::with_rounds())]
    pub(crate) dialect: DialectName,

    /// Join the programs that this profile describes, instead of a dialect: the name of a built-in
    /// one, or a file. See althing profile --help.
    #[arg(long, value_name = "FILE|NAME", value_parser = parse_profile)]
    #[arg(conflicts_with_all = ["dialect", "variant"])]
    profile: Option<Arc<Profile>>,

    /// Whose behaviour to follow where the network's page and its published program disagree.
    ///
    /// The published one is short for --profile with the name of the dialect.
    #[arg(long, value_enum, default_value_t = VariantName::Readme)]
    variant: VariantName,

    /// How many members the network has; majorities are of this number. The default is 10, or what
    /// the profile says.
    #[arg(long, value_parser = parse_peers)]
    peers: Option<NonZeroU16>,

    /// The range of difficulties, in bits, from which a leader draws, both ends included.
    ///
    /// Default: 8..20 for elect-chain, 10..20 for sd, 20 for ppd, or what the profile says.
    #[arg(long, value_name = "BITS|FROM..TO")]
    challenge: Option<Challenges>,

    /// Leave when the table has this many rows. By default, run until stopped.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rounds: Option<u64>,

    /// Share a broker with other groups: only peers in the same room meet.
    ///
    /// The name of each topic or exchange begins with the room and a slash; where a profile's
    /// prefix has a {session}, the room stands there.
    #[arg(long, value_name = "NAME", value_parser = parse_room)]
    room: Option<String>,

    /// Text before the name of each topic or exchange, after the room.
    ///
    /// Default: none for elect-chain, sd/ for sd, ppd/ for ppd, or what the profile says.
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
    /// Default of a peer: none; among published programs what their profile says, which is 150ms
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

/// Members of a network unless its options or its profile say otherwise.
const MEMBERS: NonZeroU16 = NonZeroU16::new(10).expect("ten is not zero");

/// How long a leader waits before it asks by itself, where the programs' operator types.
const OPERATOR_PACE: Duration = Duration::from_secs(1);

fn parse_profile(text: &str) -> Result<Arc<Profile>, String> {
    profile_source::load(text).map(Arc::new).map_err(|error| format!("{error:#}"))
}

impl Network {
    /// Returns what the name of each topic in the room begins with.
    pub(crate) fn room_prefix(&self) -> String {
        self.room.as_ref().map(|room| format!("{room}/")).unwrap_or_default()
    }

    /// Returns the dialect these options describe; `pause` is what a leader waits and `issuing`
    /// what has it ask unless they say otherwise, and without it what is usual. Options that the
    /// dialect does not have are an error.
    pub(crate) fn dialect(
        &self,
        pause: Option<Duration>,
        issuing: Option<Issuing>,
    ) -> anyhow::Result<Box<dyn RoundsDialect>> {
        let is_manual = issuing == Some(Issuing::OnCommand);
        let dialect = match (&self.profile, self.is_published()) {
            (Some(_), false) => {
                misuse!("{} is a network with a chain, not with rounds", self.name())
            }
            (Some(profile), true) => self.program((**profile).clone(), pause, issuing)?,
            (None, true) => {
                self.refuse_what_it_lacks(self.rounds_name()?, is_manual)?;
                self.program(built_in::base(&self.name()).map_err(Misuse)?, pause, issuing)?
            }
            (None, false) => {
                self.refuse_what_it_lacks(self.rounds_name()?, is_manual)?;
                let issuing = issuing.unwrap_or(Issuing::AtOnce);
                self.page(pause.unwrap_or_default(), issuing)?
            }
        };
        let topics = dialect.topics();
        demand!(
            BTreeSet::from_iter(&topics).len() == topics.len(),
            "the network has another topic of that name; choose another --election-topic"
        );
        Ok(dialect)
    }

    /// Returns the dialect of programs that a profile describes.
    fn program(
        &self,
        mut profile: Profile,
        pause: Option<Duration>,
        issuing: Option<Issuing>,
    ) -> anyhow::Result<Box<dyn RoundsDialect>> {
        demand!(
            self.signatures.is_none(),
            "what is signed among programs is what their profile says; leave --signatures out"
        );
        if let Some(prefix) = &self.prefix {
            profile.topics.prefix.clone_from(prefix);
        }
        if let Some(topic) = &self.election_topic {
            profile.topics.vote.clone_from(topic);
        }
        if let Some(name) = &self.id_field {
            profile.fields.rename_id(name);
        }
        profile.join.n = self.members().get();
        profile.join.min = profile.join.min.min(profile.join.n);
        // Where the programs' operator asks, ours does so with --manual; otherwise our leader asks
        // at about the pace of an operator.
        let asks_alone = profile.leader.next == Next::Operator && issuing.is_none();
        let (issuing, pause) = match asks_alone {
            true => (Some(Issuing::AtOnce), Some(OPERATOR_PACE)),
            false => (issuing, pause),
        };
        Ok(Box::new(Program::new(program::Config {
            room: self.room.clone().unwrap_or_default(),
            challenges: self.challenges(),
            issuing,
            rounds: self.rounds.map(Transaction::new),
            timeouts: self.waits.timeouts(Timeouts::default()),
            pause: self.pause.or(pause),
            ..program::Config::new(profile)
        })))
    }

    /// Returns the dialect of a page.
    fn page(&self, pause: Duration, issuing: Issuing) -> anyhow::Result<Box<dyn RoundsDialect>> {
        let pause = self.pause.unwrap_or(pause);
        let room = self.room.clone().unwrap_or_default();
        let rounds = self.rounds.map(Transaction::new);
        let peers = self.members();
        Ok(match self.rounds_name()? {
            RoundsName::ElectChain => {
                let usual = elect_chain::Config::default();
                Box::new(ElectChain::new(elect_chain::Config {
                    room,
                    prefix: self.prefix.clone().unwrap_or(usual.prefix),
                    peers,
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
                    room,
                    prefix: self.prefix.clone().unwrap_or(usual.prefix),
                    election_topic: self.election_topic.clone().unwrap_or(usual.election_topic),
                    id_field: self.id_field.clone().unwrap_or(usual.id_field),
                    peers,
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
                    room,
                    prefix: self.prefix.clone().unwrap_or(usual.prefix),
                    peers,
                    challenges: self.challenges().unwrap_or(usual.challenges),
                    rounds,
                    timeouts: self.waits.timeouts(usual.timeouts),
                    pause,
                }))
            }
        })
    }

    /// Returns whether its peers count messages as they arrive, like the published programs.
    pub(crate) fn is_published(&self) -> bool {
        match &self.profile {
            Some(profile) => profile.network == NetworkKind::Rounds,
            None => matches!(self.variant, VariantName::Published),
        }
    }

    /// Returns how many members the network has.
    pub(crate) fn members(&self) -> NonZeroU16 {
        let usual = self.profile.as_ref().and_then(|profile| NonZeroU16::new(profile.join.n));
        self.peers.or(usual).unwrap_or(MEMBERS)
    }

    /// Returns the profile that was asked for.
    pub(crate) fn profile(&self) -> Option<&Profile> {
        self.profile.as_deref()
    }

    /// Returns these options for people who follow the rounds: challenges that differ by what can
    /// be seen, unless they were chosen, and time enough for draws and words that take longer.
    pub(crate) fn followed(mut self) -> Self {
        let bits = |bits| Difficulty::from_bits(bits).expect("it is in range");
        let has_own =
            self.profile.is_some() || self.dialect == DialectName::Rounds(RoundsName::Ppd);
        if self.challenge.is_none() && !has_own {
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
        match &self.profile {
            Some(profile) => profile.name.clone(),
            None => self.dialect.name(),
        }
    }

    /// Returns which network with a chain this is, if it is one.
    pub(crate) fn chain_name(&self) -> Option<ChainName> {
        if let Some(profile) = &self.profile {
            return match profile.network {
                NetworkKind::Rounds => None,
                NetworkKind::Aviary => Some(ChainName::Aviary),
                NetworkKind::Cs60 => Some(ChainName::Cs60),
            };
        }
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
        if let Some(profile) = &self.profile {
            return match profile.wire.transport {
                Transport::Mqtt => BrokerUrl::local_mqtt(),
                Transport::Amqp => BrokerUrl::local_amqp(),
            };
        }
        match self.dialect {
            DialectName::Rounds(RoundsName::Ppd) => BrokerUrl::local_amqp(),
            DialectName::Rounds(RoundsName::ElectChain | RoundsName::Sd)
            | DialectName::Chain(_) => BrokerUrl::local_mqtt(),
        }
    }

    fn refuse_what_it_lacks(&self, name: RoundsName, is_manual: bool) -> anyhow::Result<()> {
        if name != RoundsName::Sd {
            for (option, is_given) in [
                ("--election-topic", self.election_topic.is_some()),
                ("--id-field", self.id_field.is_some()),
                ("--manual", is_manual),
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
        let (peers, most) = (self.members().get(), name.peers_max());
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
        network(options).dialect(None, None)
    }

    fn complaint(options: &[&str], issuing: Option<Issuing>) -> String {
        match network(options).dialect(None, issuing) {
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
            let usual = dialect(&published).expect("it has these");
            assert_eq!(usual.rules().pause, Duration::from_millis(millis), "{name}");
            let told = [&published[..], &["--pause", "0s"]].concat();
            let told = dialect(&told).expect("it has these");
            assert_eq!(told.rules().pause, Duration::ZERO);
            let ours = dialect(&["--dialect", name]).expect("it has these");
            assert_eq!(ours.rules().pause, Duration::ZERO);
        }
    }

    #[test]
    fn a_profile_is_a_network_and_the_published_variant_is_short_for_one() {
        let copy = dialect(&["--profile", "copy-c", "--room", "class7"]).expect("it is built in");
        assert_eq!(copy.topics()[0], "class7/sd/PPD_lab3/init");
        assert_eq!((copy.rules().peers.get(), copy.rules().pause), (3, Duration::ZERO));
        let more = dialect(&["--profile", "copy-c", "--peers", "5"]).expect("it may have more");
        assert_eq!(more.rules().peers.get(), 5);
        let short = dialect(&["--dialect", "sd", "--variant", "published"]).expect("it is one");
        let long = dialect(&["--profile", "sd"]).expect("it is built in");
        assert_eq!(short.network(), long.network());
        let named = ["--profile", "sd", "--id-field", "who", "--election-topic", "draw"];
        let named = dialect(&named).expect("a profile has both");
        assert!(named.topics().contains(&"sd/draw".to_owned()));
        assert_ne!(named.network(), long.network());
        let alone = dialect(&["--profile", "copy-f"]).expect("it is built in");
        assert_eq!(alone.rules().issuing, Issuing::AtOnce);
        let manual = network(&["--profile", "copy-f"]).dialect(None, Some(Issuing::OnCommand));
        assert_eq!(manual.expect("it is built in").rules().issuing, Issuing::OnCommand);
        let chain = network(&["--profile", "aviary"]);
        assert_eq!(chain.chain_name(), Some(ChainName::Aviary));
        assert!(complaint(&["--profile", "aviary"], None).contains("a network with a chain"));
        let said = complaint(&["--profile", "sd", "--signatures", "none"], None);
        assert!(said.ends_with("leave --signatures out"), "{said}");
    }

    #[test]
    fn options_that_a_dialect_does_not_have_are_explained() {
        for name in ["elect-chain", "ppd"] {
            for (option, value) in [("--election-topic", "election"), ("--id-field", "id")] {
                let said = complaint(&["--dialect", name, option, value], None);
                assert!(said.starts_with(&format!("{option} is an option of sd only")), "{said}");
            }
            let said = complaint(&["--dialect", name], Some(Issuing::OnCommand));
            assert!(said.starts_with("--manual is an option of sd only"), "{said}");
        }
        let said = complaint(&["--dialect", "ppd", "--signatures", "none"], None);
        assert!(said.ends_with("leave --signatures out"), "{said}");
        let said = complaint(&["--dialect", "ppd", "--peers", "481"], None);
        assert!(said.starts_with("a network of ppd has at most 480 peers, not 481"), "{said}");

        let taken = ["--dialect", "sd", "--election-topic", "challenge"];
        let said = complaint(&taken, None);
        assert!(said.starts_with("the network has another topic of that name"), "{said}");

        let all = ["--dialect", "sd", "--election-topic", "draw", "--id-field", "id"];
        let sd = network(&all).dialect(None, Some(Issuing::OnCommand)).expect("sd has all");
        assert_eq!(sd.rules().issuing, Issuing::OnCommand);
    }
}
