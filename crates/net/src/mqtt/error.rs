//! What can go wrong with a broker, in words that say what to do about it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rumqttc::mqttbytes::Error as CodecError;
use rumqttc::{
    ConnectReturnCode, ConnectionError, DisconnectReasonCode, Packet, PubAck, PubAckReason, PubRec,
    PubRecReason, StateError,
};

use super::{LastWill, Options};
use crate::DialError;

/// Why there is no connection to the broker. Each displays as a sentence for users.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The connection could not be established.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// No answer in the time given.
    #[error("the broker at {address} did not answer within {within:?}")]
    TimedOut {
        /// Host and port.
        address: String,
        /// The time given.
        within: Duration,
    },
    /// Something listens there, but closes the connection before it sends anything.
    #[error(
        "what listens at {address} closed the connection instead of answering; \
         it may not be an MQTT broker"
    )]
    HungUp {
        /// Host and port.
        address: String,
    },
    /// Something answers, but not in MQTT.
    #[error("what answers at {address} is not an MQTT broker: {reason}")]
    NotMqtt {
        /// Host and port.
        address: String,
        /// What it did instead.
        reason: String,
    },
    /// The broker does not speak the version of MQTT that we tried.
    #[error("the broker at {address} speaks neither MQTT 5 nor MQTT 3.1.1")]
    VersionRefused {
        /// Host and port.
        address: String,
    },
    /// The broker has no place for another client.
    #[error("the broker at {address} is full: {reason}")]
    Full {
        /// Host and port.
        address: String,
        /// The broker's reason.
        reason: String,
    },
    /// The broker refuses what we publish.
    #[error(
        "the broker at {address} refuses what we publish on {topic}: {reason}; allow this user to \
         write there in the broker's access list"
    )]
    PublishRefused {
        /// Host and port.
        address: String,
        /// The topic.
        topic: Arc<str>,
        /// The broker's reason.
        reason: String,
    },
    /// The broker takes what we publish, and does not deliver it to us, though we listen.
    #[error(
        "the broker at {address} does not deliver what we publish on {topic}: its access list may \
         forbid this user to write there"
    )]
    Unheard {
        /// Host and port.
        address: String,
        /// The topic.
        topic: Arc<str>,
    },
    /// The broker requires a user name and password, and none were given.
    #[error(
        "the broker at {address} wants a user name and password: {reason}; \
         give them as in mqtt://user:password@host"
    )]
    CredentialsMissing {
        /// Host and port.
        address: String,
        /// The broker's reason.
        reason: String,
    },
    /// The broker does not accept the user name and password.
    #[error("the broker at {address} refuses user {user} or the password: {reason}")]
    CredentialsRefused {
        /// Host and port.
        address: String,
        /// The user's name.
        user: String,
        /// The broker's reason.
        reason: String,
    },
    /// The broker does not accept this connection for another reason.
    #[error("the broker at {address} refuses the connection: {reason}")]
    Rejected {
        /// Host and port.
        address: String,
        /// The broker's reason.
        reason: String,
    },
    /// A topic is not a valid name: it is empty, too long, a pattern, or contains a control
    /// character.
    #[error("{topic:?} is not the name of a topic")]
    InvalidTopic {
        /// The topic.
        topic: Arc<str>,
    },
    /// The last will is too large for MQTT.
    #[error("a last will of {bytes} bytes is longer than {}", LastWill::PAYLOAD_MAX)]
    WillTooLong {
        /// Bytes of its payload.
        bytes: usize,
    },
    /// The broker refuses our subscription to a topic.
    #[error("the broker at {address} refuses to let us listen to {topic}: {reason}")]
    TopicRefused {
        /// Host and port.
        address: String,
        /// The topic.
        topic: Arc<str>,
        /// The broker's reason.
        reason: String,
    },
    /// The connection ended.
    #[error("the connection to the broker at {address} was lost: {reason}")]
    Lost {
        /// Host and port.
        address: String,
        /// What ended it, as a sentence for a person.
        reason: String,
    },
    /// The connection is open, but the broker sends nothing.
    #[error("the broker at {address} has been silent for {silence:?}")]
    Silent {
        /// Host and port.
        address: String,
        /// Time since it last sent anything.
        silence: Duration,
    },
    /// Another client connected with our client id.
    #[error("another connection to the broker at {address} uses the same client id, {client_id}")]
    TakenOver {
        /// Host and port.
        address: String,
        /// The name.
        client_id: String,
    },
}

impl Error {
    /// Returns whether an immediate retry would fail in the same way.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Dial(error) => error.is_final(),
            Self::NotMqtt { .. }
            | Self::VersionRefused { .. }
            | Self::CredentialsMissing { .. }
            | Self::CredentialsRefused { .. }
            | Self::Rejected { .. }
            | Self::InvalidTopic { .. }
            | Self::WillTooLong { .. }
            | Self::TopicRefused { .. } => true,
            Self::TimedOut { .. }
            | Self::HungUp { .. }
            | Self::Full { .. }
            | Self::PublishRefused { .. }
            | Self::Unheard { .. }
            | Self::Lost { .. }
            | Self::Silent { .. }
            | Self::TakenOver { .. } => false,
        }
    }

    /// Translates the MQTT library's error; `accepted` is whether the broker had already accepted
    /// the connection.
    pub(super) fn of_connection(
        error: ConnectionError,
        options: &Options,
        client_id: &str,
        accepted: bool,
    ) -> Self {
        let address = options.broker.address();
        let lost = |reason: String| Self::Lost { address: options.broker.address(), reason };
        let broken = |error: io::Error| match error.kind() {
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof
                if !accepted =>
            {
                Self::HungUp { address: options.broker.address() }
            }
            _ => lost(error.to_string()),
        };
        let not_mqtt = |reason: String| match accepted {
            true => lost(reason),
            false => Self::NotMqtt { address: options.broker.address(), reason },
        };
        match error {
            ConnectionError::Io(error) => Self::of_io(error, broken),
            ConnectionError::Timeout(_) => {
                Self::TimedOut { address, within: options.connect_timeout }
            }
            ConnectionError::ConnectionRefused(code) => Self::of_refusal(code, options),
            ConnectionError::NotConnAck(_) => {
                not_mqtt("it answered with another packet than CONNACK".to_owned())
            }
            ConnectionError::MqttState(error) => match error {
                StateError::Io(error) | StateError::Deserialization(CodecError::Io(error)) => {
                    Self::of_io(error, broken)
                }
                StateError::ConnectionAborted if !accepted => Self::HungUp { address },
                StateError::ConnectionAborted => lost("the broker closed it".to_owned()),
                StateError::AwaitPingResp => {
                    let silence = 2 * Duration::from_secs(options.keep_alive_seconds().into());
                    Self::Silent { address, silence }
                }
                StateError::ServerDisconnect {
                    reason_code: DisconnectReasonCode::SessionTakenOver,
                    ..
                } => Self::TakenOver { address, client_id: client_id.to_owned() },
                StateError::ServerDisconnect { reason_code, reason_string } => {
                    lost(match reason_string {
                        Some(said) => format!("the broker ended it ({reason_code:?}: {said})"),
                        None => format!("the broker ended it ({reason_code:?})"),
                    })
                }
                error => not_mqtt(error.to_string()),
            },
            error => lost(error.to_string()),
        }
    }

    /// Extracts our own error from the I/O error in which the MQTT library passed it on.
    fn of_io(error: io::Error, otherwise: impl FnOnce(io::Error) -> Self) -> Self {
        match error.downcast::<DialError>() {
            Ok(own) => own.into(),
            Err(error) => otherwise(error),
        }
    }

    fn of_refusal(code: ConnectReturnCode, options: &Options) -> Self {
        use ConnectReturnCode as Code;
        let address = options.broker.address();
        let reason = refusal(code);
        match code {
            Code::BadUserNamePassword | Code::NotAuthorized => match options.broker.user() {
                Some(user) => Self::CredentialsRefused { address, user: user.to_owned(), reason },
                None => Self::CredentialsMissing { address, reason },
            },
            Code::RefusedProtocolVersion | Code::UnsupportedProtocolVersion => {
                Self::VersionRefused { address }
            }
            Code::QuotaExceeded => Self::Full { address, reason },
            Code::ServerUnavailable
            | Code::ServiceUnavailable
            | Code::ServerBusy
            | Code::ConnectionRateExceeded => DialError::Unreachable { address, reason }.into(),
            _ => Self::Rejected { address, reason },
        }
    }
}

/// Describes why a broker refused a message; `None` if it took it.
pub(super) fn publish_refusal(packet: &Packet) -> Option<String> {
    let (is_taken, reason) = match packet {
        Packet::PubAck(PubAck { reason, .. }) => (
            matches!(reason, PubAckReason::Success | PubAckReason::NoMatchingSubscribers),
            format!("{reason:?}"),
        ),
        Packet::PubRec(PubRec { reason, .. }) => (
            matches!(reason, PubRecReason::Success | PubRecReason::NoMatchingSubscribers),
            format!("{reason:?}"),
        ),
        _ => return None,
    };
    (!is_taken).then(|| match reason.as_str() {
        "NotAuthorized" => "not authorized".to_owned(),
        "QuotaExceeded" => "its quota is exceeded".to_owned(),
        "TopicNameInvalid" => "it does not accept the topic".to_owned(),
        _ => reason,
    })
}

/// Describes why a broker refused a connection.
fn refusal(code: ConnectReturnCode) -> String {
    use ConnectReturnCode as Code;
    let text = match code {
        Code::BadUserNamePassword => "bad user name or password",
        Code::NotAuthorized => "not authorized",
        Code::RefusedProtocolVersion | Code::UnsupportedProtocolVersion => {
            "it does not speak this version of MQTT"
        }
        Code::BadClientId | Code::ClientIdentifierNotValid => "the client id is not valid",
        Code::ServerUnavailable | Code::ServiceUnavailable => "the service is not available",
        Code::ServerBusy => "it is busy",
        Code::Banned => "this client is banned",
        Code::ConnectionRateExceeded => "too many connections in a short time",
        Code::QuotaExceeded => "too many connections",
        Code::QoSNotSupported => "it does not offer this quality of service",
        code => return format!("{code:?}"),
    };
    text.to_owned()
}
