//! A guest in a room that waits for its last member: it takes the seat, so that the programs begin
//! and show how they speak.
//!
//! It knows nothing of them but what it hears, and says only what they have said, with its own id:
//! one announcement, a vote in the election, and where all vote on solutions, the votes of the
//! others. It draws the least there is, so that it is not elected: it could not lead.

use std::collections::BTreeSet;

use serde_json::{Number, Value};

use super::fields::{Message, role_of};
use crate::profile::{MessageKind, Role};

/// A guest, and what it has said.
#[derive(Clone, Debug)]
pub(super) struct Guest {
    id: Value,
    /// The id of a member, to vote for.
    member: Value,
    /// The ids that were heard.
    ids: BTreeSet<String>,
    /// The members whose votes in the election were heard.
    voters: BTreeSet<String>,
    /// Our vote, from the first one of another.
    vote: Option<Said>,
    has_begun: bool,
    /// The votes on solutions that were said, without their senders.
    ballots: BTreeSet<String>,
    /// What we have said, as it comes back to us.
    said: BTreeSet<Said>,
}

/// A message of ours: its topic and its bytes.
pub(super) type Said = (String, Vec<u8>);

/// Why there is no seat for a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSeat {
    /// There is no announcement to say in the same way.
    #[error("no program has said who it is")]
    Silent,
    /// Another announcement could end the programs.
    #[error("the session has begun without us, and a member too many could end it")]
    Begun,
}

/// Messages that a guest remembers of others, at most; a session has fewer.
const REMEMBERED_MAX: usize = 10_000;

impl Guest {
    /// Returns a guest for the room with these messages, and its announcement.
    pub(super) fn new(messages: &[Message], entropy: u64) -> Result<(Self, Said), NoSeat> {
        let kinds = || messages.iter().filter_map(|message| Some((message.kind()?, message)));
        let begun = |(kind, _): &(MessageKind, &Message)| {
            !matches!(kind, MessageKind::Init | MessageKind::Pubkey)
        };
        if kinds().any(|it| begun(&it)) {
            return Err(NoSeat::Begun);
        }
        let inits = kinds().filter(|(kind, _)| *kind == MessageKind::Init);
        let with_ids = |(_, message): (MessageKind, &Message)| {
            let (name, id) = message.field(MessageKind::Init, Role::Id)?;
            // Of other kinds there is no free one that is certain to be of their kind.
            (id.is_number() || id.is_string())
                .then(|| (message.clone(), name.to_owned(), id.clone()))
        };
        let inits: Vec<_> = inits.filter_map(with_ids).collect();
        let Some((first, name, member)) = inits.first().cloned() else {
            return Err(NoSeat::Silent);
        };
        let ids: BTreeSet<String> = inits.iter().map(|(_, _, id)| id.to_string()).collect();
        let id = own_id(&member, &ids, entropy);
        let mut guest = Self {
            id: id.clone(),
            member,
            ids,
            voters: BTreeSet::new(),
            vote: None,
            has_begun: false,
            ballots: BTreeSet::new(),
            said: BTreeSet::new(),
        };
        let announcement = first.with(&[(name, id)]);
        guest.said.insert(announcement.clone());
        Ok((guest, announcement))
    }

    /// Returns its id, as JSON.
    pub(super) fn id(&self) -> String {
        self.id.to_string()
    }

    /// Returns its id, if it is a number, or one in a text.
    pub(super) fn number(&self) -> Option<u64> {
        match &self.id {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => match text.strip_prefix("0x") {
                Some(digits) => u64::from_str_radix(digits, 16).ok(),
                None => text.parse().ok(),
            },
            _ => None,
        }
    }

    /// Returns whether this is a message of the guest that comes back.
    pub(super) fn has_said(&self, topic: &str, payload: &[u8]) -> bool {
        self.said.contains(&(topic.to_owned(), payload.to_vec()))
    }

    /// Returns what the guest says when it hears a message of another.
    pub(super) fn answer(&mut self, message: &Message) -> Option<Said> {
        let answer = match message.kind()? {
            MessageKind::Init => {
                let (_, id) = message.field(MessageKind::Init, Role::Id)?;
                self.remember(|guest| &mut guest.ids, id.to_string());
                return None;
            }
            MessageKind::Vote if !self.has_begun => self.vote(message)?,
            MessageKind::Ballot => self.ballot(message)?,
            MessageKind::Challenge => {
                self.has_begun = true;
                return None;
            }
            _ => return None,
        };
        if self.said.len() < REMEMBERED_MAX {
            self.said.insert(answer.clone());
        }
        Some(answer)
    }

    /// Returns our vote when the first of the others is heard, and again whenever one of them says
    /// its own again: then votes that come before a program's own election are lost.
    fn vote(&mut self, message: &Message) -> Option<Said> {
        let (id_name, id) = message.field(MessageKind::Vote, Role::Id)?;
        let (vote_name, vote) = message.field(MessageKind::Vote, Role::Vote)?;
        let (id, id_name, vote_name) = (id.to_string(), id_name.to_owned(), vote_name.to_owned());
        let is_member = self.ids.contains(&vote.to_string());
        let least = if is_member { self.member.clone() } else { least(vote) };
        let is_repeated = self.voters.contains(&id);
        self.remember(|guest| &mut guest.voters, id);
        if is_repeated && self.vote.is_some() {
            return self.vote.clone();
        }
        if self.vote.is_some() {
            return None;
        }
        self.vote = Some(message.with(&[(id_name, self.id.clone()), (vote_name, least)]));
        self.vote.clone()
    }

    /// Returns the vote of another on a solution as ours, the first time that it is heard.
    fn ballot(&mut self, message: &Message) -> Option<Said> {
        let (name, _) = message.field(MessageKind::Ballot, Role::Id)?;
        let ours = message.with(&[(name.to_owned(), self.id.clone())]);
        let text = String::from_utf8_lossy(&ours.1).into_owned();
        let is_new = self.remember(|guest| &mut guest.ballots, text);
        is_new.then_some(ours)
    }

    /// Puts a text into a set, if there is room, and returns whether it was new.
    fn remember(&mut self, set: impl Fn(&mut Self) -> &mut BTreeSet<String>, text: String) -> bool {
        let set = set(self);
        set.len() < REMEMBERED_MAX && set.insert(text)
    }
}

/// Returns an id that no other has, written as theirs, and less than theirs where it can be.
fn own_id(theirs: &Value, ids: &BTreeSet<String>, entropy: u64) -> Value {
    // All of these differ, so one of them is free.
    let candidates = (0..=ids.len() as u64).map(|step| match theirs {
        Value::Number(number) => match number.as_u64() {
            Some(number) => Value::from(number / 2 + step),
            None => Value::from(entropy % 1000 + step),
        },
        Value::String(text) => {
            let number = entropy % 1000 + step;
            Value::from(match text.parse::<althing_types::Uuid>() {
                Ok(_) => format!("00000000-0000-4000-8000-{number:012x}"),
                Err(_) if text.starts_with("0x") => format!("0x{number:x}"),
                Err(_) if text.contains('.') => format!("0.{number:04}"),
                Err(_) => number.to_string(),
            })
        }
        other => other.clone(),
    });
    let mut free = candidates.filter(|id| !ids.contains(&id.to_string()));
    free.next().unwrap_or_else(|| theirs.clone())
}

/// Returns the least that can be drawn where this was.
fn least(drawn: &Value) -> Value {
    match drawn {
        Value::Number(number) if number.is_f64() => Value::from(0.0),
        Value::Number(_) => Value::Number(Number::from(1)),
        Value::String(text) => Value::from(match text.parse::<althing_types::Uuid>() {
            Ok(_) => "00000000-0000-4000-8000-000000000000".to_owned(),
            Err(_) if text.starts_with("0x") => "0x1".to_owned(),
            Err(_) if text.contains('.') => "0.0".to_owned(),
            Err(_) => "1".to_owned(),
        }),
        other => other.clone(),
    }
}

impl Message {
    /// Returns the field with a role in messages of a kind.
    fn field(&self, kind: MessageKind, role: Role) -> Option<(&str, &Value)> {
        let field = self.fields.iter().find(|(name, _)| role_of(kind, name, false) == Some(role));
        field.map(|(name, value)| (name.as_str(), value))
    }

    /// Returns it with other values in some fields, as bytes.
    fn with(&self, changed: &[(String, Value)]) -> Said {
        let value = |name: &str, value: &Value| {
            let changed = changed.iter().find(|(of, _)| of == name);
            changed.map_or_else(|| value.clone(), |(_, value)| value.clone())
        };
        let fields: Vec<String> = self
            .fields
            .iter()
            .map(|(name, was)| format!("{}: {}", Value::from(name.as_str()), value(name, was)))
            .collect();
        (self.topic.clone(), format!("{{{}}}", fields.join(", ")).into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(topic: &str, payload: &str) -> Message {
        Message::read(topic, payload.as_bytes()).expect("it is an object")
    }

    fn text((topic, payload): Said) -> String {
        format!("{topic} {}", String::from_utf8(payload).expect("JSON is text"))
    }

    /// Returns a guest of a room with these ids, and what it says first.
    fn guest(ids: &[&str]) -> (Guest, String) {
        let said: Vec<Message> = ids
            .iter()
            .map(|id| message("sd/init", &format!("{{\"v\": \"1\", \"ClientID\": {id}}}")))
            .collect();
        let (guest, said) = Guest::new(&said, 7).expect("the room waits");
        (guest, text(said))
    }

    #[test]
    fn it_says_who_it_is_once_as_the_others_do_with_an_id_of_its_own() {
        for (ids, expected) in [
            (&["40", "30"][..], "20"),
            // Half of the first is the second.
            (&["40", "20"][..], "21"),
            (&["0", "1", "2"][..], "3"),
            (&["-1.5", "7"][..], "8"),
            (&["\"40\"", "\"7\""][..], "\"8\""),
            (&["\"0x7\""][..], "\"0x8\""),
            (
                &["\"0b8e7d4e-5f5c-4f0c-9d3e-1c2b3a495867\""][..],
                "\"00000000-0000-4000-8000-000000000007\"",
            ),
        ] {
            let (_, said) = guest(ids);
            assert_eq!(said, format!("sd/init {{\"v\": \"1\", \"ClientID\": {expected}}}"));
        }
    }

    #[test]
    fn it_votes_once_for_the_least_and_again_where_the_others_do() {
        let (mut guest, _) = guest(&["40", "30"]);
        let vote =
            |id, vote| message("sd/voting", &format!("{{\"ClientID\": {id}, \"VoteID\": {vote}}}"));
        let ours = "sd/voting {\"ClientID\": 20, \"VoteID\": 1}";
        assert_eq!(guest.answer(&vote(40, 500)).map(text).as_deref(), Some(ours));
        assert_eq!(guest.answer(&vote(30, 600)), None, "theirs has not been repeated");
        assert_eq!(guest.answer(&vote(40, 500)).map(text).as_deref(), Some(ours));
        assert!(guest.has_said("sd/voting", &ours.as_bytes()["sd/voting ".len()..]));
        let challenge = message("sd/challenge", "{\"TransactionID\": 0, \"Challenge\": 3}");
        assert_eq!(guest.answer(&challenge), None);
        assert_eq!(guest.answer(&vote(40, 500)), None, "the election is over");
    }

    #[test]
    fn it_votes_for_a_member_where_the_others_do_and_on_solutions_as_they_do() {
        let (mut guest, _) = guest(&["40", "30"]);
        let vote = message("sd/voting", "{\"ClientID\": 40, \"VoteID\": 30}");
        let ours = "sd/voting {\"ClientID\": 20, \"VoteID\": 40}";
        assert_eq!(guest.answer(&vote).map(text).as_deref(), Some(ours));
        let ballot = |id, tx| {
            let text = format!(
                "{{\"ClientID\": {id}, \"transaction\": {tx}, \"seed\": 6, \"vote\": true}}"
            );
            message("sd/voting", &text)
        };
        let ours = |tx| {
            format!(
                "sd/voting {{\"ClientID\": 20, \"transaction\": {tx}, \"seed\": 6, \"vote\": true}}"
            )
        };
        assert_eq!(guest.answer(&ballot(40, 0)).map(text), Some(ours(0)));
        assert_eq!(guest.answer(&ballot(30, 0)), None, "it was said");
        assert_eq!(guest.answer(&ballot(30, 1)).map(text), Some(ours(1)));
    }

    #[test]
    fn there_is_no_seat_in_a_room_that_is_silent_or_has_begun() {
        assert_eq!(Guest::new(&[], 7).err(), Some(NoSeat::Silent));
        for id in ["null", "true", "[7]", "{\"id\": 7}"] {
            let odd = message("sd/init", &format!("{{\"ClientID\": {id}}}"));
            assert_eq!(Guest::new(&[odd], 7).err(), Some(NoSeat::Silent), "{id}");
        }
        let said = [
            message("sd/init", "{\"ClientID\": 7}"),
            message("sd/voting", "{\"ClientID\": 7, \"VoteID\": 3}"),
        ];
        assert_eq!(Guest::new(&said, 7).err(), Some(NoSeat::Begun));
    }
}
