//! Which kinds of messages there are, and what their fields say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::ids::kind_of_one;
use crate::profile::{MessageKind, Role};

/// A message as it was heard: its topic, and its fields in their order.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) topic: String,
    pub(super) fields: Vec<(String, Value)>,
    /// Whether a peer of ours has said it.
    pub(super) is_ours: bool,
}

/// The messages of one kind.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    /// The name of its topic, without the prefix.
    pub(super) topic: String,
    /// Its fields, as a profile writes them.
    pub(super) fields: Vec<Value>,
    /// Fields whose meaning is not known, and which are not always the same.
    pub(super) dropped: Vec<String>,
    /// What each message says, by role.
    pub(super) said: Vec<BTreeMap<Role, Value>>,
}

/// The messages of a room, by kind.
#[derive(Clone, Debug)]
pub(super) struct Room {
    pub(super) prefix: String,
    /// The id of a guest of ours, as JSON, if there is one.
    pub(super) guest: Option<String>,
    kinds: BTreeMap<MessageKind, Heard>,
}

impl Message {
    /// Reads an object of JSON; anything else is no message that says what its fields are.
    pub(super) fn read(topic: &str, payload: &[u8]) -> Option<Self> {
        struct Fields(Vec<(String, Value)>);

        impl<'de> serde::Deserialize<'de> for Fields {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = Fields;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<Fields, A::Error> {
                        let mut fields: Vec<(String, Value)> = Vec::new();
                        while let Some(field) = map.next_entry()? {
                            // No message of a program has as many.
                            if fields.len() < 32 {
                                fields.push(field);
                            }
                        }
                        Ok(Fields(fields))
                    }
                }

                from.deserialize_map(Visitor)
            }
        }

        let Fields(fields) = serde_json::from_slice(payload).ok()?;
        (!fields.is_empty()).then(|| Self { topic: topic.to_owned(), fields, is_ours: false })
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// Returns the id of its sender, if it says that.
    pub(super) fn sender(&self) -> Option<&Value> {
        let kind = self.kind()?;
        let has_solver = self.has(Role::Solver);
        let mut fields = self.fields.iter();
        let id = fields.find(|(name, _)| role_of(kind, name, has_solver) == Some(Role::Id));
        id.map(|(_, value)| value)
    }

    fn has(&self, role: Role) -> bool {
        self.fields.iter().any(|(name, _)| is_named(role, name))
    }

    /// Returns which kind of message it is, from the name of its topic, and from its fields where
    /// programs have several kinds under one name.
    pub(super) fn kind(&self) -> Option<MessageKind> {
        if let Some(kind) = self.named_kind() {
            return Some(kind);
        }
        let says_row = self.has(Role::Tx) || self.has(Role::Solution);
        Some(match () {
            // Under other names, by what only one kind has.
            () if self.has(Role::Key) => MessageKind::Pubkey,
            () if self.has(Role::Result) => MessageKind::Result,
            () if says_row && self.has(Role::Yes) => MessageKind::Ballot,
            () if self.has(Role::Challenge) => MessageKind::Challenge,
            () if self.has(Role::Solution) => MessageKind::Solution,
            () if self.has(Role::Id) && self.has(Role::Vote) => MessageKind::Vote,
            () if self.has(Role::Id) => MessageKind::Init,
            () => return None,
        })
    }

    /// Returns which kind of message it is from the name of its topic, if that is one of those
    /// that programs use.
    pub(super) fn named_kind(&self) -> Option<MessageKind> {
        let name = self.topic.rsplit(['/']).next().unwrap_or_default().to_lowercase();
        let says_row = self.has(Role::Tx) || self.has(Role::Solution);
        let kind = match name.as_str() {
            "init" => MessageKind::Init,
            "pubkey" | "pub_key" => MessageKind::Pubkey,
            "challenge" => MessageKind::Challenge,
            "solution" => MessageKind::Solution,
            "result" => MessageKind::Result,
            "ballot" => MessageKind::Ballot,
            "coordinator" | "leader" => MessageKind::Coordinator,
            "finish" | "end" => MessageKind::Finish,
            "voting" | "vote" | "election" | "electionmsg" if says_row => MessageKind::Ballot,
            "voting" | "vote" | "election" | "electionmsg" => MessageKind::Vote,
            _ => return None,
        };
        // In a result the id is the solver's.
        let says = |role: &Role| *role == Role::Solver || self.has(*role);
        kind.needs().iter().all(says).then_some(kind)
    }
}

fn is_named(role: Role, name: &str) -> bool {
    role.spellings().contains(&name)
}

/// Returns what a field says in messages of a kind.
pub(super) fn role_of(kind: MessageKind, name: &str, has_solver: bool) -> Option<Role> {
    let roles = kind.roles().iter().copied();
    // In a result the id is the solver's, unless another field is.
    if kind == MessageKind::Result && is_named(Role::Id, name) && !has_solver {
        return Some(Role::Solver);
    }
    roles.filter(|role| is_named(*role, name)).max_by_key(|role| match role {
        // A ballot's vote is a yes or no.
        Role::Yes => 2,
        Role::Id => 0,
        _ => 1,
    })
}

/// Returns the messages by kind.
pub(super) fn classify(messages: &[Message]) -> Room {
    let mut by_kind: BTreeMap<MessageKind, Vec<&Message>> = BTreeMap::new();
    for message in messages {
        if let Some(kind) = message.kind() {
            by_kind.entry(kind).or_default().push(message);
        }
    }
    for (kind, messages) in &mut by_kind {
        // Results may have a topic for each solver; all else has one.
        if *kind != MessageKind::Result {
            let topic = topic_of(*kind, messages).to_owned();
            messages.retain(|message| message.topic == topic);
        }
    }
    let prefix =
        prefix_of(by_kind.iter().map(|(kind, messages)| (*kind, messages[0].topic.as_str())));
    let kinds = by_kind.iter().map(|(kind, messages)| (*kind, heard(*kind, &prefix, messages)));
    Room { kinds: kinds.collect(), prefix, guest: None }
}

/// Returns the topic of messages of a kind: one with the name that programs give it, or the one
/// with most of them.
fn topic_of<'a>(kind: MessageKind, messages: &[&'a Message]) -> &'a str {
    let mut counts: BTreeMap<&str, (bool, usize)> = BTreeMap::new();
    for message in messages {
        let (is_named, count) = counts.entry(&message.topic).or_default();
        *is_named |= message.named_kind() == Some(kind);
        *count += 1;
    }
    let best = counts.into_iter().max_by_key(|(_, claim)| *claim);
    best.map_or("", |(topic, _)| topic)
}

/// Returns what all topics begin with, up to a slash; of a result's, which may have the id of a
/// solver in it, only if there are no others.
fn prefix_of<'a>(topics: impl Iterator<Item = (MessageKind, &'a str)>) -> String {
    let (results, others): (Vec<_>, Vec<_>) =
        topics.partition(|(kind, _)| *kind == MessageKind::Result);
    let all = if others.is_empty() { results } else { others };
    let before = |topic: &'a str| topic.rfind('/').map_or("", |at| &topic[..=at]);
    let mut prefixes = all.into_iter().map(|(_, topic)| before(topic));
    let first = prefixes.next().unwrap_or_default();
    prefixes
        .fold(first, |shared, prefix| {
            let same = shared.bytes().zip(prefix.bytes()).take_while(|(one, two)| one == two);
            let shared = shared.get(..same.count()).unwrap_or_default();
            shared.rfind('/').map_or("", |at| &shared[..=at])
        })
        .to_owned()
}

fn heard(kind: MessageKind, prefix: &str, messages: &[&Message]) -> Heard {
    let name =
        |message: &Message| message.topic.strip_prefix(prefix).unwrap_or(&message.topic).to_owned();
    let names: BTreeSet<String> = messages.iter().map(|message| name(message)).collect();
    let first = name(messages[0]);
    // Results that go to a topic of each solver.
    let of_solver = first.split_once('/').filter(|(id, _)| {
        kind == MessageKind::Result && (names.len() > 1 || id.bytes().all(|it| it.is_ascii_digit()))
    });
    let topic = match of_solver {
        Some((_, rest)) => format!("{{solver}}/{rest}"),
        None => first,
    };
    // Most messages have the same fields; the most frequent list of them is the program's.
    let mut lists: Vec<(Vec<&str>, usize)> = Vec::new();
    for message in messages {
        let names: Vec<&str> = message.fields.iter().map(|(name, _)| name.as_str()).collect();
        match lists.iter_mut().find(|(known, _)| *known == names) {
            Some((_, count)) => *count += 1,
            None => lists.push((names, 1)),
        }
    }
    // Of those that are as frequent, the one that was heard first.
    let list = lists.into_iter().rev().max_by_key(|(_, count)| *count).map(|(list, _)| list);
    let list = list.unwrap_or_default();
    let has_solver = list.iter().any(|name| is_named(Role::Solver, name));
    let mut taken = BTreeSet::new();
    let mut fields = Vec::new();
    let mut dropped = Vec::new();
    let mut roles = BTreeMap::new();
    for name in &list {
        let values: BTreeSet<String> =
            messages.iter().filter_map(|it| it.get(name)).map(ToString::to_string).collect();
        let value = messages.iter().find_map(|it| it.get(name)).unwrap_or(&Value::Null);
        match role_of(kind, name, has_solver).filter(|role| taken.insert(*role)) {
            Some(role) => {
                roles.insert((*name).to_owned(), role);
                fields.push(json!([role.name(), name]));
            }
            None if value.is_null() => fields.push(json!(["null", name])),
            // What is always the same is a constant as far as we can tell.
            None if values.len() == 1 && !value.is_array() && !value.is_object() => {
                fields.push(json!(["const", name, value]));
            }
            None => dropped.push((*name).to_owned()),
        }
    }
    // What has other fields is a stranger's, or a mistake.
    let names =
        |it: &Message| it.fields.iter().map(|(name, _)| name.as_str()).eq(list.iter().copied());
    let alike = messages.iter().filter(|it| names(it));
    let said = alike.map(|message| {
        let role = |(name, value): &(String, Value)| Some((*roles.get(name)?, value.clone()));
        message.fields.iter().filter_map(role).collect()
    });
    Heard { topic, fields, dropped, said: said.collect() }
}

impl Room {
    pub(super) fn kinds(&self) -> &BTreeMap<MessageKind, Heard> {
        &self.kinds
    }

    /// Returns what messages of a kind say.
    pub(super) fn said(&self, kind: MessageKind) -> &[BTreeMap<Role, Value>] {
        self.kinds.get(&kind).map_or(&[], |heard| &heard.said)
    }

    /// Returns the ids of all senders that are written as most are, as JSON, and that of a guest.
    pub(super) fn ids(&self) -> BTreeSet<String> {
        let ids = self.values(Role::Id);
        let count = |kind| ids.iter().filter(|id| kind_of_one(id) == kind).count();
        let kinds = ids.iter().map(|id| kind_of_one(id));
        let usual = kinds.max_by_key(|kind| count(*kind)).flatten();
        let usual = ids.iter().filter(|id| usual.is_none() || kind_of_one(id) == usual);
        usual.map(ToString::to_string).chain(self.guest.clone()).collect()
    }

    /// Returns all values that have a role.
    pub(super) fn values(&self, role: Role) -> Vec<&Value> {
        let said = self.kinds.values().flat_map(|heard| &heard.said);
        said.filter_map(|said| said.get(&role)).filter(|value| !value.is_null()).collect()
    }
}
