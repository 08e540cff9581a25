//! Where bytes go to, or come from.

use std::fmt;
use std::sync::Arc;

use crate::Address;

/// A topic of a shared bus, or the address of one peer: the destination or the source of a payload.
///
/// A network uses one of the two, never both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// A topic: what is published there reaches every peer that subscribes to it. Says nothing
    /// about the sender.
    Topic(Arc<str>),
    /// One peer's address. As a source it is what the datagram claims, which is easily forged.
    Address(Address),
}

impl Channel {
    /// Returns the channel for a topic of a bus.
    pub fn topic(name: impl Into<Arc<str>>) -> Self {
        Self::Topic(name.into())
    }

    /// Returns the name of the topic, or `None` for an address.
    pub fn as_topic(&self) -> Option<&str> {
        match self {
            Self::Topic(name) => Some(name),
            Self::Address(_) => None,
        }
    }

    /// Returns the address, or `None` for a topic.
    pub fn as_address(&self) -> Option<&Address> {
        match self {
            Self::Topic(_) => None,
            Self::Address(address) => Some(address),
        }
    }
}

impl From<Address> for Channel {
    fn from(address: Address) -> Self {
        Self::Address(address)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Topic(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}
