//! What arrives at one end of a network, on a bus or from address to address.

use althing_types::{Address, Channel};
use bytes::Bytes;

use crate::queue::{Entry, State};

/// What a link or an endpoint reports, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The connection is up, and all subscriptions are in place. Always the first arrival.
    Up,
    /// The broker or the tracker is gone. The transport reconnects by itself, until [`Arrival::Up`]
    /// says that it is back. What others publish on a bus meanwhile is not delivered later;
    /// without a tracker, datagrams still arrive and can be sent.
    ///
    /// Sent again whenever the reason changes.
    Down {
        /// The cause, as a sentence for users.
        reason: String,
    },
    /// A peer has sent or published something; on a bus it may have been this peer itself.
    Received {
        /// The topic it was published on, or the address it claims to come from.
        from: Channel,
        /// At most [`crate::PAYLOAD_MAX`] bytes on a bus, [`crate::DATAGRAM_MAX`] in a datagram;
        /// may be empty.
        payload: Bytes,
    },
    /// A peer has sent more than a payload may have; it was dropped.
    ///
    /// Not every oversized message is reported: most brokers drop them on the way.
    Oversized {
        /// The topic it was published on, or the address it claims to come from.
        from: Channel,
        /// The size in bytes of the payload, or of the packet that carried it, as far as it was
        /// read.
        bytes: usize,
    },
    /// A stranger has connected and was refused, before any message. Only a mesh reports it.
    Refused {
        /// The address that the connection came from.
        from: Channel,
        /// What was wrong with it, as a part of a sentence.
        reason: String,
    },
    /// A tracker's list of all peers, which may include this one. Only endpoints report it.
    Peers(Vec<Address>),
}

impl Entry for Arrival {
    fn bytes(&self) -> usize {
        match self {
            Self::Up => 0,
            Self::Down { reason } => reason.len(),
            Self::Received { from, payload } => name(from).len() + payload.len(),
            Self::Oversized { from, .. } => name(from).len(),
            Self::Refused { from, reason } => name(from).len() + reason.len(),
            Self::Peers(list) => {
                list.iter().map(|peer| size_of::<Address>() + peer.host().len()).sum()
            }
        }
    }

    fn state(&self) -> Option<State> {
        match self {
            Self::Up | Self::Down { .. } => Some(State::Connection),
            Self::Peers(_) => Some(State::Peers),
            Self::Received { .. } | Self::Oversized { .. } | Self::Refused { .. } => None,
        }
    }
}

/// Returns the part of a channel that has no fixed length.
fn name(channel: &Channel) -> &str {
    match channel {
        Channel::Topic(topic) => topic,
        Channel::Address(address) => address.host(),
    }
}
