//! Either kind of network behind one interface, for a driver that works with both.

use std::time::Duration;

use althing_types::{Address, Channel};
use bytes::Bytes;

use crate::{Arrival, CloseError, Endpoint, Link};

/// One end of a network: a [`Link`] to a bus, or an [`Endpoint`] with an address.
#[derive(Debug)]
pub enum Transport {
    /// A shared bus. Payloads go to topics.
    Link(Link),
    /// A network in which payloads go to addresses.
    Endpoint(Endpoint),
}

impl Transport {
    /// Waits for the next arrival; `None` once the transport has ended, as it does when its runtime
    /// shuts down.
    ///
    /// Cancel-safe: nothing is lost when the future is dropped, so it can be a branch of a
    /// `select!`.
    pub async fn next(&mut self) -> Option<Arrival> {
        match self {
            Self::Link(link) => link.next().await,
            Self::Endpoint(endpoint) => endpoint.next().await,
        }
    }

    /// Returns the next arrival if it is there already, so that many can be handled in one go.
    pub fn try_next(&mut self) -> Option<Arrival> {
        match self {
            Self::Link(link) => link.try_next(),
            Self::Endpoint(endpoint) => endpoint.try_next(),
        }
    }

    /// Sends `payload` to `to` without waiting. What cannot be carried is lost and counted; see
    /// [`Publisher::publish`](crate::Publisher::publish) and [`Sender::send`](crate::Sender::send).
    ///
    /// # Panics
    ///
    /// If `to` is an address and this is a bus on which all hear all, or a topic and this is not a
    /// bus. The codec and the transport of a peer are chosen together, so this is a bug of ours and
    /// never a peer's doing.
    pub fn send(&self, to: &Channel, payload: impl Into<Bytes>) {
        match (self, to) {
            (Self::Link(link), Channel::Topic(topic)) => {
                link.publisher().publish(topic.clone(), payload);
            }
            (Self::Endpoint(endpoint), Channel::Address(address)) => {
                endpoint.sender().send(address, payload);
            }
            (Self::Link(link), Channel::Address(to)) => {
                let is_sent = link.publisher().answer(to, payload);
                assert!(is_sent, "a bus has topics, and no {to}");
            }
            (Self::Endpoint(_), Channel::Topic(to)) => panic!("an endpoint has no topic {to}"),
        }
    }

    /// Returns where other peers reach this one, or `None` on a bus.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Link(_) => None,
            Self::Endpoint(endpoint) => Some(endpoint.address()),
        }
    }

    /// Returns how many arrivals were lost because [`Transport::next`] was not called often enough
    /// (see [`crate::QUEUE_MESSAGES_MAX`]), or because the transport does not carry such payloads.
    pub fn lost(&self) -> u64 {
        match self {
            Self::Link(link) => link.lost(),
            Self::Endpoint(endpoint) => endpoint.lost(),
        }
    }

    /// Sends the waiting messages, says goodbye to the broker or the tracker, and ends; gives up
    /// after `within`. An endpoint that gives up only logs it.
    pub async fn close(self, within: Duration) -> Result<(), CloseError> {
        match self {
            Self::Link(link) => link.close(within).await,
            Self::Endpoint(endpoint) => {
                endpoint.close(within).await;
                Ok(())
            }
        }
    }
}

impl From<Link> for Transport {
    fn from(link: Link) -> Self {
        Self::Link(link)
    }
}

impl From<Endpoint> for Transport {
    fn from(endpoint: Endpoint) -> Self {
        Self::Endpoint(endpoint)
    }
}
