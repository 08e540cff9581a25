//! The options that say how to reach a broker, and what a peer tells it.

use std::path::PathBuf;
use std::time::Duration;

use althing_dialect::Dialect;
use althing_net::mqtt::{self, BrokerUrl, LastWill, QualityOfService};
use althing_types::PeerId;
use clap::Args;

/// How to reach a broker.
#[derive(Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// The broker.
    #[arg(help = "The broker, as mqtt://[user:password@]host[:port], or mqtts:// for TLS")]
    #[arg(long, value_name = "URL", env = "ALTHING_BROKER", hide_env_values = true)]
    #[arg(default_value = "mqtt://127.0.0.1:1883")]
    broker: BrokerUrl,

    /// How sure a message arrives: 0 at most once, 1 at least once, 2 exactly once.
    #[arg(long, value_name = "0|1|2", default_value = "0", value_parser = parse_qos)]
    qos: QualityOfService,

    /// Ask the broker for a sign of life this often.
    #[arg(long, value_name = "TIME", default_value = "5s")]
    #[arg(value_parser = humantime::parse_duration)]
    keep_alive: Duration,

    /// A certificate to trust besides the system's, as a PEM file.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl Connection {
    pub(crate) fn options(&self) -> mqtt::Options {
        let mut options = mqtt::Options::new(self.broker.clone());
        options.quality_of_service = self.qos;
        options.keep_alive = self.keep_alive;
        options.ca_file.clone_from(&self.ca_file);
        options
    }
}

fn parse_qos(text: &str) -> Result<QualityOfService, String> {
    let qos = text.parse().ok().and_then(QualityOfService::from_number);
    qos.ok_or_else(|| "it is 0, 1 or 2".to_owned())
}

/// Returns the options with which a peer of `dialect` connects.
pub(crate) fn membership(
    options: mqtt::Options,
    dialect: &dyn Dialect,
    peer: PeerId,
) -> mqtt::Options {
    let mut options = options.with_topics(dialect.topics());
    options.last_will = dialect
        .last_will(peer)
        .map(|will| LastWill { topic: will.topic.into(), payload: will.payload.into() });
    options
}
