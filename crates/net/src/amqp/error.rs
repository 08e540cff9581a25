//! What can go wrong with a broker, in words that say what to do about it.

use std::sync::Arc;
use std::time::Duration;

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
        /// The broker's reason.
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
    /// A name is empty, too long, or contains `+`, `#` or a control character.
    #[error("{name:?} cannot be the name of a queue, <exchange>/<suffix>")]
    InvalidName {
        /// The name.
        name: String,
    },
    /// The exchange exists, but another program declared it with other properties.
    #[error(
        "the broker at {address} has an exchange {exchange} that is declared otherwise: {reason}; \
         stop those that use it and delete it there, or meet on another virtual host"
    )]
    ExchangeDiffers {
        /// Host and port.
        address: String,
        /// The exchange.
        exchange: Arc<str>,
        /// The broker's reason.
        reason: String,
    },
    /// The broker does not let us declare or use an exchange.
    #[error("the broker at {address} does not let us use the exchange {exchange}: {reason}")]
    ExchangeRefused {
        /// Host and port.
        address: String,
        /// The exchange.
        exchange: Arc<str>,
        /// The broker's reason.
        reason: String,
    },
    /// The broker does not let us declare a queue, or use it.
    #[error("the broker at {address} does not let us have the queue {queue}: {reason}")]
    QueueRefused {
        /// Host and port.
        address: String,
        /// The queue.
        queue: String,
        /// The broker's reason.
        reason: String,
    },
    /// Another connection has a queue of our name.
    #[error(
        "the queue {queue} on the broker at {address} belongs to another connection: a peer with \
         the same identity is running, with these data or a copy of them, and must end first; or \
         this one was cut off, which the broker notices within some {notice:?}"
    )]
    QueueInUse {
        /// Host and port.
        address: String,
        /// The queue.
        queue: String,
        /// How long the broker waits for a connection that was cut.
        notice: Duration,
    },
    /// One of our queues was deleted.
    #[error("our queue {queue} on the broker at {address} was deleted")]
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
}

impl Error {
    /// Returns whether an immediate retry would fail in the same way.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Dial(error) => error.is_final(),
            Self::NotAmqp { .. }
            | Self::CredentialsRefused { .. }
            | Self::VhostRefused { .. }
            | Self::Rejected { .. }
            | Self::InvalidName { .. }
            | Self::ExchangeDiffers { .. }
            | Self::ExchangeRefused { .. }
            | Self::QueueRefused { .. } => true,
            Self::TimedOut { .. }
            | Self::HungUp { .. }
            | Self::QueueInUse { .. }
            | Self::QueueTaken { .. }
            | Self::Lost { .. }
            | Self::Silent { .. } => false,
        }
    }
}
