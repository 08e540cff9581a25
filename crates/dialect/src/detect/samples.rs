//! What could not be told: each topic once, with a message as it came.

use std::collections::BTreeMap;

use super::fields::{Message, Room};
use crate::profile::MessageKind;

/// Topics of which a message is kept.
const TOPICS_MAX: usize = 100;

/// Characters of a message that are kept.
const CHARACTERS_MAX: usize = 160;

/// A topic whose messages could not be given a meaning, and one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The topic or exchange.
    pub topic: String,
    /// The beginning of its first message, with control characters spelled out.
    pub payload: String,
    /// Why it has none.
    pub reason: &'static str,
}

/// The first message of each topic.
#[derive(Debug, Default)]
pub(super) struct Samples(BTreeMap<String, (String, bool)>);

impl Samples {
    /// Takes note of a message; `is_object` says whether it has fields.
    pub(super) fn hear(&mut self, topic: &str, payload: &[u8], is_object: bool) {
        if self.0.len() >= TOPICS_MAX || self.0.contains_key(topic) {
            return;
        }
        let text = String::from_utf8_lossy(payload);
        let shown: String = text
            .chars()
            .take(CHARACTERS_MAX)
            .flat_map(|character| match character.is_control() {
                true => character.escape_default().collect::<Vec<_>>(),
                false => vec![character],
            })
            .collect();
        self.0.insert(topic.to_owned(), (shown, is_object));
    }

    /// Returns all of them.
    pub(super) fn all(&self) -> Vec<Sample> {
        self.0.iter().map(|(topic, sample)| told(topic, sample)).collect()
    }

    /// Returns those with this prefix whose topic is that of no kind of message in `room`, which
    /// was made of `messages`.
    pub(super) fn unassigned(&self, room: &Room, messages: &[Message]) -> Vec<Sample> {
        let is_assigned = |topic: &str| {
            let of_topic = || messages.iter().filter(|message| message.topic == topic);
            room.kinds().iter().any(|(kind, heard)| match kind {
                // Results may have a topic for each solver.
                MessageKind::Result => of_topic().any(|it| it.kind() == Some(*kind)),
                _ => topic.strip_prefix(&room.prefix) == Some(heard.topic.as_str()),
            })
        };
        let is_near = |topic: &str| topic.starts_with(&room.prefix);
        let samples = self.0.iter().filter(|(topic, _)| is_near(topic) && !is_assigned(topic));
        samples.map(|(topic, sample)| told(topic, sample)).collect()
    }
}

fn told(topic: &str, (payload, is_object): &(String, bool)) -> Sample {
    let reason = match is_object {
        true => "its fields have no names from which they can be told",
        false => "it is no object of JSON",
    };
    Sample { topic: topic.to_owned(), payload: payload.clone(), reason }
}
