//! What the broker knows: its clients, what they listen to, and what waits for each. Without
//! sockets and clocks.
//!
//! The switch is handed a client's packets, and decides what is sent to whom. It holds what waits
//! for each client until the client's connection takes it. Everything that a client makes the
//! broker hold is counted in bytes, as the client's own: a client that listens and does not read
//! loses messages once [`CLIENT_BYTES_MAX`] wait for it, and if all clients together hold more
//! than [`BYTES_MAX`], the one that holds the most is disconnected.
//!
//! | file | question |
//! | --- | --- |
//! | `acknowledgements` | which messages of QoS 1 and 2 are through? |
//! | `client` | what waits for a client? |
//! | `subscriptions` | what do clients listen to? |
//! | this one | who gets which message, and when is it too much? |

mod acknowledgements;
mod client;
mod subscriptions;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rumqttc::{
    Connect, Disconnect, DisconnectReasonCode as Reason, LastWill, Packet, PubAck, PubComp, PubRec,
    PubRel, Publish, QoS,
};

use self::client::{Client, Delivery};
use super::line::Line;
use super::message::{Message, Retained};
use super::{
    BYTES_MAX, CLIENT_BYTES_MAX, CLIENT_MESSAGES_MAX, CLIENTS_MAX, FILTER_BYTES_MAX, INFLIGHT_MAX,
    RETAINED_BYTES_MAX, RETAINED_MAX, UNRELEASED_MAX,
};
use crate::mqtt::PACKET_BYTES_MAX;

/// What an entry costs besides its text and payload, as far as memory is counted.
const ENTRY_BYTES: usize = 128;

/// Bytes that are taken to be written at a time, unless one packet has more.
const WRITE_BYTES: usize = 64 * 1024;

/// A client, by the number of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key(pub(super) u64);

/// How a client's connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parting {
    /// With a goodbye, so that no last will is published.
    Goodbye,
    /// Otherwise.
    Crash,
}

/// Why a client was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There are [`CLIENTS_MAX`] already.
    Full,
    /// Its client id is too long.
    BadClientId,
    /// Its last will is not valid.
    BadWill,
}

/// The broker's state.
#[derive(Default)]
pub(super) struct Switch {
    clients: BTreeMap<Key, Client>,
    names: HashMap<Arc<str>, Key>,
    /// Who listens to a topic by its name.
    exact: HashMap<Arc<str>, BTreeSet<Key>>,
    /// Who listens by patterns.
    with_patterns: BTreeSet<Key>,
    retained: BTreeMap<Bytes, Retained>,
    retained_bytes: usize,
    /// What all clients hold together.
    bytes: usize,
    /// Messages of QoS 0 that were dropped because their reader was too slow.
    dropped: u64,
    /// Clients that were promised more than they read.
    overrun: BTreeSet<Key>,
}

impl Switch {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Lets a client in. One of the same name is disconnected.
    pub(super) fn connect(
        &mut self,
        key: Key,
        connect: &Connect,
        will: Option<LastWill>,
        line: &Arc<Line>,
        now: Duration,
    ) -> Result<(), Refusal> {
        let name: Arc<str> = connect.client_id.as_str().into();
        if name.len() > FILTER_BYTES_MAX {
            return Err(Refusal::BadClientId);
        }
        if will.as_ref().is_some_and(|will| !is_name(&will.topic)) {
            return Err(Refusal::BadWill);
        }
        let former = self.names.get(&name).copied();
        if former.is_none() && self.clients.len() >= CLIENTS_MAX {
            return Err(Refusal::Full);
        }
        if let Some(former) = former {
            self.end(former, Reason::SessionTakenOver, now);
        }
        let properties = connect.properties.as_ref();
        let packet_bytes_max = properties
            .and_then(|properties| properties.max_packet_size)
            .map_or(usize::MAX, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        let inflight_max = properties
            .and_then(|properties| properties.receive_maximum)
            .map_or(INFLIGHT_MAX, |most| most.min(INFLIGHT_MAX));
        let will = will.map(copied);
        let will_bytes = will.as_ref().map_or(0, |will| will.topic.len() + will.message.len());
        let registered = ENTRY_BYTES + name.len() + will_bytes;
        self.names.insert(Arc::clone(&name), key);
        self.bytes += registered;
        self.clients.insert(
            key,
            Client {
                name,
                line: Arc::clone(line),
                will,
                packet_bytes_max,
                inflight_max: inflight_max.into(),
                subscriptions: BTreeMap::new(),
                answers: VecDeque::new(),
                messages: VecDeque::new(),
                inflight: BTreeSet::new(),
                last_identifier: 0,
                unreleased: BTreeSet::new(),
                waiting: 0,
                writing: 0,
                reading: 0,
                registered,
            },
        );
        self.keep_bound(now);
        Ok(())
    }

    /// Takes a packet of a client; an error is the reason to disconnect it.
    pub(super) fn take_in(
        &mut self,
        key: Key,
        packet: Packet,
        now: Duration,
    ) -> Result<Option<Parting>, Reason> {
        // What a client sends after it was disconnected is not delivered.
        if !self.clients.contains_key(&key) {
            return Ok(Some(Parting::Crash));
        }
        match packet {
            Packet::Publish(publish) => self.on_publish(key, &publish, now)?,
            Packet::PubAck(PubAck { pkid, .. }) | Packet::PubComp(PubComp { pkid, .. }) => {
                self.on_acknowledged(key, pkid);
            }
            Packet::PubRec(received) => self.on_received(key, &received),
            Packet::PubRel(PubRel { pkid, .. }) => self.on_released(key, pkid),
            Packet::Subscribe(subscribe) => self.on_subscribe(key, &subscribe, now),
            Packet::Unsubscribe(unsubscribe) => self.on_unsubscribe(key, &unsubscribe),
            Packet::PingReq => self.answer(key, Packet::PingResp),
            Packet::Disconnect(disconnect) => {
                return Ok(Some(match disconnect.reason_code {
                    Reason::NormalDisconnection => Parting::Goodbye,
                    _ => Parting::Crash,
                }));
            }
            _ => return Err(Reason::ProtocolError),
        }
        self.keep_bound(now);
        Ok(None)
    }

    /// Forgets a client whose connection has ended, and publishes its last will if it said no
    /// goodbye.
    pub(super) fn leave(&mut self, key: Key, parting: Parting, now: Duration) {
        let Some(client) = self.remove(key) else { return };
        if let (Parting::Crash, Some(will)) = (parting, client.will) {
            let message = Arc::new(Message::of_will(&will, now));
            if will.retain {
                self.retain(&message, will.qos, now);
            }
            self.route(None, &message, will.qos, will.retain);
            self.keep_bound(now);
        }
    }

    /// Disconnects a client for `reason`.
    pub(super) fn end(&mut self, key: Key, reason: Reason, now: Duration) {
        if let Some(client) = self.clients.get(&key) {
            client.line.end(reason);
            self.leave(key, Parting::Crash, now);
        }
    }

    /// Disconnects all clients, whose last wills no client hears.
    pub(super) fn end_all(&mut self, reason: Reason) {
        for client in self.clients.values() {
            client.line.end(reason);
        }
        *self = Self::new();
    }

    /// Notes how many bytes wait at a client's connection for the rest of their packet.
    pub(super) fn note_reading(&mut self, key: Key, bytes: usize, now: Duration) {
        let Some(client) = self.clients.get_mut(&key) else { return };
        self.bytes = self.bytes - client.reading + bytes;
        client.reading = bytes;
        self.keep_bound(now);
    }

    /// Moves into `buffer`, which is empty, what is to be written to a client next. What was taken
    /// before counts as written.
    pub(super) fn take_out(&mut self, key: Key, buffer: &mut BytesMut, now: Duration) {
        let Some(client) = self.clients.get_mut(&key) else { return };
        let before = client.bytes();
        client.writing = 0;
        while buffer.len() < WRITE_BYTES && client.write_next(buffer, now) {}
        client.writing = if buffer.is_empty() { 0 } else { buffer.capacity() };
        let after = client.bytes();
        self.bytes = self.bytes - before + after;
    }

    /// Returns how many messages were dropped because their reader was too slow, since the last
    /// call.
    pub(super) fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }

    fn on_publish(&mut self, key: Key, publish: &Publish, now: Duration) -> Result<(), Reason> {
        let Some(client) = self.clients.get_mut(&key) else { return Ok(()) };
        if publish.properties.as_ref().is_some_and(|it| it.topic_alias.is_some()) {
            return Err(Reason::TopicAliasInvalid);
        }
        if !is_name(&publish.topic) {
            return Err(Reason::TopicNameInvalid);
        }
        let pkid = publish.pkid;
        if publish.qos == QoS::ExactlyOnce {
            if client.unreleased.contains(&pkid) {
                self.answer(key, Packet::PubRec(PubRec::new(pkid, None)));
                return Ok(());
            }
            if client.unreleased.len() >= UNRELEASED_MAX {
                return Err(Reason::ReceiveMaximumExceeded);
            }
            client.unreleased.insert(pkid);
        }
        let message = Arc::new(Message::of_publish(publish, now));
        if publish.retain {
            self.retain(&message, publish.qos, now);
        }
        self.route(Some(key), &message, publish.qos, publish.retain);
        match publish.qos {
            QoS::AtMostOnce => {}
            QoS::AtLeastOnce => self.answer(key, Packet::PubAck(PubAck::new(pkid, None))),
            QoS::ExactlyOnce => self.answer(key, Packet::PubRec(PubRec::new(pkid, None))),
        }
        Ok(())
    }

    /// Keeps a message for those who come later, unless there is no room; an empty one removes the
    /// one that is kept.
    fn retain(&mut self, message: &Arc<Message>, quality: QoS, now: Duration) {
        if let Some(former) = self.retained.remove(&message.topic) {
            self.retained_bytes -= former.message.bytes() + ENTRY_BYTES;
        }
        if message.payload.is_empty() {
            return;
        }
        if self.retained.len() >= RETAINED_MAX {
            self.retained.retain(|_, retained| !retained.message.is_over(now));
            let bytes = self.retained.values().map(|it| it.message.bytes() + ENTRY_BYTES);
            self.retained_bytes = bytes.sum();
        }
        let bytes = message.bytes() + ENTRY_BYTES;
        if self.retained.len() < RETAINED_MAX && self.retained_bytes + bytes <= RETAINED_BYTES_MAX {
            let retained = Retained { message: Arc::clone(message), quality };
            self.retained.insert(message.topic.clone(), retained);
            self.retained_bytes += bytes;
        }
    }

    /// Hands a message to all that listen to its topic.
    fn route(&mut self, from: Option<Key>, message: &Arc<Message>, quality: QoS, retain: bool) {
        // Valid since the packet was read.
        let Ok(topic) = str::from_utf8(&message.topic) else { return };
        let by_name = self.exact.get(topic);
        let listeners: BTreeSet<Key> = match (by_name, self.with_patterns.is_empty()) {
            (None, true) => return,
            (Some(by_name), true) => by_name.clone(),
            (by_name, false) => {
                by_name.into_iter().flatten().chain(&self.with_patterns).copied().collect()
            }
        };
        for key in listeners {
            let Some(client) = self.clients.get_mut(&key) else { continue };
            let Some(delivery) =
                client.delivery(topic, from == Some(key), message, quality, retain)
            else {
                continue;
            };
            self.queue(key, delivery);
        }
    }

    /// Lets a message wait for a client, or drops it.
    fn queue(&mut self, key: Key, delivery: Delivery) {
        let Some(client) = self.clients.get_mut(&key) else { return };
        let bytes = delivery.bytes();
        if bytes > client.packet_bytes_max {
            return;
        }
        let is_full = client.messages.len() >= CLIENT_MESSAGES_MAX
            || client.bytes() + bytes > CLIENT_BYTES_MAX;
        if !is_full {
            client.messages.push_back(delivery);
            client.waiting += bytes;
            self.bytes += bytes;
            client.line.wake();
        } else if delivery.quality == QoS::AtMostOnce {
            self.dropped += 1;
        } else {
            // It was promised, so the client has to know that it is lost.
            self.overrun.insert(key);
        }
    }

    /// Lets an answer wait for a client. One that asks without reading is disconnected.
    fn answer(&mut self, key: Key, packet: Packet) {
        let Some(client) = self.clients.get_mut(&key) else { return };
        let bytes = packet.size() + ENTRY_BYTES;
        if client.bytes() + bytes > CLIENT_BYTES_MAX + PACKET_BYTES_MAX {
            self.overrun.insert(key);
            return;
        }
        client.answers.push_back(packet);
        client.waiting += bytes;
        self.bytes += bytes;
        client.line.wake();
    }

    fn remove(&mut self, key: Key) -> Option<Client> {
        let client = self.clients.remove(&key)?;
        self.bytes -= client.bytes();
        if self.names.get(&client.name) == Some(&key) {
            self.names.remove(&client.name);
        }
        for filter in client.subscriptions.keys() {
            self.forget_listener(key, filter, false);
        }
        Some(client)
    }

    /// Disconnects those who were promised more than they read, and, while all hold too much
    /// together, the one that holds the most.
    fn keep_bound(&mut self, now: Duration) {
        while let Some(key) = self.overrun.pop_first() {
            self.end(key, Reason::QuotaExceeded, now);
        }
        while self.bytes > BYTES_MAX {
            let most = self.clients.iter().max_by_key(|(_, client)| client.bytes());
            let Some((key, _)) = most else { return };
            self.end(*key, Reason::QuotaExceeded, now);
        }
    }
}

/// Returns the goodbye of the broker.
pub(super) fn farewell(reason: Reason) -> Packet {
    Packet::Disconnect(Disconnect::new(reason))
}

/// Returns whether a message can be published on this topic.
fn is_name(topic: &[u8]) -> bool {
    !topic.is_empty() && !topic.iter().any(|byte| matches!(byte, b'+' | b'#' | 0))
}

/// Returns a last will that does not keep the packet in memory that it came with.
fn copied(will: LastWill) -> LastWill {
    LastWill {
        topic: Bytes::copy_from_slice(&will.topic),
        message: Bytes::copy_from_slice(&will.message),
        ..will
    }
}
