//! The options that say how to reach a broker, and what a peer tells it.
//!
//! | file | question |
//! | --- | --- |
//! | `url` | which kind of broker is at an address? |

mod url;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

use althing_dialect::assembly::Assembly;
use althing_dialect::{Bus, RoundsDialect, Wire, profile};
use althing_net::mqtt::{LastWill, QualityOfService};
use althing_net::{DialError, Link, amqp, mqtt};
use althing_types::PeerId;
use anyhow::anyhow;
use clap::Args;
use clap::builder::BoolishValueParser;

pub(crate) use url::{BrokerUrl, FORM};

use crate::output::{self, demand};

/// How to reach a broker.
#[derive(Args)]
#[command(next_help_heading = "Broker (networks with rounds, open and assembly)")]
pub(crate) struct Connection {
    /// The broker.
    #[arg(help = format!("The broker, as {FORM}"), long_help = long_help())]
    #[arg(long, value_name = "URL", env = "ALTHING_BROKER", hide_env_values = true)]
    broker: Option<BrokerUrl>,

    /// MQTT's quality of service: 0 delivers a message at most once (the default), 1 at least once,
    /// 2 exactly once.
    #[arg(long, value_name = "0|1|2", value_parser = parse_qos)]
    qos: Option<QualityOfService>,

    /// The keep-alive interval of the connection to the broker, in whole seconds.
    #[arg(long, value_name = "TIME", default_value = "5s")]
    #[arg(value_parser = humantime::parse_duration)]
    keep_alive: Duration,

    /// A PEM file with certificates to trust in addition to the system's.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,

    /// Wait for a broker that is not there at the start, for as long as it takes.
    ///
    /// The default is yes without a terminal, as for a service, and no on a terminal, where the
    /// peer gives up after five seconds.
    #[arg(long, value_name = "yes|no", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "yes", value_parser = BoolishValueParser::new())]
    #[arg(hide_possible_values = true)]
    wait_for_broker: Option<bool>,
}

/// A broker of either kind, and how to connect to it.
#[derive(Clone)]
pub(crate) enum Broker {
    Mqtt(Box<mqtt::Options>),
    /// Each peer fills in its own queue suffix.
    Amqp(Box<amqp::Options>),
}

impl Connection {
    /// Returns whether a broker was asked for.
    pub(crate) fn has_broker(&self) -> bool {
        self.broker.is_some()
    }

    /// Returns the broker that was asked for, or the one at `usual`.
    pub(crate) fn broker(&self, usual: BrokerUrl) -> anyhow::Result<Broker> {
        let mut broker = Broker::at(self.broker.clone().unwrap_or(usual));
        match &mut broker {
            Broker::Mqtt(options) => {
                options.quality_of_service = self.qos.unwrap_or_default();
                options.keep_alive = self.keep_alive;
                options.ca_file.clone_from(&self.ca_file);
            }
            Broker::Amqp(options) => {
                demand!(
                    self.qos.is_none(),
                    "--qos is a choice of MQTT, and {} is a broker of AMQP; leave it out, or \
                     name a broker with mqtt://",
                    options.broker
                );
                options.heartbeat = self.keep_alive;
                options.ca_file.clone_from(&self.ca_file);
            }
        }
        Ok(broker)
    }

    /// Returns how long to try to reach the broker at the start; `None` is for ever.
    pub(crate) fn patience(&self) -> Option<Duration> {
        let has_terminal = || {
            io::stdin().is_terminal() || io::stdout().is_terminal() || io::stderr().is_terminal()
        };
        match self.wait_for_broker.unwrap_or_else(|| !has_terminal()) {
            true => None,
            false => Some(PATIENCE),
        }
    }
}

/// How long a peer tries to reach its broker at the start, where a person watches.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

impl Broker {
    /// Returns the broker at `url`, with what is usual for all else.
    pub(crate) fn at(url: BrokerUrl) -> Self {
        match url {
            BrokerUrl::Mqtt(url) => Self::Mqtt(Box::new(mqtt::Options::new(url))),
            BrokerUrl::Amqp(url) => Self::Amqp(Box::new(amqp::Options::new(url, ""))),
        }
    }

    /// Returns this broker, with these certificates to trust as well.
    pub(crate) fn trusting(mut self, ca_file: Option<&Path>) -> Self {
        let ca_file = ca_file.map(Path::to_owned);
        match &mut self {
            Self::Mqtt(options) => options.ca_file = ca_file,
            Self::Amqp(options) => options.ca_file = ca_file,
        }
        self
    }

    /// Fails at once if this is a RabbitMQ that is not there, and says how to get one. (An MQTT
    /// broker is in every Althing.)
    pub(crate) async fn check(&self) -> anyhow::Result<()> {
        let Self::Amqp(options) = self else { return Ok(()) };
        match amqp::probe(options).await {
            Ok(_) => Ok(()),
            Err(amqp::Error::Dial(
                error @ (DialError::Refused { .. }
                | DialError::Unreachable { .. }
                | DialError::Unresolved { .. }),
            )) => Err(anyhow!(
                "{error}; it takes a RabbitMQ (on Debian: apt-get install rabbitmq-server), or \
                 another broker, as in --broker amqp://user:password@host"
            )),
            Err(error) => Err(error.into()),
        }
    }

    /// Connects a peer of `dialect`; tries for as long as `patience`, or for ever if there is none,
    /// and says so.
    pub(crate) async fn join(
        &self,
        dialect: &dyn RoundsDialect,
        peer: PeerId,
        patience: Option<Duration>,
    ) -> anyhow::Result<Link> {
        self.connect(Joining::rounds(dialect, Some(peer)), patience).await
    }

    /// Connects one that hears what the peers of `dialect` say, and says nothing.
    pub(crate) async fn listen(
        &self,
        dialect: &dyn RoundsDialect,
        patience: Option<Duration>,
    ) -> anyhow::Result<Link> {
        self.connect(Joining::rounds(dialect, None), patience).await
    }

    /// Connects a peer of an assembly, as [`join`](Self::join) does.
    pub(crate) async fn join_assembly(
        &self,
        dialect: &Assembly,
        peer: PeerId,
        patience: Option<Duration>,
    ) -> anyhow::Result<Link> {
        self.connect(Joining::assembly(dialect, peer), patience).await
    }

    async fn connect(&self, joining: Joining, patience: Option<Duration>) -> anyhow::Result<Link> {
        let Joining { peer, topics, overheard, bus, last_will } = joining;
        let mut told = Told::new(patience);
        Ok(match self {
            Self::Mqtt(options) => {
                let heard = overheard.into_iter().flatten();
                let topics = topics.into_iter().chain(heard);
                let mut options = options.as_ref().clone().with_topics(topics);
                options.retained = bus.retained.into_iter().map(Into::into).collect();
                options.hears_retained = bus.hears_retained;
                let usual = QualityOfService::from_number(bus.quality_of_service);
                options.quality_of_service =
                    usual.unwrap_or_default().max(options.quality_of_service);
                options.last_will = last_will.map(|will| LastWill {
                    topic: will.to.as_topic().unwrap_or_default().into(),
                    payload: will.payload.into(),
                });
                mqtt::connect_patiently(options, patience, |error| told.tell(error)).await?
            }
            Self::Amqp(options) => {
                let mut options = options.as_ref().clone();
                // Each exchange that is not there costs a line in the broker's log, so only those
                // of the other variant, which is the likeliest mistake.
                let nearest = overheard.into_iter().next().unwrap_or_default();
                options.overheard = nearest.into_iter().map(Into::into).collect();
                match peer {
                    Some(peer) => {
                        options = options.with_exchanges(topics);
                        options.queue_suffix = peer.to_string().into();
                        options.objects = objects(&bus.amqp);
                    }
                    // It declares nothing that programs may declare in another way.
                    None => {
                        options.overheard.extend(topics.into_iter().map(Into::into));
                        options.overheard_within = LOOK;
                    }
                }
                amqp::connect_patiently(options, patience, |error| told.tell(error)).await?
            }
        })
    }
}

/// What a broker has to know of a peer, whatever its network.
struct Joining {
    /// Which it is; one that only listens is none.
    peer: Option<PeerId>,
    /// What it listens to.
    topics: Vec<String>,
    /// Where it would notice peers of other networks.
    overheard: Vec<Vec<String>>,
    bus: Bus,
    /// What the broker is to say when its connection breaks.
    last_will: Option<Wire>,
}

impl Joining {
    fn rounds(dialect: &dyn RoundsDialect, peer: Option<PeerId>) -> Self {
        Self {
            peer,
            topics: dialect.topics(),
            overheard: dialect.overheard(),
            bus: dialect.bus(),
            last_will: peer.and_then(|peer| dialect.last_will(peer)),
        }
    }

    fn assembly(dialect: &Assembly, peer: PeerId) -> Self {
        let member = dialect.charter().members().find(|(_, member)| member.id() == peer);
        Self {
            peer: Some(peer),
            topics: dialect.topics().into(),
            overheard: Vec::new(),
            bus: Bus::default(),
            last_will: member.map(|(index, _)| dialect.last_will(index)),
        }
    }
}

/// How often one that only watches looks for exchanges that programs have yet to declare.
const LOOK: Duration = Duration::from_secs(1);

/// Returns the objects of a broker as a profile has them.
fn objects(profile: &profile::Amqp) -> amqp::Objects {
    let profile::Amqp { exchange, routing_key, delivery_mode, queue, .. } = profile;
    amqp::Objects {
        kind: match exchange.kind {
            profile::ExchangeKind::Fanout => amqp::ExchangeKind::Fanout,
            profile::ExchangeKind::Direct => amqp::ExchangeKind::Direct,
            profile::ExchangeKind::Topic => amqp::ExchangeKind::Topic,
        },
        durable: exchange.durable,
        auto_delete: exchange.auto_delete,
        routing_key: routing_key.clone(),
        delivery_mode: *delivery_mode,
        queue: if queue == profile::SHARED_UNNAMED { String::new() } else { queue.clone() },
    }
}

/// Returns what a profile says of such objects.
pub(crate) fn described(objects: &amqp::Objects) -> profile::Amqp {
    let amqp::Objects { kind, durable, auto_delete, routing_key, delivery_mode, .. } = objects;
    profile::Amqp {
        exchange: profile::Exchange {
            kind: match kind {
                amqp::ExchangeKind::Fanout => profile::ExchangeKind::Fanout,
                amqp::ExchangeKind::Direct => profile::ExchangeKind::Direct,
                amqp::ExchangeKind::Topic => profile::ExchangeKind::Topic,
            },
            durable: *durable,
            auto_delete: *auto_delete,
        },
        routing_key: routing_key.clone(),
        delivery_mode: *delivery_mode,
        ..profile::Amqp::default()
    }
}

/// Tells why the broker cannot be reached while it is tried again, each reason once.
pub(crate) struct Told {
    patience: Option<Duration>,
    last: String,
}

impl Told {
    pub(crate) fn new(patience: Option<Duration>) -> Self {
        Self { patience, last: String::new() }
    }

    pub(crate) fn tell(&mut self, error: &dyn std::error::Error) {
        let reason = error.to_string();
        if reason == self.last {
            return;
        }
        let plan = match self.patience {
            Some(patience) => format!("trying again for {} s", patience.as_secs()),
            None => "waiting for it (--wait-for-broker=no gives up)".to_owned(),
        };
        output::warn(&format!("{reason}; {plan}"));
        self.last = reason;
    }
}

fn long_help() -> String {
    format!(
        "The broker, as {FORM}.\n\n\
         Without it: {} for elect-chain and sd, {} for ppd.",
        BrokerUrl::local_mqtt(),
        BrokerUrl::local_amqp(),
    )
}

fn parse_qos(text: &str) -> Result<QualityOfService, String> {
    let qos = text.parse().ok().and_then(QualityOfService::from_number);
    qos.ok_or_else(|| "it is 0, 1 or 2".to_owned())
}
