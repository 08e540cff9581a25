//! What a broker's packets mean for a link.

use std::sync::Arc;

use althing_types::Channel;
use rumqttc::{
    ConnAck, Packet, PubAck, PubRec, Publish, RetainForwardRule, SubAck, SubscribeFilter,
    SubscribeReasonCode,
};
use tokio::time::Instant;
use tracing::warn;

use super::Driver;
use super::connection::{Connection, Silence};
use super::library::oversized;
use crate::Arrival;
use crate::mqtt::Error;
use crate::mqtt::error::publish_refusal;

impl Driver {
    pub(super) fn on_packet(&mut self, packet: Packet) -> Result<(), Error> {
        if let Some(silence) = self.connection.silence() {
            *silence = Silence::now();
        }
        match packet {
            Packet::ConnAck(answer) => self.on_accepted(&answer),
            Packet::SubAck(answer) => self.on_topics_answered(&answer)?,
            Packet::Publish(publish) => self.on_publish(publish),
            Packet::PubAck(PubAck { pkid, .. }) | Packet::PubRec(PubRec { pkid, .. }) => {
                self.on_answer(pkid, &packet);
            }
            _ => {}
        }
        Ok(())
    }

    /// Reports that the broker refuses what we publish, or that it does not any more.
    fn on_answer(&mut self, pkid: u16, packet: &Packet) {
        let Some((topic, said)) = self.hearing.on_answer(pkid, publish_refusal(packet)) else {
            return;
        };
        match said {
            Some(reason) => {
                let address = self.options.broker.address();
                self.reports.down(Error::PublishRefused { address, topic, reason }.to_string());
            }
            None => self.reports.back(),
        }
    }

    fn on_accepted(&mut self, answer: &ConnAck) {
        self.connection = Connection::Accepted(Silence::now());
        self.version.is_accepted();
        let limit = answer.properties.as_ref().and_then(|properties| properties.max_packet_size);
        self.packet_bytes_max =
            limit.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(usize::MAX);
        if self.options.topics.is_empty() {
            return self.on_up();
        }
        let quality = self.options.quality_of_service.into();
        let filters: Vec<_> = self
            .options
            .topics
            .iter()
            .map(|topic| {
                let mut filter = SubscribeFilter::new(topic.to_string(), quality);
                filter.retain_forward_rule = match self.options.hears_retained {
                    true => RetainForwardRule::OnEverySubscribe,
                    false => RetainForwardRule::Never,
                };
                filter
            })
            .collect();
        // If the library refuses, the broker stays silent and we reconnect.
        if let Err(error) = self.client.try_subscribe_many(filters) {
            warn!(broker = %self.options.broker, %error, "cannot listen");
        }
    }

    fn on_topics_answered(&mut self, answer: &SubAck) -> Result<(), Error> {
        for (topic, code) in self.options.topics.iter().zip(&answer.return_codes) {
            if !matches!(code, SubscribeReasonCode::Success(_)) {
                let address = self.options.broker.address();
                let (topic, reason) = (Arc::clone(topic), format!("{code:?}"));
                return Err(Error::TopicRefused { address, topic, reason });
            }
        }
        self.on_up();
        Ok(())
    }

    fn on_up(&mut self) {
        self.connection = Connection::Up(Silence::now(), Instant::now());
        self.reports.up();
    }

    fn on_publish(&mut self, publish: Publish) {
        // A message that the broker kept, which it is asked not to send; MQTT 3.1.1 cannot ask.
        if publish.retain && !self.options.hears_retained {
            return;
        }
        if self.hearing.on_heard(&publish) {
            self.reports.back();
        }
        let known = self.options.topics.iter().find(|topic| topic.as_bytes() == publish.topic);
        let topic = match (known, str::from_utf8(&publish.topic)) {
            (Some(topic), _) => Arc::clone(topic),
            (None, Ok(topic)) => Arc::from(topic),
            (None, Err(_)) => return,
        };
        let from = Channel::Topic(topic);
        self.inbox.push(match oversized(&publish) {
            Some(bytes) => Arrival::Oversized { from, bytes },
            None => Arrival::Received { from, payload: publish.payload },
        });
    }
}
