//! What the AMQP library's errors mean, in our own.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use lapin::ErrorKind;
use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};

use super::{Error, Options};
use crate::DialError;

/// Returns whether it ends a channel, and leaves the connection as it is.
pub(super) fn is_of_channel(error: &lapin::Error) -> bool {
    match error.kind() {
        ErrorKind::ProtocolError(error) => matches!(error.kind(), AMQPErrorKind::Soft(_)),
        _ => false,
    }
}

/// Returns the reason why a broker does not declare something again that differs, if it is that.
pub(super) fn difference(error: &lapin::Error) -> Option<String> {
    match error.kind() {
        ErrorKind::ProtocolError(error) => match error.kind() {
            AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => {
                Some(error.get_message().to_string())
            }
            _ => None,
        },
        _ => None,
    }
}

/// Returns our own error, if it travels in this one.
fn own(error: &io::Error) -> Option<DialError> {
    error.get_ref()?.downcast_ref::<DialError>().cloned()
}

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
            ErrorKind::IOError(error) => match own(error) {
                Some(own) => own.into(),
                None => Self::HungUp { address },
            },
            _ => Self::HungUp { address },
        }
    }

    /// Tells what the AMQP library's error means when we asked for `exchange`.
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

    /// Tells what the AMQP library's error means when we asked for our queue on `exchange`.
    ///
    /// A broker that lacks a kind of queue, or has come to refuse it, ends the connection with an
    /// internal error, and would do so again.
    pub(super) fn of_queue(error: &lapin::Error, options: &Options, exchange: &str) -> Self {
        let ErrorKind::ProtocolError(protocol) = error.kind() else {
            return Self::of_loss(error, options);
        };
        let (address, queue) = (options.broker.address(), options.queue(exchange));
        let reason = protocol.get_message().to_string();
        match protocol.kind() {
            AMQPErrorKind::Soft(AMQPSoftError::RESOURCELOCKED) => {
                let notice = 2 * Duration::from_secs(options.heartbeat_seconds().into());
                Self::QueueInUse { address, queue, notice }
            }
            AMQPErrorKind::Soft(_)
            | AMQPErrorKind::Hard(
                AMQPHardError::INTERNALERROR
                | AMQPHardError::NOTIMPLEMENTED
                | AMQPHardError::NOTALLOWED
                | AMQPHardError::RESOURCEERROR,
            ) => Self::QueueRefused { address, queue, reason },
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

#[cfg(test)]
mod tests {
    use lapin::protocol::AMQPError;

    use super::*;
    use crate::amqp::BrokerUrl;

    fn of_queue(kind: impl Into<AMQPErrorKind>, reason: &str) -> Error {
        let broker: BrokerUrl = "amqp://localhost".parse().expect("it is an address");
        let error = AMQPError::new(kind.into(), reason.into());
        let error = ErrorKind::ProtocolError(error).into();
        Error::of_queue(&error, &Options::new(broker, "4"), "ppd/init")
    }

    /// The first reason is RabbitMQ's own, of a version that refuses the programs' queues.
    #[test]
    fn a_broker_that_refuses_a_queue_is_told_of_and_not_asked_again() {
        let deprecated = "INTERNAL_ERROR - Feature `transient_nonexcl_queues` is deprecated";
        for (error, reason) in [
            (of_queue(AMQPHardError::INTERNALERROR, deprecated), deprecated),
            (of_queue(AMQPSoftError::ACCESSREFUSED, "ACCESS_REFUSED"), "ACCESS_REFUSED"),
        ] {
            assert!(error.is_final(), "{error}");
            let said = format!(
                "the broker at localhost:5672 does not let us have the queue ppd/init/4: {reason}"
            );
            assert_eq!(error.to_string(), said);
        }
        for error in [
            of_queue(AMQPSoftError::RESOURCELOCKED, "RESOURCE_LOCKED"),
            of_queue(AMQPHardError::CONNECTIONFORCED, "broker forced connection closure"),
        ] {
            assert!(!error.is_final(), "{error}");
        }
    }
}
