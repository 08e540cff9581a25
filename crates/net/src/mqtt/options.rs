//! How to connect to a broker.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rumqttc::QoS;

use super::BrokerUrl;
use crate::DialError;
use crate::dial::{Acknowledgements, Dialer};
use crate::seconds::whole_seconds;

/// How to connect to a broker. [`Options::new`] fills in all but the broker.
#[derive(Clone, Debug)]
pub struct Options {
    /// The broker's address, with our user name and password.
    pub broker: BrokerUrl,
    /// The topics to subscribe to: names, or patterns in which `+` stands for one level and `#`, at
    /// the end, for all that follow.
    pub topics: Vec<Arc<str>>,
    /// The topics on which the broker keeps the last message for those who come later: names or
    /// patterns.
    pub retained: Vec<Arc<str>>,
    /// Whether what the broker has kept is heard.
    pub hears_retained: bool,
    /// The client id, which must be unique at the broker; `None` for a generated one.
    pub client_id: Option<String>,
    /// The QoS for publishing and subscribing.
    pub quality_of_service: QualityOfService,
    /// How long the broker may be silent before we probe whether it is alive; in whole seconds, at
    /// least one.
    pub keep_alive: Duration,
    /// Time for the first connection, all attempts together, and later for each attempt.
    pub connect_timeout: Duration,
    /// The last will: what the broker publishes when we vanish without a goodbye.
    pub last_will: Option<LastWill>,
    /// Certificates, in a PEM file, to trust in addition to the system's. Only used with TLS.
    pub ca_file: Option<PathBuf>,
}

/// A last will: what a broker publishes for a peer that vanished.
#[derive(Clone, PartialEq, Eq)]
pub struct LastWill {
    /// The topic to publish it on.
    pub topic: Arc<str>,
    /// The message; at most [`LastWill::PAYLOAD_MAX`] bytes.
    pub payload: Bytes,
}

impl LastWill {
    /// The maximum size of the payload in bytes. MQTT has two bytes for it.
    pub const PAYLOAD_MAX: usize = u16::MAX as usize;
}

/// MQTT's quality of service: how reliably messages are delivered on one connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QualityOfService {
    /// QoS 0: sent once. Over TCP, a message is lost only when a connection breaks or when the
    /// broker is overloaded.
    #[default]
    AtMostOnce,
    /// QoS 1: repeated until it is acknowledged.
    AtLeastOnce,
    /// QoS 2: repeated until it is acknowledged, and delivered once.
    ExactlyOnce,
}

impl Options {
    /// The default of [`Options::keep_alive`].
    pub const KEEP_ALIVE: Duration = Duration::from_secs(5);
    /// The default of [`Options::connect_timeout`].
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

    /// Returns options for `broker` that listen to nothing.
    pub fn new(broker: BrokerUrl) -> Self {
        Self {
            broker,
            topics: Vec::new(),
            retained: Vec::new(),
            hears_retained: false,
            client_id: None,
            quality_of_service: QualityOfService::default(),
            keep_alive: Self::KEEP_ALIVE,
            connect_timeout: Self::CONNECT_TIMEOUT,
            last_will: None,
            ca_file: None,
        }
    }

    /// Returns these options with `topics` to listen to.
    #[must_use]
    pub fn with_topics<T: Into<Arc<str>>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        self.topics = topics.into_iter().map(Into::into).collect();
        self
    }

    /// Returns the dialer for the broker.
    pub(super) fn dialer(&self, acknowledgements: Acknowledgements) -> Result<Dialer, DialError> {
        Dialer::new(self.broker.url(), self.ca_file.as_deref(), acknowledgements)
    }

    /// Returns the keep-alive time in MQTT's unit, whole seconds.
    pub(super) fn keep_alive_seconds(&self) -> u16 {
        whole_seconds(self.keep_alive)
    }
}

impl QualityOfService {
    /// Returns the QoS with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }
}

impl From<QualityOfService> for QoS {
    fn from(quality: QualityOfService) -> Self {
        match quality {
            QualityOfService::AtMostOnce => Self::AtMostOnce,
            QualityOfService::AtLeastOnce => Self::AtLeastOnce,
            QualityOfService::ExactlyOnce => Self::ExactlyOnce,
        }
    }
}

impl fmt::Debug for LastWill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastWill")
            .field("topic", &self.topic)
            .field("payload_bytes", &self.payload.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_do_not_show_the_password() {
        let url = "mqtt://ann:secret@localhost".parse().expect("a right address");
        let shown = format!("{:?}", Options::new(url));
        assert!(shown.contains("mqtt://ann@localhost:1883") && !shown.contains("secret"));
    }
}
