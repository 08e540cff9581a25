//! Which topics are the programs': a broker carries much else, and listening to all of it hears
//! that, too.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::Message;
use crate::profile::MessageKind;

/// Returns the messages of the programs: those on the topics with the prefix under which most kinds
/// of messages have the names that programs give them, and say what those say. None if there are
/// none.
pub(super) fn of_programs(messages: &[Message]) -> Vec<Message> {
    let mut kinds: BTreeMap<&str, (BTreeSet<MessageKind>, usize)> = BTreeMap::new();
    for message in messages {
        if let Some(kind) = message.named_kind() {
            // Results of each solver have topics below those of all else.
            let of_solver = (kind == MessageKind::Result).then(|| prefix_of_solver(&message.topic));
            for prefix in [Some(prefix(&message.topic)), of_solver.flatten()].into_iter().flatten()
            {
                let (kinds, count) = kinds.entry(prefix).or_default();
                kinds.insert(kind);
                *count += 1;
            }
        }
    }
    let best = kinds.iter().max_by_key(|(_, (kinds, count))| (kinds.len(), *count));
    let Some((best, _)) = best else { return Vec::new() };
    let is_in = |message: &&Message| {
        let topic = message.topic.as_str();
        let of_solver = message.named_kind() == Some(MessageKind::Result)
            && prefix_of_solver(topic) == Some(*best);
        prefix(topic) == *best || of_solver
    };
    messages.iter().filter(is_in).cloned().collect()
}

/// Returns what a topic begins with, up to the last slash.
fn prefix(topic: &str) -> &str {
    topic.rfind('/').map_or("", |at| &topic[..=at])
}

/// Returns what it begins with, up to the slash before the last.
fn prefix_of_solver(topic: &str) -> Option<&str> {
    let before = &topic[..topic.rfind('/')?];
    Some(prefix(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics(messages: &[(&str, &str)]) -> Vec<String> {
        let read = |(topic, payload): &(&str, &str)| {
            Message::read(topic, payload.as_bytes()).expect("it is an object")
        };
        let messages: Vec<Message> = messages.iter().map(read).collect();
        of_programs(&messages).into_iter().map(|it| it.topic).collect()
    }

    #[test]
    fn what_else_a_broker_carries_is_not_the_programs() {
        let noise = [
            ("home/lamp", r#"{"id": 7, "v": 3}"#),
            ("home/init", r#"{"device": 9}"#),
            ("home/lamp/7", r#"{"t": 21.5, "s": "on", "id": 8}"#),
        ];
        let room = [
            ("sd/init", r#"{"ClientID": 7}"#),
            ("sd/voting", r#"{"ClientID": 7, "VoteID": 3}"#),
            ("sd/challenge", r#"{"TransactionID": 0, "Challenge": 3}"#),
            ("sd/7/result", r#"{"ClientID": 7, "Result": 1}"#),
        ];
        let all: Vec<_> = noise.iter().chain(&room).copied().collect();
        assert_eq!(topics(&all), room.map(|(topic, _)| topic.to_owned()));
        let unnamed = [("a/b", r#"{"id": 7}"#), ("c", r#"{"id": 7, "vote": 3}"#)];
        let none: [String; 0] = [];
        assert_eq!(topics(&unnamed), none);
        assert_eq!(topics(&noise), none);
    }
}
