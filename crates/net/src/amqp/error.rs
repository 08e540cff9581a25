use std::sync::Arc;
use std::time::Duration;

use lapin::ErrorKind;
use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};

use super::Options;
use crate::DialError;

/// Why there is no connection to the broker. Each is a sentence for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no connection to ask anything over.
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
    /// Something listens there, but hangs up before it says anything.
    #[error(
        "what listens at {address} closed the connection instead of answering; \
         it may not be an AMQP 0-9-1 broker"
    )]
    HungUp {
        /// Host and port.
        address: String,
    },
    /// Something answers, but not in AMQP 0-9-1.
    #[error("what answers at {address} is not an AMQP 0-9-1 broker: {reason}")]
    NotAmqp {
        /// Host and port.
        address: String,
        /// What it did instead.
        reason: String,
    },
    /// The broker does not accept the user name and password.
    #[error(
        "the broker at {address} refuses user {user} or the password: {reason}; \
         give others as in amqp://user:password@host (guest is let in only on the broker's machine)"
    )]
    CredentialsRefused {
        /// Host and port.
        address: String,
        /// The user's name.
        user: String,
        /// What the broker says.
        reason: String,
    },
    /// The broker has no such virtual host, or not for this user.
    #[error(
        "the broker at {address} does not let user {user} into the virtual host {vhost}: {reason}; \
         name another as in amqp://host/vhost, or make this one with rabbitmqctl add_vhost and \
         set_permissions"
    )]
    VhostRefused {
        /// Host and port.
        address: String,
        /// The user's name.
        user: String,
        /// The virtual host.
        vhost: String,
        /// What the broker says.
        reason: String,
    },
    /// The broker does not accept this connection for another reason.
    #[error("the broker at {address} refuses the connection: {reason}")]
    Rejected {
        /// Host and port.
        address: String,
        /// What the broker says.
        reason: String,
    },
    /// A name that is empty, too long, or has one of `+#` or a control character.
    #[error("{name:?} cannot be the name of a queue, <exchange>/<suffix>")]
    InvalidName {
        /// The name.
        name: String,
    },
    /// The exchange is there, declared by somebody else in another way.
    #[error(
        "the broker at {address} has an exchange {exchange} that is declared otherwise: {reason}; \
         stop those that use it and delete it there, or meet on another virtual host"
    )]
    ExchangeDiffers {
        /// Host and port.
        address: String,
        /// The exchange.
        exchange: Arc<str>,
        /// What the broker says.
        reason: String,
    },
    /// The broker does not let us declare or use an exchange.
    #[error("the broker at {address} does not let us use the exchange {exchange}: {reason}")]
    ExchangeRefused {
        /// Host and port.
        address: String,
        /// The exchange.
        exchange: Arc<str>,
        /// What the broker says.
        reason: String,
    },
    /// Somebody deleted a queue of ours.
    #[error(
        "somebody deleted our queue {queue} on the broker at {address}, as a peer of the same name \
         does when it starts"
    )]
    QueueTaken {
        /// Host and port.
        address: String,
        /// The queue.
        queue: String,
    },
    /// The connection ended.
    #[error("the connection to the broker at {address} was lost: {reason}")]
    Lost {
        /// Host and port.
        address: String,
        /// What became of it.
        reason: String,
    },
    /// The connection stands, but the broker says nothing.
    #[error("the broker at {address} has been silent for {silence:?}")]
    Silent {
        /// Host and port.
        address: String,
        /// Time since its last word.
        silence: Duration,
    },
}

impl Error {
    /// Returns whether another attempt right away would end in the same way.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Dial(error) => error.is_final(),
            Self::NotAmqp { .. }
            | Self::CredentialsRefused { .. }
            | Self::VhostRefused { .. }
            | Self::Rejected { .. }
            | Self::InvalidName { .. }
            | Self::ExchangeDiffers { .. }
            | Self::ExchangeRefused { .. } => true,
            Self::TimedOut { .. }
            | Self::HungUp { .. }
            | Self::QueueTaken { .. }
            | Self::Lost { .. }
            | Self::Silent { .. } => false,
        }
    }

    /// Tells what the AMQP library's error means before the broker has accepted the connection.
    pub(super) fn of_handshake(error: &lapin::Error, options: &Options) -> Self {
        let broker = &options.broker;
        let (address, user) = (broker.address(), broker.user().to_owned());
        match error.kind() {
            ErrorKind::ProtocolError(error) => {
                let reason = error.get_message().to_string();
                match error.kind() {
                    AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => {
                        Self::CredentialsRefused { address, user, reason }
                    }
                    AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED | AMQPHardError::INVALIDPATH) => {
                        let vhost = broker.vhost().to_owned();
                        Self::VhostRefused { address, user, vhost, reason }
                    }
                    _ => Self::Rejected { address, reason },
                }
            }
            ErrorKind::InvalidProtocolVersion(_) | ErrorKind::ParsingError(_) => {
                Self::NotAmqp { address, reason: error.to_string() }
            }
            _ => Self::HungUp { address },
        }
    }

    /// Tells what the AMQP library's error means when we asked for `exchange` or a queue on it.
    pub(super) fn of_exchange(
        error: &lapin::Error,
        options: &Options,
        exchange: &Arc<str>,
    ) -> Self {
        let ErrorKind::ProtocolError(protocol) = error.kind() else {
            return Self::of_loss(error, options);
        };
        let (address, exchange) = (options.broker.address(), Arc::clone(exchange));
        let reason = protocol.get_message().to_string();
        match protocol.kind() {
            AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => {
                Self::ExchangeDiffers { address, exchange, reason }
            }
            AMQPErrorKind::Soft(_) => Self::ExchangeRefused { address, exchange, reason },
            AMQPErrorKind::Hard(_) => Self::of_loss(error, options),
        }
    }

    /// Tells what the AMQP library's error means once the connection stood.
    pub(super) fn of_loss(error: &lapin::Error, options: &Options) -> Self {
        let address = options.broker.address();
        let reason = match error.kind() {
            ErrorKind::MissingHeartbeatError => {
                let silence = 2 * Duration::from_secs(options.heartbeat_seconds().into());
                return Self::Silent { address, silence };
            }
            ErrorKind::ProtocolError(error) => {
                format!("the broker ended it ({})", error.get_message())
            }
            ErrorKind::IOError(error) => error.to_string(),
            ErrorKind::InvalidConnectionState(_) | ErrorKind::InvalidChannelState(..) => {
                "the broker closed it".to_owned()
            }
            _ => error.to_string(),
        };
        Self::Lost { address, reason }
    }
}
