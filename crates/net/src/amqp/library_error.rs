//! What the AMQP library's errors mean, in our own.

use std::sync::Arc;
use std::time::Duration;

use lapin::ErrorKind;
use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};

use super::{Error, Options};

impl Error {
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
