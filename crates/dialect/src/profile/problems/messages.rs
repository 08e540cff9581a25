//! Whether topics and fields make messages that can be told apart.

use std::collections::BTreeSet;

use super::{Found, check_placeholders};
use crate::profile::{Constant, Field, MessageKind, Payload, Profile, SESSION, SOLVER};

/// Bytes of a topic without its prefix, so that the name of a queue has room for an id.
const TOPIC_MAX: usize = 64;

/// Bytes of the name of a field, and of a constant. With as many fields as there may be, a message
/// is far shorter than the longest that peers take.
const TEXT_MAX: usize = 256;

/// Fields of a message.
const FIELDS_MAX: usize = 32;

pub(super) fn check_topics(profile: &Profile, found: &mut Found) {
    let prefix = profile.topics.prefix.replace(SESSION, "");
    check_placeholders("topics.prefix", &prefix, SESSION, found);
    check_topic("topics.prefix", &prefix, found);
    let mut names = BTreeSet::new();
    for kind in MessageKind::ALL {
        let (key, name) = (format!("topics.{}", kind.name()), profile.topics.of(kind));
        let rest = match kind {
            MessageKind::Result => name.replace(SOLVER, ""),
            _ => name.to_owned(),
        };
        let known = if kind == MessageKind::Result { SOLVER } else { "none" };
        check_placeholders(&key, &rest, known, found);
        check_topic(&key, &rest, found);
        let fields = profile.fields.of(kind);
        if name.is_empty() && !fields.is_empty() {
            let reason = format!(
                "its messages have fields, but no topic; name one, or write fields.{} = []",
                kind.name()
            );
            found.say(&key, reason);
        }
        if !name.is_empty() && fields.is_empty() {
            let reason = format!(
                "the topic has a name, but its messages no fields; add fields.{}, or write \
                 topics.{} = \"\"",
                kind.name(),
                kind.name()
            );
            found.say(&key, reason);
        }
        if !name.is_empty() && !names.insert(name) {
            found.say(&key, format!("another message has the topic {name:?} as well"));
        }
    }
    check_solvers_topic(profile, found);
}

/// Says so if a topic for each solver is none that can be listened to alone.
fn check_solvers_topic(profile: &Profile, found: &mut Found) {
    let (key, name) = ("topics.result", &profile.topics.result);
    if !name.contains(SOLVER) {
        return;
    }
    let whole = format!("{}{name}", profile.topics.prefix.replace(SESSION, ""));
    let parts: Vec<&str> = whole.split('/').collect();
    let places = parts.iter().filter(|part| **part == SOLVER).count();
    if places != 1 || whole.matches(SOLVER).count() != 1 {
        let reason = format!(
            "{SOLVER} stands there once, alone between slashes or at an end, as in \
             \"{SOLVER}/result\""
        );
        return found.say(key, reason);
    }
    let others = MessageKind::ALL.into_iter().filter(|kind| *kind != MessageKind::Result);
    for other in others.map(|kind| profile.topics.of(kind)).filter(|name| !name.is_empty()) {
        let other_whole = format!("{}{other}", profile.topics.prefix.replace(SESSION, ""));
        let other_parts: Vec<&str> = other_whole.split('/').collect();
        let is_like = |(part, other): (&&str, &&str)| *part == SOLVER || part == other;
        if parts.len() == other_parts.len() && parts.iter().zip(&other_parts).all(is_like) {
            let reason = format!(
                "the topic {other:?} of another message looks like that of a solver; write \
                 \"{SOLVER}/result\""
            );
            return found.say(key, reason);
        }
    }
}

fn check_topic(key: &str, name: &str, found: &mut Found) {
    if let Some(character) = name.chars().find(|it| "+#".contains(*it) || it.is_control()) {
        found.say(key, format!("{character:?} means something else in a topic"));
    }
    if name.starts_with('$') || name.starts_with("amq.") {
        found.say(key, "names that begin with \"$\" or \"amq.\" are the broker's own");
    }
    if name.len() > TOPIC_MAX {
        found.say(key, format!("{} bytes are more than {TOPIC_MAX}", name.len()));
    }
}

pub(super) fn check_fields(profile: &Profile, found: &mut Found) {
    for kind in MessageKind::ALL {
        let (key, fields) = (format!("fields.{}", kind.name()), profile.fields.of(kind));
        if fields.is_empty() {
            continue;
        }
        if fields.len() > FIELDS_MAX {
            let reason = format!("{} fields are more than {FIELDS_MAX}", fields.len());
            found.say(&key, reason);
            continue;
        }
        let mut names = BTreeSet::new();
        let mut roles = BTreeSet::new();
        for field in fields {
            if let Some(reason) = wrong_texts(field, profile.wire.payload) {
                found.say(&key, reason);
                continue;
            }
            if !names.insert(field.name()) {
                found.say(&key, format!("two fields have the name {:?}", field.name()));
            }
            if field.name().is_empty() && profile.wire.payload == Payload::Json {
                found.say(&key, "a field has no name");
            }
            let Field::Of(role, name) = field else { continue };
            if !roles.insert(*role) {
                found.say(&key, format!("two fields have the role {:?}", role.name()));
            }
            if !kind.roles().contains(role) {
                let may: Vec<_> = kind.roles().iter().map(|role| role.name()).collect();
                let reason = format!(
                    "the field {name:?} has the role {:?}, which means nothing in such a \
                     message; there are {}",
                    role.name(),
                    may.join(", ")
                );
                found.say(&key, reason);
            }
        }
        for role in kind.needs().iter().filter(|role| !roles.contains(role)) {
            found
                .say(&key, format!("such a message needs a field with the role {:?}", role.name()));
        }
    }
    let needs = [MessageKind::Init, MessageKind::Vote, MessageKind::Challenge];
    for kind in needs.into_iter().chain([MessageKind::Solution]) {
        if !profile.has(kind) {
            found.say(format!("fields.{}", kind.name()), "every network has such messages");
        }
    }
}

/// Returns what is wrong with the name of a field, or with its constant, if anything.
fn wrong_texts(field: &Field, payload: Payload) -> Option<String> {
    let constant = match field {
        Field::Constant(_, Constant::Text(text)) => text.as_str(),
        Field::Of(..) | Field::Constant(..) => "",
    };
    let longest = field.name().len().max(constant.len());
    if longest > TEXT_MAX {
        return Some(format!("{longest} bytes are more than the {TEXT_MAX} of a name or a text"));
    }
    if field.name().chars().any(char::is_control) {
        return Some("the name of a field is shown on terminals; no control characters".into());
    }
    (payload == Payload::SlashText && constant.contains('/')).then(|| {
        format!("a slash ends a field where wire.payload is \"slash-text\"; {constant:?} has one")
    })
}
