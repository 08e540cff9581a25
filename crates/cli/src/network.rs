//! The options that say which network a command takes part in.
//!
//! | file | question |
//! | --- | --- |
//! | `names` | what are the networks called? |
//! | `values` | how are the values of their options written? |
//! | `waits` | how long does a network wait for what? |

mod names;
#[cfg(test)]
mod tests;
mod values;
mod waits;

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

use self::names::parse_peers;
pub(crate) use self::names::{DialectName, RoundsName};
pub(crate) use self::values::parse_topic;
use self::values::{Challenges, parse_name, parse_room};
use self::waits::Waits;

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

/// Members of an assembly unless its options say otherwise: the fewest of which one may lie.
const ASSEMBLY_MEMBERS: NonZeroU16 = NonZeroU16::new(4).expect("four is not zero");

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
        let dialect = match (&self.profile, self.is_published()) {
            (Some(_), false) => {
                misuse!("{} is a network with a chain, not with rounds", self.name())
            }
            (Some(profile), true) => self.program((**profile).clone(), pause, issuing)?,
            (None, true) => {
                self.check_size()?;
                self.program(built_in::base(&self.name()).map_err(Misuse)?, pause, issuing)?
            }
            (None, false) => {
                self.check_size()?;
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
        self.waits.refuse_what_programs_lack()?;
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
        if let Some((key, reason)) = profile.problems().first() {
            misuse!("with these options the profile cannot be followed: {key}: {reason}");
        }
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
                demand!(
                    self.signatures.is_none(),
                    "in ppd all that counts is signed, and there is no choice; leave --signatures \
                     out"
                );
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
        let members = if self.is_assembly() { ASSEMBLY_MEMBERS } else { MEMBERS };
        self.peers.or(usual).unwrap_or(members)
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
        let has_draw_timeout = !self.is_published();
        let Waits { draw_timeout, leader_timeout, .. } = &mut self.waits;
        let draw = Duration::from_millis(1500).max(draw_timeout.unwrap_or_default());
        *draw_timeout = has_draw_timeout.then_some(draw);
        // An election that gets no further in this time begins again.
        *leader_timeout = (3 * draw).max(*leader_timeout);
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
            return ChainName::of(profile.network);
        }
        match self.dialect {
            DialectName::Rounds(_) | DialectName::Assembly => None,
            DialectName::Chain(name) => Some(name),
        }
    }

    fn rounds_name(&self) -> anyhow::Result<RoundsName> {
        match self.dialect {
            DialectName::Rounds(name) => Ok(name),
            DialectName::Chain(_) => {
                misuse!("{} is a network with a chain, not with rounds", self.name())
            }
            DialectName::Assembly => misuse!("an assembly has no rounds"),
        }
    }

    /// Returns whether it is an assembly.
    pub(crate) fn is_assembly(&self) -> bool {
        self.profile.is_none() && self.dialect == DialectName::Assembly
    }

    /// Returns the room, or nothing for the broker's whole space.
    pub(crate) fn room(&self) -> &str {
        self.room.as_deref().unwrap_or_default()
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
            | DialectName::Chain(_)
            | DialectName::Assembly => BrokerUrl::local_mqtt(),
        }
    }

    fn check_size(&self) -> anyhow::Result<()> {
        let name = self.rounds_name()?;
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

impl From<SignaturesName> for Signatures {
    fn from(name: SignaturesName) -> Self {
        match name {
            SignaturesName::None => Self::None,
            SignaturesName::Offered => Self::Offered,
            SignaturesName::Required => Self::Required,
        }
    }
}
