//! How to connect to a broker.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{BrokerUrl, Error, NAME_MAX};
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
    /// Exchanges of others to listen to as well, from the moment at which another program has
    /// declared them. They are never declared or published on.
    pub overheard: Vec<Arc<str>>,
    /// Broker and link each send something at least this often, and consider the other dead after
    /// twice the time; in whole seconds, at least one.
    pub heartbeat: Duration,
    /// Time for the first connection, all attempts together, and later for each attempt.
    pub connect_timeout: Duration,
    /// Certificates, in a PEM file, to trust in addition to the system's. Only used with TLS.
    pub ca_file: Option<PathBuf>,
}

impl Options {
    /// The default of [`Options::heartbeat`].
    pub const HEARTBEAT: Duration = Duration::from_secs(5);
    /// The default of [`Options::connect_timeout`].
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

    /// Returns options for `broker` that listen to nothing.
    pub fn new(broker: BrokerUrl, queue_suffix: impl Into<Arc<str>>) -> Self {
        Self {
            broker,
            queue_suffix: queue_suffix.into(),
            exchanges: Vec::new(),
            overheard: Vec::new(),
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

    /// Returns the name of our queue on `exchange`.
    pub(super) fn queue(&self, exchange: &str) -> String {
        format!("{exchange}/{}", self.queue_suffix)
    }

    /// Refuses names that AMQP does not allow.
    pub(super) fn check_names(&self) -> Result<(), Error> {
        for exchange in self.exchanges.iter().chain(&self.overheard) {
            let queue = self.queue(exchange);
            if !is_exchange(exchange) || queue.len() > NAME_MAX {
                return Err(Error::InvalidName { name: queue });
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
