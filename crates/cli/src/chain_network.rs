//! The options that say which network with a chain a command takes part in, and how its peer meets
//! the others.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use althing_dialect::aviary::{self, Aviary};
use althing_dialect::cs60::{self, Cs60};
use althing_dialect::open::{self, Open};
use althing_dialect::profile::{AviaryRules, NetworkKind, Profile};
use althing_dialect::{ChainDialect, NetworkConfig};
use althing_engine::nakamoto::{Discovery, Label, Timeouts};
use althing_ledger::target_of_bits;
use althing_net::{Endpoint, mqtt, over_link};
use althing_node::assembly::Place;
use althing_peer::meeting::{self, Met, canonical};
use althing_text::Name;
use althing_text::look_alike::{look_alike, unseen};
use althing_types::{Address, BlockHash, UnixTime};
use clap::{Args, ValueEnum};

use crate::connection::{Broker, Told};
use crate::listen::parse_listen;
use crate::output::{self, Misuse, demand, misuse};

/// A network with a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ChainName {
    /// One piece of data per block, such as a ballot; peers meet through a tracker.
    Cs60,
    /// Blocks of short messages; peers gossip over UDP.
    Aviary,
    /// Our own: signed notes, in blocks that any Bitcoin miner can work on.
    Open,
}

/// Which network with a chain. All its peers must be given the same options.
#[derive(Args, Clone)]
#[command(next_help_heading = "Network with a chain (cs60, aviary, open)")]
pub(crate) struct ChainNetwork {
    /// How hard a block is to find.
    ///
    /// In aviary, the number of hexadecimal zeros at the end of a hash (default 8); in cs60, at its
    /// beginning, more for later blocks (default 3); in open, the minimum number of zero bits,
    /// however slowly blocks come (default 24).
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=64))]
    difficulty: Option<u8>,

    /// The hash of the first block; peers with another first block are ignored (aviary).
    #[arg(long, value_name = "HASH")]
    genesis: Option<BlockHash>,

    /// What the data are: ballots, at most one per voter, or any texts (cs60).
    #[arg(long, value_enum)]
    entries: Option<EntriesName>,

    /// The name of the network (open).
    #[arg(long, value_name = "NAME", value_parser = parse_label)]
    network: Option<Label>,

    /// When the network was founded, as its first peer printed it, or now to found it (open).
    ///
    /// A peer with --data remembers it: started again, it needs no --founded, and now founds no
    /// second network.
    #[arg(long, value_name = "TIME", value_parser = parse_founded)]
    founded: Option<Founded>,

    /// The time between two blocks, in whole seconds; the default is 60s (open).
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    block_time: Option<Duration>,

    /// The half-life of the difficulty, in block times: after a delay of this many, the next block
    /// is half as hard. The default is 120 (open).
    #[arg(long, value_name = "BLOCKS", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    half_life: Option<u32>,

    /// How often to announce this peer (aviary, open).
    #[arg(long, value_name = "TIME", default_value = "30s")]
    #[arg(value_parser = humantime::parse_duration)]
    gossip_every: Duration,

    /// Forget a peer if it has not been heard for this long (aviary, open).
    #[arg(long, value_name = "TIME", default_value = "60s")]
    #[arg(value_parser = humantime::parse_duration)]
    kick_after: Duration,

    /// How often to ask other peers for their chains.
    #[arg(long, value_name = "TIME", default_value = "10s")]
    #[arg(value_parser = humantime::parse_duration)]
    stats_every: Duration,

    /// Ask another peer for a block if one has not sent it within this time.
    #[arg(long, value_name = "TIME", default_value = "2s")]
    #[arg(value_parser = humantime::parse_duration)]
    request_timeout: Duration,

    /// Do not ask a peer for this long if its chain could not be fetched, and for twice as long
    /// each time after that.
    #[arg(long, value_name = "TIME", default_value = "30s")]
    #[arg(value_parser = humantime::parse_duration)]
    shun_for: Duration,

    /// Ignore a dishonest peer for this long (open).
    #[arg(long, value_name = "TIME", default_value = "1h")]
    #[arg(value_parser = humantime::parse_duration)]
    ban_for: Duration,

    /// How the programs of aviary speak, as a profile has it.
    #[arg(skip)]
    programs: AviaryRules,
}

/// When a network was founded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Founded {
    /// By the peer that starts, at this time.
    Now(UnixTime),
    /// At this time.
    At(UnixTime),
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EntriesName {
    /// One ballot per voter.
    Ballots,
    /// Any text.
    Texts,
}

/// A peer to contact first.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Contact {
    /// One of which the port is known.
    At(Address),
    /// One that listens where the programs of its network do.
    Host(String),
}

/// How a peer with a chain meets the others, or a member of an assembly without a broker.
#[derive(Args, Clone)]
#[command(next_help_heading = "Meeting (networks with a chain, and assembly)")]
pub(crate) struct Meeting {
    /// The address to listen at, UDP, and in an assembly TCP; port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    #[arg(value_parser = parse_listen)]
    listen: SocketAddr,

    /// The address at which others reach us, if it differs from --listen; port 0 is the port we
    /// listen at.
    #[arg(long, value_name = "HOST:PORT", value_parser = parse_own_address)]
    advertise: Option<Address>,

    /// A peer to contact first; may be given several times (aviary, open, assembly). In aviary, the
    /// port is the one of the network's programs unless it is said.
    #[arg(long, value_name = "HOST[:PORT]", value_parser = parse_contact)]
    contact: Vec<Contact>,

    /// The tracker with the list of peers (open, assembly and cs60; the default for cs60 is
    /// 127.0.0.1:60825).
    #[arg(long, value_name = "HOST:PORT", value_parser = parse_address)]
    tracker: Option<Address>,

    /// What this peer is called, as a hint for people; also its name as a miner.
    ///
    /// Any peer may take any name, so ids or addresses stand beside it. Default: none, and althing
    /// in networks with a chain.
    #[arg(long, value_name = "NAME", help_heading = "Network")]
    pub(crate) name: Option<Name>,
}

impl Meeting {
    /// Returns what a peer of a network with a chain is called.
    pub(crate) fn label(&self) -> anyhow::Result<Label> {
        let name = self.name.as_ref().map_or("althing", Name::as_str);
        Label::new(name).map_err(|error| Misuse(format!("--name: {error}")).into())
    }
}

impl ChainName {
    /// Returns which network a profile of this kind describes, if it is one with a chain.
    pub(crate) fn of(kind: NetworkKind) -> Option<Self> {
        match kind {
            NetworkKind::Rounds => None,
            NetworkKind::Aviary => Some(Self::Aviary),
            NetworkKind::Cs60 => Some(Self::Cs60),
        }
    }

    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value().expect("no network is hidden");
        value.get_name().to_owned()
    }
}

impl ChainNetwork {
    /// Returns the dialect that these options describe, for a peer that signs with `secret` where
    /// peers sign.
    pub(crate) fn dialect(
        &self,
        name: ChainName,
        discovery: Discovery,
        secret: [u8; 32],
    ) -> anyhow::Result<Box<dyn ChainDialect>> {
        let timeouts = Timeouts {
            gossip: self.gossip_every,
            silence: self.kick_after,
            tips: self.stats_every,
            request: self.request_timeout,
            shun: self.shun_for,
            ban: self.ban_for,
        };
        for (option, time) in [
            ("--gossip-every", timeouts.gossip),
            ("--kick-after", timeouts.silence),
            ("--stats-every", timeouts.tips),
            ("--request-timeout", timeouts.request),
            ("--shun-for", timeouts.shun),
            ("--ban-for", timeouts.ban),
        ] {
            demand!(time >= TIME_MIN, "{option} is too short: {TIME_MIN:?} is the least");
        }
        Ok(match name {
            ChainName::Cs60 => {
                let usual = cs60::Config::default();
                Box::new(Cs60::new(cs60::Config {
                    data: match self.entries {
                        Some(EntriesName::Texts) => cs60::Data::Texts,
                        Some(EntriesName::Ballots) | None => cs60::Data::Ballots,
                    },
                    zeros: self.difficulty.unwrap_or(usual.zeros),
                    timeouts,
                }))
            }
            ChainName::Aviary => {
                let difficulty = self.difficulty.unwrap_or(self.programs.difficulty);
                let programs = AviaryRules { difficulty, ..self.programs.clone() };
                Box::new(Aviary::new(aviary::Config { programs, genesis: self.genesis, timeouts }))
            }
            ChainName::Open => {
                let Some(start) = self.founded() else {
                    misuse!(
                        "all peers of an open network say when it was founded; found one with \
                         --founded now, and tell the others the time that is shown then"
                    )
                };
                let network = self.network.clone().unwrap_or_else(default_label);
                let usual = open::Config::new(network, start, secret);
                let block_time = self.block_time.unwrap_or(usual.block_time);
                demand!(
                    block_time.as_secs() > 0 && block_time.subsec_nanos() == 0,
                    "--block-time is counted in whole seconds; {block_time:?} is none"
                );
                Box::new(Open::new(open::Config {
                    block_time,
                    half_life_blocks: self.half_life.unwrap_or(usual.half_life_blocks),
                    easiest: self.difficulty.map_or(usual.easiest, target_of_bits),
                    discovery,
                    timeouts,
                    ..usual
                }))
            }
        })
    }

    /// Takes what these options leave open from a profile.
    pub(crate) fn follow(&mut self, profile: &Profile) {
        match profile.network {
            NetworkKind::Rounds => {}
            NetworkKind::Aviary => self.programs = profile.aviary.clone(),
            NetworkKind::Cs60 => {
                self.difficulty.get_or_insert(profile.cs60.zeros);
                self.entries.get_or_insert(match profile.cs60.data {
                    cs60::Data::Ballots => EntriesName::Ballots,
                    cs60::Data::Texts => EntriesName::Texts,
                });
            }
        }
    }

    /// Returns at which ports the programs of the network listen, if they agree on some.
    pub(crate) fn ports(&self, name: ChainName) -> &[u16] {
        match name {
            ChainName::Aviary => &self.programs.ports,
            ChainName::Cs60 | ChainName::Open => &[],
        }
    }

    /// Returns a sentence about what a peer waits for, if it waits for others.
    pub(crate) fn waits_for(&self, name: ChainName) -> Option<String> {
        let peers = self.programs.min_peers;
        (name == ChainName::Aviary && peers > 1).then(|| {
            format!("like its programs, this peer follows a chain once it knows {peers} others")
        })
    }

    /// Returns these options for a simulation, in which blocks are easy unless they say otherwise.
    pub(crate) fn simulated(mut self, name: ChainName) -> Self {
        self.difficulty.get_or_insert(match name {
            ChainName::Aviary => 3,
            ChainName::Cs60 => 1,
            ChainName::Open => 12,
        });
        if name == ChainName::Open {
            self.founded.get_or_insert(Founded::At(althing_sim::chain::BEGINNING));
        }
        self
    }

    /// Returns when the network was founded, if that is something to be said.
    pub(crate) fn founded(&self) -> Option<UnixTime> {
        self.founded.map(|(Founded::Now(time) | Founded::At(time))| time)
    }

    /// Goes on with the network that this peer is of, unless the options name another time: a peer
    /// that founded it is started again with the same options.
    pub(crate) fn remember(&mut self, known: &NetworkConfig) {
        if let NetworkConfig::Open { start, .. } = known
            && matches!(self.founded, None | Some(Founded::Now(_)))
        {
            self.founded = Some(Founded::At(*start));
        }
    }

    /// Refuses a name of the network that people take for the one that these data are of.
    pub(crate) fn check_name(&self, known: &NetworkConfig) -> anyhow::Result<()> {
        if let (Some(given), NetworkConfig::Open { name, .. }) = (&self.network, known)
            && look_alike(given.as_str(), name.as_str())
        {
            misuse!(
                "--network {:?} looks like {:?}, the network that the data are of, and is another \
                 one; write it as that is written, or use another --data",
                given.as_str(),
                name.as_str()
            );
        }
        Ok(())
    }

    /// Returns a warning if the network is founded later than this machine's clock shows.
    pub(crate) fn founded_in_the_future(&self, now: SystemTime) -> Option<String> {
        let founded = UNIX_EPOCH + Duration::from_secs(self.founded()?.seconds());
        let ahead = founded.duration_since(now).ok().filter(|ahead| *ahead > SOON)?;
        let ahead = humantime::format_duration(Duration::from_secs(ahead.as_secs()));
        Some(format!(
            "by this machine's clock the network is founded only in {ahead}. If it is right, the \
             time is not the one that the first peer printed; if the clock is wrong, set it: a \
             running peer notices"
        ))
    }
}

/// The shortest time between two things that a peer does by itself.
const TIME_MIN: Duration = Duration::from_millis(10);

impl Meeting {
    /// Returns how peers of a network meet, as these options have it.
    pub(crate) fn discovery(&self, name: ChainName) -> anyhow::Result<Discovery> {
        let has_tracker = self.tracker.is_some() || name == ChainName::Cs60;
        demand!(
            self.contact.is_empty() || !has_tracker,
            "peers meet each other or by a tracker; leave --contact or --tracker out"
        );
        Ok(match has_tracker {
            true => Discovery::Tracker,
            false => Discovery::Gossip { forward: open::FORWARD },
        })
    }

    /// Returns the peers to contact first; `ports` are those of the network's programs.
    pub(crate) fn contacts(&self, ports: &[u16]) -> anyhow::Result<Vec<Address>> {
        let mut contacts = Vec::new();
        for contact in &self.contact {
            match contact {
                Contact::At(address) => contacts.push(address.clone()),
                Contact::Host(host) => {
                    demand!(
                        !ports.is_empty(),
                        "peers of this network may listen at any port; say which one, as in \
                         --contact {host}:8999"
                    );
                    let all = ports.iter().map(|port| parse_address(&format!("{host}:{port}")));
                    contacts.extend(all.collect::<Result<Vec<_>, _>>().map_err(Misuse)?);
                }
            }
        }
        Ok(contacts)
    }

    /// Returns where a member of an assembly listens and whom it turns to, without a broker.
    pub(crate) fn place(&self) -> anyhow::Result<Place> {
        let contacts = self.contacts(&[])?;
        let Self { listen, advertise, tracker, .. } = self.clone();
        Ok(Place { listen, advertise, contacts, tracker })
    }

    /// Returns whether it was said where another peer or the tracker is.
    pub(crate) fn knows_others(&self) -> bool {
        !self.contact.is_empty() || self.tracker.is_some()
    }

    /// Returns where the tracker is, in a network with one.
    pub(crate) fn tracker(&self) -> Address {
        self.with(Vec::new()).tracker()
    }

    fn with(&self, contacts: Vec<Address>) -> meeting::Meeting {
        let Self { listen, advertise, tracker, .. } = self.clone();
        meeting::Meeting { listen, advertise, contacts, tracker }
    }

    /// Returns our end of a network over UDP, and whom to turn to.
    pub(crate) async fn meet(
        &self,
        discovery: Discovery,
        contacts: Vec<Address>,
    ) -> anyhow::Result<(Endpoint, Vec<Address>)> {
        let Met { endpoint, contacts, problems } = self.with(contacts).meet(discovery).await?;
        problems.iter().for_each(|problem| output::warn(&problem.to_string()));
        Ok((endpoint, contacts))
    }

    /// Returns our end of a network over an MQTT broker, and whom to turn to there.
    pub(crate) async fn meet_at(
        &self,
        broker: Broker,
        patience: Option<Duration>,
        chain: BlockHash,
    ) -> anyhow::Result<(Endpoint, Vec<Address>)> {
        let Broker::Mqtt(options) = broker else {
            misuse!("an open network takes a broker of MQTT, as in --broker mqtt://localhost")
        };
        demand!(
            self.contact.is_empty() && self.tracker.is_none(),
            "peers at a broker meet there; leave --contact and --tracker out, or --broker"
        );
        // Peers of one broker need names there, and nobody else does.
        let address = Address::new(&format!("peer-{:016x}", rand::random::<u64>()), 1)?;
        let prefix = format!("althing/open/{chain}");
        let topics = over_link::topics(&prefix, &address);
        let (options, mut told) = (options.with_topics(topics), Told::new(patience));
        let link = mqtt::connect_patiently(options, patience, |error| told.tell(error)).await?;
        Ok((Endpoint::over_link(link, &prefix, address), vec![over_link::EVERYONE.clone()]))
    }
}

pub(crate) fn parse_address(text: &str) -> Result<Address, String> {
    parse_own_address(text).and_then(|address| match address.port() {
        0 => Err(format!("{text:?} is no place to send to: a port is at least 1")),
        _ => Ok(address),
    })
}

fn parse_contact(text: &str) -> Result<Contact, String> {
    match text.contains(':') {
        true => parse_address(text).map(Contact::At),
        // To see whether it can be a host.
        false => parse_address(&format!("{text}:1")).map(|_| Contact::Host(text.to_owned())),
    }
}

fn parse_own_address(text: &str) -> Result<Address, String> {
    Address::from_str(text)
        .map(|address| match address.host().parse() {
            // One number can be written in several ways.
            Ok(host) => canonical(SocketAddr::new(host, address.port())).into(),
            Err(_) => address,
        })
        .map_err(|_| format!("{text:?} is not a host and a port; write them as in localhost:8999"))
}

fn default_label() -> Label {
    Label::new("althing").expect("it is short")
}

/// Clocks differ by less.
const SOON: Duration = Duration::from_secs(60);

fn parse_founded(text: &str) -> Result<Founded, String> {
    let unix_time = |time: SystemTime| {
        let since_1970 = time
            .duration_since(UNIX_EPOCH)
            .map_err(|_| format!("{text:?} is before 1970, where the time of blocks begins"))?;
        if since_1970.as_secs() > u64::from(u32::MAX) {
            return Err(format!(
                "{text:?} is too late: the time of a block has 32 bits, until 2106"
            ));
        }
        Ok(UnixTime::from_seconds(since_1970.as_secs()))
    };
    if text == "now" {
        return unix_time(SystemTime::now()).map(Founded::Now);
    }
    let time = humantime::parse_rfc3339_weak(text)
        .or_else(|_| humantime::parse_rfc3339(&format!("{text}T00:00:00Z")))
        .map_err(|_| format!("{text:?} is no time; write it as in 2026-01-31T12:00:00Z, or now"))?;
    unix_time(time).map(Founded::At)
}

fn parse_label(text: &str) -> Result<Label, String> {
    if text.is_empty() {
        return Err("a name has at least one character".to_owned());
    }
    if let Some(unseen) = unseen(text) {
        return Err(format!("{unseen:?} cannot be seen there, so others would miss the network"));
    }
    Label::new(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses options as a command does.
    fn network(options: &[&str]) -> ChainNetwork {
        #[derive(clap::Parser)]
        struct Command {
            #[command(flatten)]
            network: ChainNetwork,
        }
        let command = ["althing"].iter().chain(options);
        <Command as clap::Parser>::try_parse_from(command).expect("right options").network
    }

    fn config(network: &ChainNetwork) -> NetworkConfig {
        let discovery = Discovery::Gossip { forward: open::FORWARD };
        network.dialect(ChainName::Open, discovery, [7; 32]).expect("right options").network()
    }

    #[test]
    fn a_contact_without_a_port_is_at_those_of_the_programs() {
        #[derive(clap::Parser)]
        struct Command {
            #[command(flatten)]
            meeting: Meeting,
        }
        let options = ["althing", "--contact", "one", "--contact", "two:7"];
        let Command { meeting } = clap::Parser::try_parse_from(options).expect("right options");
        let contacts = meeting.contacts(&[8999, 8998]).expect("they are hosts");
        let contacts: Vec<_> = contacts.iter().map(Address::to_string).collect();
        assert_eq!(contacts, ["one:8999", "one:8998", "two:7"]);
        let refused = meeting.contacts(&[]).expect_err("there is no port");
        assert!(refused.to_string().contains("--contact one:8999"), "{refused}");
        assert_eq!(network(&[]).ports(ChainName::Aviary), [8999]);
    }

    #[test]
    fn a_founder_that_is_started_again_goes_on_with_its_network() {
        let first = config(&network(&["--founded", "2026-01-31T12:00:00Z"]));
        for again in [&["--founded", "now"][..], &[]] {
            let mut again = network(again);
            again.remember(&first);
            assert_eq!(config(&again), first);
        }
        let mut other = network(&["--founded", "2026-02-01"]);
        other.remember(&first);
        assert_ne!(config(&other), first, "another time is another network");
    }

    #[test]
    fn a_name_that_looks_like_that_of_the_network_before_is_refused() {
        let club = config(&network(&["--founded", "2026-01-31", "--network", "club"]));
        for (name, is_refused) in [("Club", true), ("clu\u{10b}", false), ("club", false)] {
            let again = network(&["--network", name]).check_name(&club);
            assert_eq!(again.is_err(), is_refused, "{name}: {again:?}");
        }
        assert!(network(&[]).check_name(&club).is_ok());
    }
}
