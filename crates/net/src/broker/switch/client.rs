//! A client, and what waits for it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rumqttc::{LastWill, Packet, QoS, has_wildcards, matches};

use super::ENTRY_BYTES;
use crate::broker::line::Line;
use crate::broker::message::Message;

/// A client that is connected.
pub(super) struct Client {
    pub(super) name: Arc<str>,
    pub(super) line: Arc<Line>,
    pub(super) will: Option<LastWill>,
    /// The largest packet that it accepts.
    pub(super) packet_bytes_max: usize,
    /// How many messages of QoS 1 and 2 it takes before it has acknowledged the first.
    pub(super) inflight_max: usize,
    pub(super) subscriptions: BTreeMap<Arc<str>, Subscription>,
    pub(super) answers: VecDeque<Packet>,
    pub(super) messages: VecDeque<Delivery>,
    /// Identifiers of messages that it has not acknowledged.
    pub(super) inflight: BTreeSet<u16>,
    pub(super) last_identifier: u16,
    /// Identifiers of its messages of QoS 2 that it has not released.
    pub(super) unreleased: BTreeSet<u16>,
    /// Bytes of answers and messages that wait.
    pub(super) waiting: usize,
    /// Bytes that are being written.
    pub(super) writing: usize,
    /// Bytes of a packet that has not arrived completely.
    pub(super) reading: usize,
    /// Bytes of what it has registered: its name, its last will, its subscriptions.
    pub(super) registered: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Subscription {
    pub(super) quality: QoS,
    pub(super) no_local: bool,
    pub(super) keeps_retain: bool,
    pub(super) identifier: Option<usize>,
}

/// A message for one client.
pub(super) struct Delivery {
    pub(super) message: Arc<Message>,
    pub(super) quality: QoS,
    pub(super) retain: bool,
    pub(super) identifiers: Vec<usize>,
}

impl Client {
    pub(super) fn bytes(&self) -> usize {
        self.waiting + self.writing + self.reading + self.registered
    }

    /// Returns what this client gets of a message, if it listens to the topic.
    pub(super) fn delivery(
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
    pub(super) fn write_next(&mut self, buffer: &mut BytesMut, now: Duration) -> bool {
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
    pub(super) fn bytes(&self) -> usize {
        self.message.bytes() + ENTRY_BYTES + 8 * self.identifiers.len()
    }
}

pub(super) fn lesser(one: QoS, other: QoS) -> QoS {
    if one < other { one } else { other }
}

fn greater(one: QoS, other: QoS) -> QoS {
    if one < other { other } else { one }
}
