//! Whether the broker passes on what we publish.
//!
//! A broker whose access list forbids us to publish says so only with QoS 1 and 2, and only in MQTT
//! 5. Otherwise it drops our messages without a word. But we listen to the topics on which we
//! publish, so a message of ours that does not come back shows the same.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rumqttc::Publish;
use tokio::time::Instant;

use crate::link::Message;

/// Time within which a message of ours must come back.
const ECHO_TIME: Duration = Duration::from_secs(5);

/// What is known of one connection.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    /// The topics of messages that the library has not sent, oldest first.
    handed_over: VecDeque<Arc<str>>,
    /// The topics of messages that the broker has not answered, by their identifiers.
    unanswered: BTreeMap<u16, Arc<str>>,
    /// The topic on which the broker refused a message.
    refused: Option<Arc<str>>,
    echo: Echo,
}

/// A message of ours that should come back.
#[derive(Debug, Default)]
enum Echo {
    /// Nothing was published yet on a topic that we listen to.
    #[default]
    Unknown,
    /// This was published, and is expected until then.
    Expected { topic: Arc<str>, payload: Bytes, until: Instant },
    /// It did not come in time, which was told.
    Missing { topic: Arc<str>, payload: Bytes },
    /// One came back. There is no reason to look again.
    Heard,
}

impl Hearing {
    /// Notes a message that the library will send.
    pub(super) fn on_handed_over(&mut self, message: &Message, heard_topics: &[Arc<str>]) {
        self.handed_over.push_back(Arc::clone(&message.topic));
        let Message { topic, payload } = message.clone();
        if !heard_topics.contains(&topic) {
            return;
        }
        match &mut self.echo {
            Echo::Unknown => {
                let until = Instant::now() + ECHO_TIME;
                self.echo = Echo::Expected { topic, payload, until };
            }
            Echo::Missing { .. } => self.echo = Echo::Missing { topic, payload },
            Echo::Expected { .. } | Echo::Heard => {}
        }
    }

    /// Notes that the library has sent a message, with `pkid` unless its QoS is 0.
    pub(super) fn on_sent(&mut self, pkid: u16) {
        if let Some(topic) = self.handed_over.pop_front()
            && pkid != 0
        {
            self.unanswered.insert(pkid, topic);
        }
    }

    /// Notes the broker's answer to a message. Returns the topic and the reason of a refusal; or,
    /// without a reason, a topic on which messages were refused and are no more.
    pub(super) fn on_answer(
        &mut self,
        pkid: u16,
        refusal: Option<String>,
    ) -> Option<(Arc<str>, Option<String>)> {
        let topic = self.unanswered.remove(&pkid)?;
        if refusal.is_some() {
            self.refused = Some(Arc::clone(&topic));
            return Some((topic, refusal));
        }
        let is_over = self.refused.as_ref() == Some(&topic);
        is_over.then(|| {
            self.refused = None;
            (topic, None)
        })
    }

    /// Notes a message that came; returns whether it is one of ours that was told to be missing.
    pub(super) fn on_heard(&mut self, publish: &Publish) -> bool {
        let (Echo::Expected { topic, payload, .. } | Echo::Missing { topic, payload }) = &self.echo
        else {
            return false;
        };
        if topic.as_bytes() != publish.topic || *payload != publish.payload {
            return false;
        }
        let was_missing = matches!(self.echo, Echo::Missing { .. });
        self.echo = Echo::Heard;
        was_missing && self.refused.is_none()
    }

    /// Returns when [`Self::on_unheard`] is to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.echo {
            Echo::Expected { until, .. } => Some(until),
            Echo::Unknown | Echo::Missing { .. } | Echo::Heard => None,
        }
    }

    /// Notes that the time for an echo is over; returns its topic, unless the broker has said
    /// already that it refuses what we publish.
    pub(super) fn on_unheard(&mut self) -> Option<Arc<str>> {
        let Echo::Expected { topic, payload, .. } = std::mem::take(&mut self.echo) else {
            return None;
        };
        let told = self.refused.is_none().then(|| Arc::clone(&topic));
        self.echo = Echo::Missing { topic, payload };
        told
    }
}

#[cfg(test)]
mod tests {
    use rumqttc::QoS;

    use super::*;

    fn message(topic: &str, payload: &'static str) -> Message {
        Message { topic: topic.into(), payload: payload.into() }
    }

    fn publish(topic: &str, payload: &'static str) -> Publish {
        Publish::new(topic, QoS::AtMostOnce, payload, None)
    }

    #[test]
    fn a_message_that_does_not_come_back_is_told_and_one_that_does_ends_it() {
        let (mut hearing, topics) = (Hearing::default(), ["a".into()]);
        hearing.on_handed_over(&message("nobody listens", "0"), &topics);
        assert_eq!(hearing.deadline(), None);
        hearing.on_handed_over(&message("a", "1"), &topics);
        assert!(hearing.deadline().is_some());
        assert!(!hearing.on_heard(&publish("a", "of another")));
        assert_eq!(hearing.on_unheard(), Some("a".into()));
        assert_eq!(hearing.deadline(), None, "it is told once");
        hearing.on_handed_over(&message("a", "2"), &topics);
        assert!(hearing.on_heard(&publish("a", "2")));
        hearing.on_handed_over(&message("a", "3"), &topics);
        assert_eq!(hearing.deadline(), None);
    }

    #[test]
    fn what_comes_back_in_time_is_no_news() {
        let (mut hearing, topics) = (Hearing::default(), ["a".into()]);
        hearing.on_handed_over(&message("a", "1"), &topics);
        assert!(!hearing.on_heard(&publish("a", "1")));
        assert_eq!((hearing.deadline(), hearing.on_unheard()), (None, None));
    }

    #[test]
    fn a_refusal_is_told_with_its_topic_until_one_on_that_topic_is_taken() {
        let mut hearing = Hearing::default();
        for (topic, pkid) in [("a", 1), ("b", 2), ("a", 3), ("b", 4), ("a", 5)] {
            hearing.on_handed_over(&message(topic, "1"), &[]);
            hearing.on_sent(pkid);
        }
        let reason = Some("not authorized".to_owned());
        let refused = Some(("a".into(), reason.clone()));
        assert_eq!(hearing.on_answer(1, reason.clone()), refused);
        assert_eq!(hearing.on_answer(2, None), None, "b was never refused");
        assert_eq!(hearing.on_answer(3, reason), refused);
        assert_eq!(hearing.on_answer(5, None), Some(("a".into(), None)));
        assert_eq!(hearing.on_answer(4, None), None);
        assert_eq!(hearing.on_answer(4, None), None, "it was answered before");
    }
}
