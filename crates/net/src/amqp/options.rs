//! How to connect to a broker.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{BrokerUrl, Error, NAME_MAX, Witness};
use crate::DialError;
use crate::dial::{Acknowledgements, Dialer};
use crate::link::is_topic;
use crate::seconds::whole_seconds;

/// How to connect to a broker. [`Options::new`] fills in all but the broker and our name.
#[derive(Clone, Debug)]
pub struct Options {
    /// The broker's address, with our user name and password.
    pub broker: BrokerUrl,
    /// The suffix of our queues' names: `<exchange>/<queue suffix>`. No two peers may have the
    /// same.
    pub queue_suffix: Arc<str>,
    /// The fanout exchanges to listen to. Others are declared before the first publish on them.
    pub exchanges: Vec<Arc<str>>,
    /// What exchanges, queues and messages are like.
    pub objects: Objects,
    /// Exchanges of others to listen to as well, from the moment at which another program has
    /// declared them. They are never declared or published on.
    pub overheard: Vec<Arc<str>>,
    /// The longest time between two looks whether they are there. Each look costs a line in the
    /// broker's log.
    pub overheard_within: Duration,
    /// Who remembers what the messages of others carry, if that is of interest.
    pub witness: Option<Witness>,
    /// Broker and link each send something at least this often, and consider the other dead after
    /// twice the time; in whole seconds, at least one.
    pub heartbeat: Duration,
    /// Time for the first connection, all attempts together, and later for each attempt.
    pub connect_timeout: Duration,
    /// Certificates, in a PEM file, to trust in addition to the system's. Only used with TLS.
    pub ca_file: Option<PathBuf>,
}

/// What exchanges, queues and messages are like; the programs in a network must agree on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objects {
    /// The type of exchanges.
    pub kind: ExchangeKind,
    /// Whether the broker keeps exchanges when it restarts.
    pub durable: bool,
    /// Whether exchanges end with their last queue.
    pub auto_delete: bool,
    /// The routing key of messages and queues, in which `{exchange}` stands for the exchange.
    pub routing_key: String,
    /// The delivery mode of messages: 0 leaves it out.
    pub delivery_mode: u8,
    /// The name of a queue, with `{exchange}` and, for the queue suffix, `{id}`. One without `{id}`
    /// is the same for all peers, so it is left to those who have it, and ours are named by the
    /// broker. Queues are always exclusive, and end with their connection.
    pub queue: String,
}

/// A type of exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExchangeKind {
    /// Each queue gets all messages.
    #[default]
    Fanout,
    /// A queue gets the messages with its routing key.
    Direct,
    /// A queue gets the messages whose routing key matches its own.
    Topic,
}

impl Default for Objects {
    fn default() -> Self {
        Self {
            kind: ExchangeKind::Fanout,
            durable: false,
            auto_delete: false,
            routing_key: String::new(),
            delivery_mode: 0,
            queue: "{exchange}/{id}".to_owned(),
        }
    }
}

impl Objects {
    /// Returns the routing key of a message on `exchange`.
    pub(super) fn key(&self, exchange: &str) -> String {
        self.routing_key.replace("{exchange}", exchange)
    }
}

impl Options {
    /// The default of [`Options::heartbeat`].
    pub const HEARTBEAT: Duration = Duration::from_secs(5);
    /// The default of [`Options::overheard_within`].
    pub const OVERHEARD_WITHIN: Duration = Duration::from_secs(60);
    /// The default of [`Options::connect_timeout`].
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

    /// Returns options for `broker` that listen to nothing.
    pub fn new(broker: BrokerUrl, queue_suffix: impl Into<Arc<str>>) -> Self {
        Self {
            broker,
            queue_suffix: queue_suffix.into(),
            exchanges: Vec::new(),
            objects: Objects::default(),
            overheard: Vec::new(),
            overheard_within: Self::OVERHEARD_WITHIN,
            witness: None,
            heartbeat: Self::HEARTBEAT,
            connect_timeout: Self::CONNECT_TIMEOUT,
            ca_file: None,
        }
    }

    /// Returns these options with `exchanges` to listen to.
    #[must_use]
    pub fn with_exchanges<E: Into<Arc<str>>>(
        mut self,
        exchanges: impl IntoIterator<Item = E>,
    ) -> Self {
        self.exchanges = exchanges.into_iter().map(Into::into).collect();
        self
    }

    /// Returns the name of our queue on `exchange`; empty if the broker is to name it.
    pub(super) fn queue(&self, exchange: &str) -> String {
        if !self.queues_are_ours() {
            return String::new();
        }
        let name = self.objects.queue.replace("{exchange}", exchange);
        name.replace("{id}", &self.queue_suffix)
    }

    /// Returns whether our queues have names that no other peer's have.
    pub(super) fn queues_are_ours(&self) -> bool {
        self.objects.queue.contains("{id}")
    }

    /// Refuses names that AMQP does not allow.
    pub(super) fn check_names(&self) -> Result<(), Error> {
        for exchange in self.exchanges.iter().chain(&self.overheard) {
            let queue = self.queue(exchange);
            if !is_exchange(exchange) || queue.len() > NAME_MAX {
                let name = if queue.is_empty() { exchange.to_string() } else { queue };
                return Err(Error::InvalidName { name });
            }
        }
        Ok(())
    }

    /// Returns the dialer for the broker.
    pub(super) fn dialer(&self) -> Result<Dialer, DialError> {
        Dialer::new(self.broker.url(), self.ca_file.as_deref(), Acknowledgements::Prompt)
    }

    /// Returns the heartbeat in AMQP's unit, whole seconds.
    pub(super) fn heartbeat_seconds(&self) -> u16 {
        whole_seconds(self.heartbeat)
    }
}

/// Returns whether this is a valid name of an exchange.
pub(super) fn is_exchange(name: &str) -> bool {
    is_topic(name) && name.len() <= NAME_MAX
}
