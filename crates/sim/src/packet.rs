//! Bytes on their way, decoded once by each codec however many peers they reach.

use std::sync::{Arc, OnceLock};

use althing_dialect::{Codec, Received, Wire};
use althing_engine::Engine;
use althing_types::Channel;

use crate::fingerprint::Fingerprint;

/// Bytes on their way to one peer or to all, with the message that they encode.
#[derive(Debug)]
pub(crate) struct Packet<M> {
    /// The peer that sent it; `None` for a non-member and for the broker.
    pub(crate) from: Option<usize>,
    /// Its origin, as a receiver sees it: its topic, or the sender's address.
    pub(crate) source: Channel,
    pub(crate) payload: Arc<[u8]>,
    /// By the index of the codec.
    received: [OnceLock<Received<M>>; CODECS_MAX],
    /// Stands for the bytes in the run's fingerprint.
    pub(crate) fingerprint: u64,
}

/// The number of codecs that the peers of one run may have.
pub(crate) const CODECS_MAX: usize = 2;

impl<M> Packet<M> {
    /// Returns the packet for `wire`; `source` is the address it is sent from, on a mesh.
    pub(crate) fn new(from: Option<usize>, source: Option<Channel>, wire: Wire) -> Self {
        Self::with_payload(from, source.unwrap_or(wire.to), wire.payload.into())
    }

    fn with_payload(from: Option<usize>, source: Channel, payload: Arc<[u8]>) -> Self {
        let mut fingerprint = Fingerprint::new();
        match &source {
            Channel::Topic(topic) => fingerprint.bytes(topic.as_bytes()),
            Channel::Address(address) => fingerprint.number(address.port().into()),
        }
        fingerprint.bytes(&payload);
        let fingerprint = fingerprint.value();
        Self { from, source, payload, received: Default::default(), fingerprint }
    }

    /// Returns a packet with other bytes.
    pub(crate) fn damaged(&self, payload: Vec<u8>) -> Self {
        Self::with_payload(self.from, self.source.clone(), payload.into())
    }

    /// Returns the same bytes as if they came from somewhere else.
    pub(crate) fn replayed(&self, source: Channel) -> Self {
        Self::with_payload(None, source, Arc::clone(&self.payload))
    }

    /// Returns the message that it encodes for the codec with this index, or why it is none.
    pub(crate) fn received<E>(&self, index: usize, codec: &dyn Codec<Engine = E>) -> &Received<M>
    where
        E: Engine<Message = M>,
    {
        self.received[index].get_or_init(|| codec.decode(&self.source, &self.payload))
    }
}
