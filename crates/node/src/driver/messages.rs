//! How messages leave a peer, and how they come in.

use althing_dialect::{Content, Malformed};
use althing_engine::{Input, Recipient};
use althing_faults::Sending;
use althing_feed::{Observed, PeerEvent, PeerName};
use althing_net::{Arrival, Transport};
use althing_types::{Channel, Moment};
use bytes::Bytes;
use tracing::debug;

use super::{BATCH_MAX, Node, NodeError};
use crate::air::{Lost, Seat};

impl<E: Observed> Node<E> {
    /// Handles an arrival, together with others that are already waiting.
    pub(super) fn on_arrivals(
        &mut self,
        first: Arrival,
        transport: &mut Transport,
    ) -> Result<(), NodeError> {
        let mut inputs: Vec<Input<E>> = self.take_in(first, transport).into_iter().collect();
        // Arrivals beyond this batch stay with the transport, for the next one.
        for _ in 1..BATCH_MAX {
            let Some(arrival) = transport.try_next() else { break };
            inputs.extend(self.take_in(arrival, transport));
        }
        inputs.extend(self.due(transport));
        self.handle(inputs, transport)
    }

    /// Handles the messages that were on their way until now.
    pub(super) fn on_due(&mut self, transport: &Transport) -> Result<(), NodeError> {
        let inputs = self.due(transport);
        self.handle(inputs, transport)
    }

    fn due(&mut self, transport: &Transport) -> Vec<Input<E>> {
        let now = self.clock.now();
        let mut inputs = Vec::new();
        while inputs.len() < BATCH_MAX
            && let Some((channel, payload)) = self.seat.as_mut().and_then(|seat| seat.take(now))
        {
            inputs.extend(self.received(&channel, &payload, transport));
        }
        inputs
    }

    /// Returns the input that an arrival is for the engine right now, if it is one.
    fn take_in(&mut self, arrival: Arrival, transport: &Transport) -> Option<Input<E>> {
        match arrival {
            Arrival::Up => {
                self.tell(PeerEvent::Connected {});
                let is_first = !std::mem::replace(&mut self.started, true);
                Some(if is_first { Input::Start } else { Input::Interrupted })
            }
            Arrival::Down { reason } => {
                self.tell(PeerEvent::Disconnected { reason });
                None
            }
            Arrival::Peers(peers) => Some(Input::Peers(peers)),
            Arrival::Received { from, payload } => self.pass(&from, &payload, transport),
            Arrival::Oversized { from, bytes } => {
                self.refuse(&from, &Malformed::TooLong { bytes }, &[]);
                None
            }
            Arrival::Refused { from, reason } => {
                self.refuse(&from, &Malformed::Connection(reason), &[]);
                None
            }
        }
    }

    /// Has a message go on its way through the air, if there is any, and returns it otherwise.
    fn pass(
        &mut self,
        channel: &Channel,
        payload: &Bytes,
        transport: &Transport,
    ) -> Option<Input<E>> {
        let now = self.clock.now();
        let Some(seat) = &mut self.seat else {
            return self.received(channel, payload, transport);
        };
        if let Some((from, why)) = seat.take_in(now, channel, payload.clone()) {
            self.tell_lost(channel, payload, from, why);
        }
        None
    }

    /// Returns the input that bytes are for the engine, if they are one.
    fn received(
        &mut self,
        channel: &Channel,
        payload: &Bytes,
        transport: &Transport,
    ) -> Option<Input<E>> {
        self.gauges.count_received();
        let received = self.codec.decode(channel, payload);
        match received.content {
            Ok(Content::Message(message)) => {
                let reactions = self.byzantine.as_mut().map(|it| it.receive(&message));
                for sending in reactions.into_iter().flatten() {
                    self.encode(sending, transport);
                }
                if let Some(ears) = &mut self.ears {
                    let speaker = self.engine.speaker(&received.from, &message);
                    if let Some(heard) = ears.hear(speaker, E::kind(&message)) {
                        self.tell(heard);
                    }
                }
                Some(Input::Message { from: received.from, message })
            }
            Ok(Content::PeerLost(peer)) => Some(Input::PeerLost(peer)),
            Ok(Content::Overheard(overheard)) => Some(Input::Overheard(overheard)),
            Ok(Content::Nothing) => None,
            Err(malformed) => {
                self.refuse(channel, &malformed, payload);
                Some(Input::Malformed(received.from))
            }
        }
    }

    fn refuse(&mut self, from: &Channel, malformed: &Malformed, payload: &[u8]) {
        self.gauges.count_refused();
        let (ground, reason) = (malformed.ground(), malformed.to_string());
        let refused = match malformed {
            // There are no bytes to be shown.
            Malformed::Connection(_) => PeerEvent::refused_from(from, ground, reason),
            _ => PeerEvent::not_understood(from, ground, reason, payload),
        };
        if let Some(ears) = &self.ears {
            ears.refuse_bytes(from, ground, &refused);
        }
        if self.refusals.count() {
            self.tell(refused);
        }
    }

    /// Sends a message, or what a dishonest peer sends in its place.
    pub(super) fn send(&mut self, to: Recipient, message: E::Message, transport: &Transport) {
        match &mut self.byzantine {
            None => self.encode(Sending { message, to, only: None }, transport),
            Some(byzantine) => {
                for sending in byzantine.send(to, message) {
                    self.encode(sending, transport);
                }
            }
        }
    }

    fn encode(&mut self, sending: Sending<E::Message>, transport: &Transport) {
        let Sending { message, to, only } = sending;
        let wires = self.codec.encode(&to, &message);
        if wires.is_empty() {
            debug!(?message, "the network has no such message");
            return;
        }
        if let Some(seat) = &self.seat {
            for wire in &wires {
                seat.send(&wire.to, &wire.payload, only.clone());
            }
            if seat.may_tell() {
                let to = match to {
                    Recipient::All => None,
                    Recipient::One(address) => Some(address.into()),
                };
                self.tell(PeerEvent::MessageSent { kind: E::kind(&message).to_owned(), to });
            }
        }
        for wire in wires {
            transport.send(&wire.to, wire.payload);
        }
    }

    /// Tells that a message of another peer of this process has not arrived.
    fn tell_lost(&self, channel: &Channel, payload: &Bytes, from: PeerName, why: Lost) {
        let (Some(seat), Some(to)) = (&self.seat, self.source.peer()) else { return };
        // It is only decoded for its kind; what is no message is not told of, and does not count.
        if let Ok(Content::Message(message)) = self.codec.decode(channel, payload).content
            && seat.may_tell()
        {
            let (kind, to) = (E::kind(&message).to_owned(), to.clone());
            let reason = why.reason().to_owned();
            self.tell(PeerEvent::MessageLost { kind, from, to, reason });
        }
    }

    /// Tells how many messages no peer of this process has told of.
    pub(super) fn tell_untold(&self, now: Moment) {
        if let Some(count) = self.seat.as_ref().and_then(|seat| seat.take_untold(now)) {
            self.tell(PeerEvent::MessagesUntold { count });
        }
    }

    /// Returns when a search begins. A peer that asks all for a solution neither knows of the
    /// challenge before the others, nor takes its own solution up before it would theirs: where
    /// messages are on their way for long, it begins after the time of two.
    pub(super) fn search_at(&self, has_sent: bool) -> Moment {
        let latency = self.seat.as_ref().filter(|_| has_sent).map(Seat::mean_latency);
        self.clock.now() + latency.map_or_else(Default::default, |latency| 2 * latency)
    }
}
