//! A message on its way through the broker.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rumqttc::{LastWill, Publish, PublishProperties, QoS};

/// A message, once for all who get it.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) topic: Bytes,
    pub(super) payload: Bytes,
    /// What the publisher added; without what is between it and the broker.
    properties: Option<PublishProperties>,
    /// When it must not be delivered any more.
    over_at: Option<Duration>,
}

/// A message that is kept for those who come later.
#[derive(Debug)]
pub(super) struct Retained {
    pub(super) message: Arc<Message>,
    pub(super) quality: QoS,
}

impl Message {
    /// Returns what a client published at `now`. It holds no part of the packet it came in, which
    /// may be much larger.
    pub(super) fn of_publish(publish: &Publish, now: Duration) -> Self {
        let properties = publish.properties.clone().map(|properties| PublishProperties {
            topic_alias: None,
            subscription_identifiers: Vec::new(),
            correlation_data: properties.correlation_data.as_deref().map(Bytes::copy_from_slice),
            ..properties
        });
        Self::new(&publish.topic, &publish.payload, properties, now)
    }

    /// Returns the last will of a client that has vanished at `now`.
    pub(super) fn of_will(will: &LastWill, now: Duration) -> Self {
        let properties = will.properties.clone().map(|properties| PublishProperties {
            payload_format_indicator: properties.payload_format_indicator,
            message_expiry_interval: properties.message_expiry_interval,
            topic_alias: None,
            response_topic: properties.response_topic,
            correlation_data: properties.correlation_data.as_deref().map(Bytes::copy_from_slice),
            user_properties: properties.user_properties,
            subscription_identifiers: Vec::new(),
            content_type: properties.content_type,
        });
        Self::new(&will.topic, &will.message, properties, now)
    }

    fn new(
        topic: &[u8],
        payload: &[u8],
        properties: Option<PublishProperties>,
        now: Duration,
    ) -> Self {
        let time = properties.as_ref().and_then(|properties| properties.message_expiry_interval);
        Self {
            topic: Bytes::copy_from_slice(topic),
            payload: Bytes::copy_from_slice(payload),
            over_at: time.map(|seconds| now + Duration::from_secs(seconds.into())),
            properties,
        }
    }

    /// Returns what it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        let properties = self.properties.as_ref().map_or(0, |properties| {
            let texts = [&properties.response_topic, &properties.content_type];
            let texts = texts.into_iter().flatten().map(String::len).sum::<usize>();
            let data = properties.correlation_data.as_ref().map_or(0, Bytes::len);
            let pair = |(key, value): &(String, String)| key.len() + value.len() + 64;
            texts + data + properties.user_properties.iter().map(pair).sum::<usize>()
        });
        self.topic.len() + self.payload.len() + properties
    }

    /// Returns whether its time is over.
    pub(super) fn is_over(&self, now: Duration) -> bool {
        self.over_at.is_some_and(|over_at| over_at <= now)
    }

    /// Returns the packet with which one client gets it.
    pub(super) fn publish(
        &self,
        quality: QoS,
        retain: bool,
        pkid: u16,
        identifiers: Vec<usize>,
        now: Duration,
    ) -> Publish {
        let mut properties = self.properties.clone();
        if !identifiers.is_empty() {
            properties.get_or_insert_default().subscription_identifiers = identifiers;
        }
        if let (Some(over_at), Some(properties)) = (self.over_at, &mut properties) {
            let left = over_at.saturating_sub(now).as_secs();
            properties.message_expiry_interval = Some(u32::try_from(left).unwrap_or(u32::MAX));
        }
        Publish {
            dup: false,
            qos: quality,
            retain,
            topic: self.topic.clone(),
            pkid,
            payload: self.payload.clone(),
            properties,
        }
    }
}
