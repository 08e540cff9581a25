//! What the broker knows: its clients, what they listen to, and what waits for each. Without
//! sockets and clocks.
//!
//! The switch is handed a client's packets, and decides what is sent to whom. It holds what waits
//! for each client until the client's connection takes it. Everything that a client makes the
//! broker hold is counted in bytes, as the client's own: a client that listens and does not read
//! loses messages once [`CLIENT_BYTES_MAX`] wait for it, and if all clients together hold more
//! than [`BYTES_MAX`], the one that holds the most is disconnected.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rumqttc::{
    Connect, Disconnect, DisconnectReasonCode as Reason, LastWill, Packet, PubAck, PubComp,
    PubCompReason, PubRec, PubRel, PubRelReason, Publish, QoS, SubAck, Subscribe,
    SubscribeReasonCode, UnsubAck, UnsubAckReason, Unsubscribe, has_wildcards, matches,
    valid_filter,
};

use super::line::Line;
use super::message::{Message, Retained};
use super::{
    BYTES_MAX, CLIENT_BYTES_MAX, CLIENT_MESSAGES_MAX, CLIENTS_MAX, FILTER_BYTES_MAX, INFLIGHT_MAX,
    RETAINED_BYTES_MAX, RETAINED_MAX, SUBSCRIPTIONS_MAX, UNRELEASED_MAX,
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

/// A client that is connected.
struct Client {
    name: Arc<str>,
    line: Arc<Line>,
    will: Option<LastWill>,
    /// The largest packet that it accepts.
    packet_bytes_max: usize,
    /// How many messages of QoS 1 and 2 it takes before it has acknowledged the first.
    inflight_max: usize,
    subscriptions: BTreeMap<Arc<str>, Subscription>,
    answers: VecDeque<Packet>,
    messages: VecDeque<Delivery>,
    /// Identifiers of messages that it has not acknowledged.
    inflight: BTreeSet<u16>,
    last_identifier: u16,
    /// Identifiers of its messages of QoS 2 that it has not released.
    unreleased: BTreeSet<u16>,
    /// Bytes of answers and messages that wait.
    waiting: usize,
    /// Bytes that are being written.
    writing: usize,
    /// Bytes of a packet that has not arrived completely.
    reading: usize,
    /// Bytes of what it has registered: its name, its last will, its subscriptions.
    registered: usize,
}

#[derive(Clone, Copy, Debug)]
struct Subscription {
    quality: QoS,
    no_local: bool,
    keeps_retain: bool,
    identifier: Option<usize>,
}

/// A message for one client.
struct Delivery {
    message: Arc<Message>,
    quality: QoS,
    retain: bool,
    identifiers: Vec<usize>,
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

    fn on_acknowledged(&mut self, key: Key, pkid: u16) {
        let Some(client) = self.clients.get_mut(&key) else { return };
        client.inflight.remove(&pkid);
        client.line.wake();
    }

    fn on_received(&mut self, key: Key, received: &PubRec) {
        let Some(client) = self.clients.get_mut(&key) else { return };
        let mut release = PubRel::new(received.pkid, None);
        if received.reason as u8 >= 0x80 {
            client.inflight.remove(&received.pkid);
            return client.line.wake();
        }
        if !client.inflight.contains(&received.pkid) {
            release.reason = PubRelReason::PacketIdentifierNotFound;
        }
        self.answer(key, Packet::PubRel(release));
    }

    fn on_released(&mut self, key: Key, pkid: u16) {
        let Some(client) = self.clients.get_mut(&key) else { return };
        let mut complete = PubComp::new(pkid, None);
        if !client.unreleased.remove(&pkid) {
            complete.reason = PubCompReason::PacketIdentifierNotFound;
        }
        self.answer(key, Packet::PubComp(complete));
    }

    fn on_subscribe(&mut self, key: Key, subscribe: &Subscribe, now: Duration) {
        let identifier = subscribe.properties.as_ref().and_then(|properties| properties.id);
        let (mut codes, mut kept) = (Vec::new(), Vec::new());
        for filter in &subscribe.filters {
            let subscription = Subscription {
                quality: filter.qos,
                no_local: filter.nolocal,
                keeps_retain: filter.preserve_retain,
                identifier,
            };
            let (code, is_new) = self.listen(key, &filter.path, subscription);
            let is_granted = matches!(code, SubscribeReasonCode::Success(_));
            codes.push(code);
            use rumqttc::RetainForwardRule as Rule;
            let sends_kept = match filter.retain_forward_rule {
                Rule::OnEverySubscribe => true,
                Rule::OnNewSubscribe => is_new,
                Rule::Never => false,
            };
            if is_granted && sends_kept {
                kept.push((filter.path.as_str(), subscription));
            }
        }
        let answer = SubAck { pkid: subscribe.pkid, return_codes: codes, properties: None };
        self.answer(key, Packet::SubAck(answer));
        for (filter, subscription) in kept {
            self.send_retained(key, filter, subscription, now);
        }
    }

    /// Adds a subscription; returns the answer, and whether the client did not have it before.
    fn listen(
        &mut self,
        key: Key,
        filter: &str,
        subscription: Subscription,
    ) -> (SubscribeReasonCode, bool) {
        let Some(client) = self.clients.get_mut(&key) else {
            return (SubscribeReasonCode::Unspecified, false);
        };
        if filter.starts_with("$share/") {
            return (SubscribeReasonCode::SharedSubscriptionsNotSupported, false);
        }
        if !valid_filter(filter) || filter.len() > FILTER_BYTES_MAX || filter.contains('\0') {
            return (SubscribeReasonCode::TopicFilterInvalid, false);
        }
        let is_new = !client.subscriptions.contains_key(filter);
        if is_new && client.subscriptions.len() >= SUBSCRIPTIONS_MAX {
            return (SubscribeReasonCode::QuotaExceeded, false);
        }
        let filter: Arc<str> = filter.into();
        client.subscriptions.insert(Arc::clone(&filter), subscription);
        if is_new {
            let bytes = filter.len() + ENTRY_BYTES;
            client.registered += bytes;
            self.bytes += bytes;
            if has_wildcards(&filter) {
                self.with_patterns.insert(key);
            } else {
                self.exact.entry(filter).or_default().insert(key);
            }
        }
        (SubscribeReasonCode::Success(subscription.quality), is_new)
    }

    fn send_retained(&mut self, key: Key, filter: &str, to: Subscription, now: Duration) {
        let is_pattern = has_wildcards(filter);
        let is_heard = |topic: &Bytes| match is_pattern {
            true => str::from_utf8(topic).is_ok_and(|topic| matches(topic, filter)),
            false => *topic == filter.as_bytes(),
        };
        let kept = self.retained.iter().filter(|(topic, _)| is_heard(topic));
        let kept: Vec<_> = kept
            .filter(|(_, retained)| !retained.message.is_over(now))
            .map(|(_, retained)| Delivery {
                message: Arc::clone(&retained.message),
                quality: lesser(retained.quality, to.quality),
                retain: true,
                identifiers: to.identifier.into_iter().collect(),
            })
            .collect();
        for delivery in kept {
            self.queue(key, delivery);
        }
    }

    fn on_unsubscribe(&mut self, key: Key, unsubscribe: &Unsubscribe) {
        let reasons = unsubscribe.filters.iter().map(|filter| self.unlisten(key, filter));
        let reasons = reasons.collect();
        let answer = UnsubAck { pkid: unsubscribe.pkid, reasons, properties: None };
        self.answer(key, Packet::UnsubAck(answer));
    }

    fn unlisten(&mut self, key: Key, filter: &str) -> UnsubAckReason {
        let Some(client) = self.clients.get_mut(&key) else {
            return UnsubAckReason::UnspecifiedError;
        };
        if client.subscriptions.remove(filter).is_none() {
            return UnsubAckReason::NoSubscriptionExisted;
        }
        let bytes = filter.len() + ENTRY_BYTES;
        client.registered -= bytes;
        self.bytes -= bytes;
        let has_patterns = client.subscriptions.keys().any(|filter| has_wildcards(filter));
        self.forget_listener(key, filter, has_patterns);
        UnsubAckReason::Success
    }

    fn forget_listener(&mut self, key: Key, filter: &str, has_patterns: bool) {
        if has_wildcards(filter) {
            if !has_patterns {
                self.with_patterns.remove(&key);
            }
        } else if let Some(listeners) = self.exact.get_mut(filter) {
            listeners.remove(&key);
            if listeners.is_empty() {
                self.exact.remove(filter);
            }
        }
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

impl Client {
    fn bytes(&self) -> usize {
        self.waiting + self.writing + self.reading + self.registered
    }

    /// Returns what this client gets of a message, if it listens to the topic.
    fn delivery(
        &self,
        topic: &str,
        is_own: bool,
        message: &Arc<Message>,
        quality: QoS,
        retain: bool,
    ) -> Option<Delivery> {
        let by_name = self.subscriptions.get_key_value(topic);
        let by_pattern = self
            .subscriptions
            .iter()
            .filter(|(filter, _)| has_wildcards(filter) && matches(topic, filter));
        let mut heard = by_name.into_iter().chain(by_pattern).filter_map(|(_, subscription)| {
            (!(subscription.no_local && is_own)).then_some(subscription)
        });
        let first = heard.next()?;
        let mut delivery = Delivery {
            message: Arc::clone(message),
            quality: first.quality,
            retain: retain && first.keeps_retain,
            identifiers: first.identifier.into_iter().collect(),
        };
        for other in heard {
            delivery.quality = greater(delivery.quality, other.quality);
            delivery.retain |= retain && other.keeps_retain;
            delivery.identifiers.extend(other.identifier);
        }
        delivery.quality = lesser(delivery.quality, quality);
        Some(delivery)
    }

    /// Writes the next packet into `buffer`; returns false if nothing can be sent now.
    fn write_next(&mut self, buffer: &mut BytesMut, now: Duration) -> bool {
        if let Some(answer) = self.answers.pop_front() {
            self.waiting -= answer.size() + ENTRY_BYTES;
            if answer.size() <= self.packet_bytes_max {
                // Our own packets are valid.
                let _ = answer.write(buffer, None);
            }
            return true;
        }
        let Some(next) = self.messages.front() else { return false };
        if next.quality != QoS::AtMostOnce && self.inflight.len() >= self.inflight_max {
            return false;
        }
        let Some(delivery) = self.messages.pop_front() else { return false };
        self.waiting -= delivery.bytes();
        if delivery.message.is_over(now) {
            return true;
        }
        let Delivery { message, quality, retain, identifiers } = delivery;
        let pkid = match quality {
            QoS::AtMostOnce => 0,
            _ => self.next_identifier(),
        };
        let publish = message.publish(quality, retain, pkid, identifiers, now);
        let end = buffer.len();
        // It was valid when it came in; what cannot be written is not sent.
        if publish.size() > self.packet_bytes_max || publish.write(buffer).is_err() {
            buffer.truncate(end);
            self.inflight.remove(&pkid);
        }
        true
    }

    /// Returns an identifier that is not in use; fewer than all are.
    fn next_identifier(&mut self) -> u16 {
        loop {
            self.last_identifier = self.last_identifier.checked_add(1).unwrap_or(1);
            if self.inflight.insert(self.last_identifier) {
                return self.last_identifier;
            }
        }
    }
}

impl Delivery {
    /// Returns what it counts for, while it waits.
    fn bytes(&self) -> usize {
        self.message.bytes() + ENTRY_BYTES + 8 * self.identifiers.len()
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

fn lesser(one: QoS, other: QoS) -> QoS {
    if one < other { one } else { other }
}

fn greater(one: QoS, other: QoS) -> QoS {
    if one < other { other } else { one }
}
