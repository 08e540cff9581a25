//! What clients listen to.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rumqttc::{
    Packet, SubAck, Subscribe, SubscribeReasonCode, UnsubAck, UnsubAckReason, Unsubscribe,
    has_wildcards, matches, valid_filter,
};

use super::client::{Delivery, Subscription, lesser};
use super::{ENTRY_BYTES, Key, Switch};
use crate::broker::{FILTER_BYTES_MAX, SUBSCRIPTIONS_MAX};

impl Switch {
    pub(super) fn on_subscribe(&mut self, key: Key, subscribe: &Subscribe, now: Duration) {
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

    pub(super) fn on_unsubscribe(&mut self, key: Key, unsubscribe: &Unsubscribe) {
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

    pub(super) fn forget_listener(&mut self, key: Key, filter: &str, has_patterns: bool) {
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
}
