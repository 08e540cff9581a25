//! What a room's traffic says of its programs: the profile that they follow, as far as it shows.
//!
//! Each message is told from the others by what it has: a vote names a number beside its sender, a
//! solution a text, a result a code. Fields get their roles from the names that programs use, and
//! what is hashed follows from the solutions that were accepted. What no message showed is not
//! guessed: it stays as in the built-in profile that comes nearest, and is listed.
//!
//! | file | question |
//! | --- | --- |
//! | `datagrams` | which profile do programs over UDP follow, who have to be asked? |
//! | `fields` | which kind of message is this, and what do its fields say? |
//! | `guest` | what does one say that takes the seat a room waits for? |
//! | `ids` | how is an id written? |
//! | `place` | which topics are the programs', and which are of others? |
//! | `puzzles` | what is hashed, and how are zeros counted? |
//! | `ranges` | which ids and numbers are these? |
//! | `samples` | what could not be told? |
//! | `signing` | what is signed, and which messages are there at all? |
//! | `tracked` | which profile do programs on a tracker's list follow? |

mod datagrams;
mod fields;
mod guest;
mod ids;
mod place;
mod puzzles;
mod ranges;
mod samples;
mod signing;
mod tracked;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use althing_types::PeerId;
use serde_json::{Map, Value, json};
use toml::Table;

pub use self::datagrams::Prober;
use self::fields::{Message, classify};
use self::guest::Guest;
pub use self::guest::NoSeat;
use self::place::of_programs;
pub use self::samples::Sample;
use self::samples::Samples;
pub use self::tracked::ChainProber;
use crate::profile::{
    Amqp, Exchange, MessageKind, NetworkKind, Profile, Role, Transport, built_in, read,
};

/// Messages that are kept; a room says the same again and again.
const MESSAGES_MAX: usize = 20_000;

/// Bytes of a message that is looked at.
const BYTES_MAX: usize = 16 * 1024;

/// What was heard in a room.
#[derive(Debug, Default)]
pub struct Detector {
    messages: Vec<Message>,
    samples: Samples,
    guest: Option<Guest>,
    seated: Option<Seated>,
    objects: Option<Amqp>,
}

/// A peer of ours in the room.
#[derive(Debug)]
struct Seated {
    peer: PeerId,
    /// Its id as JSON, once it has said it.
    id: Option<String>,
}

impl Seated {
    /// Returns whether it has said this.
    fn has_said(&mut self, message: &Message) -> bool {
        let id = message.sender().filter(|id| ids::is_of(id, self.peer));
        if let Some(id) = id {
            self.id = Some(id.to_string());
        }
        id.is_some()
    }
}

/// What a room's traffic says of its programs.
#[derive(Clone, Debug, PartialEq)]
pub struct Detected {
    /// The built-in profile that comes nearest.
    pub nearest: String,
    /// In what the programs differ from it: keys with what each has instead, and was seen.
    pub differences: Vec<Difference>,
    /// The keys of which messages were seen, with their values.
    pub seen: BTreeMap<String, Value>,
    /// What could not be told, a sentence each.
    pub unknown: Vec<String>,
    /// How many peers said who they are.
    pub peers: usize,
    /// How many messages were understood.
    pub messages: usize,
    /// The topics whose messages may be what is missing; empty if nothing is.
    pub unassigned: Vec<Sample>,
    /// Why this is no profile of the programs, a sentence each; empty if it is one.
    pub lacks: Vec<String>,
}

/// A key of the nearest profile that has another value here.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The key, as in `topics.vote`.
    pub key: String,
    /// What the nearest profile has.
    pub nearest: Value,
    /// What the messages of the room have instead.
    pub seen: Value,
}

impl Detector {
    /// Takes note of a message on a topic or an exchange. Returns what a guest says to it, if there
    /// is one: a topic and bytes.
    pub fn hear(&mut self, topic: &str, payload: &[u8]) -> Option<(String, Vec<u8>)> {
        let is_ours = self.guest.as_ref().is_some_and(|guest| guest.has_said(topic, payload));
        if is_ours || payload.len() > BYTES_MAX {
            return None;
        }
        // That of our own variants says nothing of programs.
        if topic.contains("althing/") {
            return None;
        }
        let message = Message::read(topic, payload);
        self.samples.hear(topic, payload, message.is_some());
        let mut message = message?;
        message.is_ours = self.seated.as_mut().is_some_and(|seated| seated.has_said(&message));
        let answer = self.guest.as_mut().and_then(|guest| guest.answer(&message));
        if self.messages.len() < MESSAGES_MAX {
            self.messages.push(message);
        }
        answer
    }

    /// Returns a message of each topic that was heard.
    pub fn samples(&self) -> Vec<Sample> {
        self.samples.all()
    }

    /// Takes the seat that the programs wait for, and returns what to say first: a topic and bytes.
    /// From then on, [`hear`](Self::hear) returns what else is to be said, so that they go on.
    pub fn join(&mut self, entropy: u64) -> Result<(String, Vec<u8>), NoSeat> {
        let (guest, said) = Guest::new(&of_programs(&self.messages), entropy)?;
        self.guest = Some(guest);
        Ok(said)
    }

    /// Stops being a guest: a peer with the id that it has announced takes the seat. Returns that
    /// id, if it is a number.
    pub fn hand_over(&mut self) -> Option<u64> {
        self.guest.take().and_then(|guest| guest.number())
    }

    /// Takes note that a peer of ours has the seat. It follows what was heard until now, so how it
    /// says things is evidence only where no program says anything of the kind.
    pub fn note_seat(&mut self, peer: PeerId) {
        self.seated = Some(Seated { peer, id: None });
    }

    /// Takes note of how exchanges are declared, and of what messages carry beside their bytes: no
    /// message says it. How queues are called is not of interest.
    pub fn note_objects(&mut self, objects: Amqp) {
        self.objects = Some(objects);
    }

    /// Returns whether the programs have said keys, with which they sign.
    pub fn says_keys(&self) -> bool {
        !classify(&of_programs(&self.messages)).values(Role::Key).is_empty()
    }

    /// Returns how many solutions were accepted, as far as that was heard.
    pub fn rows(&self) -> usize {
        puzzles::rows(&classify(&of_programs(&self.messages)))
    }

    /// Returns how many peers have said who they are.
    pub fn peers(&self) -> usize {
        classify(&of_programs(&self.messages)).ids().len()
    }

    /// Returns how many messages were heard that could be a program's.
    pub fn heard(&self) -> usize {
        self.messages.len()
    }

    /// Returns the profile of the programs, as far as their messages show it; `None` if there were
    /// none.
    pub fn detect(&self, transport: Transport) -> Option<Detected> {
        let messages = match of_programs(&self.messages) {
            // They have other names for all that they say.
            none if none.is_empty() => self.messages.clone(),
            some => some,
        };
        let with_ours = classify(&messages);
        let (messages, only_ours) = evidence(messages);
        let mut rooms = classify(&messages);
        let seated = self.seated.as_ref().and_then(|seated| seated.id.clone());
        rooms.guest = self.guest.as_ref().map(Guest::id).or(seated);
        let kinds = rooms.kinds();
        kinds.get(&MessageKind::Init).or_else(|| kinds.values().next())?;
        let mut seen = Map::new();
        let mut unknown = Vec::new();
        let mut say = |key: &str, value: Value| {
            seen.insert(key.to_owned(), value);
        };
        say("wire.transport", json!(transport));
        say("topics.prefix", json!(rooms.prefix));
        match &self.objects {
            Some(Amqp { exchange, routing_key, delivery_mode, .. }) => {
                let Exchange { kind, durable, auto_delete } = exchange;
                say("amqp.exchange.kind", json!(kind));
                say("amqp.exchange.durable", json!(durable));
                say("amqp.exchange.auto_delete", json!(auto_delete));
                say("amqp.routing_key", json!(routing_key));
                say("amqp.delivery_mode", json!(delivery_mode));
                unknown.push("what queues are called: ours have names of their own".to_owned());
            }
            None if transport == Transport::Amqp => {
                unknown.push("how exchanges are declared, and which keys messages have".to_owned());
            }
            None => {}
        }
        for (kind, heard) in kinds {
            say(&format!("topics.{}", kind.name()), json!(heard.topic));
            say(&format!("fields.{}", kind.name()), json!(heard.fields));
        }
        let needed =
            [MessageKind::Init, MessageKind::Vote, MessageKind::Challenge, MessageKind::Solution];
        let missing: Vec<&str> = needed
            .into_iter()
            .filter(|kind| !kinds.contains_key(kind))
            .map(MessageKind::name)
            .collect();
        for kind in &missing {
            unknown.push(format!("no message of the kind {kind:?} was heard"));
        }
        for (kind, heard) in kinds {
            for field in &heard.dropped {
                unknown.push(format!("what the field {field:?} of {:?} says", kind.name()));
            }
        }
        let is_judged =
            [MessageKind::Result, MessageKind::Ballot].iter().any(|kind| kinds.contains_key(kind));
        let unassigned = match missing.is_empty() && is_judged {
            true => Vec::new(),
            false => self.samples.unassigned(&rooms, &messages),
        };
        let peers = rooms.ids().len();
        for kind in &only_ours {
            unknown.push(format!("how the programs say {:?}: only our peer has", kind.name()));
        }
        ranges::tell(&rooms, &with_ours, &only_ours, &mut say, &mut unknown);
        puzzles::tell(&with_ours, &mut say, &mut unknown);
        signing::tell(&rooms, &mut say, &mut unknown);
        match (kinds.contains_key(&MessageKind::Result), kinds.contains_key(&MessageKind::Ballot)) {
            (true, false) => say("judge.by", json!("leader")),
            (false, true) => say("judge.by", json!("all")),
            _ => unknown.push("who judges solutions: no result and no ballot was heard".into()),
        }
        unknown.push(
            "what no message shows: who is elected, how votes are compared, and pauses".into(),
        );
        if (1..=1000).contains(&peers) {
            seen.insert("join.n".to_owned(), json!(peers));
        }
        unknown.push(format!("how many members there are: {peers} were heard"));
        let seen = seen.into_iter().collect();
        let mut detected = of_seen(NetworkKind::Rounds, seen, unknown, peers, messages.len());
        let heard: Vec<&str> = kinds.keys().map(|kind| kind.name()).collect();
        detected.lacks = lacks(&detected, &heard, &unassigned);
        detected.unassigned = unassigned;
        Some(detected)
    }
}

/// Returns the messages that tell how the programs say things: their own, and those of a peer of
/// ours of kinds that only it has said, as a leader does; they have followed those. Returns these
/// kinds, too.
fn evidence(mut messages: Vec<Message>) -> (Vec<Message>, BTreeSet<MessageKind>) {
    let kinds = |is_ours: bool| -> BTreeSet<MessageKind> {
        let said = messages.iter().filter(|message| message.is_ours == is_ours);
        said.filter_map(Message::kind).collect()
    };
    let only_ours = &kinds(true) - &kinds(false);
    let is_evidence = |message: &Message| {
        !message.is_ours || message.kind().is_some_and(|kind| only_ours.contains(&kind))
    };
    messages.retain(is_evidence);
    (messages, only_ours)
}

/// Returns what was seen of a network of this kind, beside the built-in profile that comes nearest.
fn of_seen(
    kind: NetworkKind,
    seen: BTreeMap<String, Value>,
    unknown: Vec<String>,
    peers: usize,
    messages: usize,
) -> Detected {
    let nearest = nearest(kind, &seen);
    let differences = differences(nearest, &seen);
    let (unassigned, lacks) = (Vec::new(), Vec::new());
    let nearest = nearest.name.clone();
    Detected { differences, nearest, seen, unknown, peers, messages, unassigned, lacks }
}

/// Returns why what was detected is no profile of the programs.
fn lacks(detected: &Detected, heard: &[&str], unassigned: &[Sample]) -> Vec<String> {
    let mut lacks = Vec::new();
    if detected.peers == 0 {
        lacks.push("no peer has said who it is".to_owned());
    }
    // As in a room that waits for its last member.
    if let [only] = heard {
        lacks.push(format!("no other messages than those of the kind {only:?} were heard"));
    }
    if !unassigned.is_empty() {
        let topics = unassigned.len();
        lacks.push(format!("what is said on {topics} topics could not be told"));
    }
    if let Err(error) = read("the proposal", &detected.to_toml(), &built_in::base) {
        lacks.push(error.to_string());
    }
    lacks
}

/// Returns the built-in profile of which the fewest values are others.
fn nearest(kind: NetworkKind, seen: &BTreeMap<String, Value>) -> &'static Profile {
    let same = built_in::all().iter().filter(|it| it.network == kind);
    // The bus is one value of many: the sheet may be followed over another one.
    same.min_by_key(|profile| differences(profile, seen).len()).expect("there are some")
}

fn differences(profile: &Profile, seen: &BTreeMap<String, Value>) -> Vec<Difference> {
    let table = serde_json::to_value(profile).unwrap_or_default();
    let differs = |(key, seen): (&String, &Value)| {
        let nearest = key.split('.').try_fold(&table, |table, part| table.get(part))?;
        // Of a range only a part can be seen.
        let is_within = match (key.as_str(), nearest.as_u64(), seen.as_u64()) {
            ("id.lo" | "vote.lo", Some(nearest), Some(seen)) => nearest <= seen,
            ("id.hi" | "vote.hi", Some(nearest), Some(seen)) => {
                seen <= nearest && seen > nearest / 4
            }
            ("join.n", ..) => false,
            _ => match (nearest.as_array(), seen.as_array(), key.as_str()) {
                (Some(nearest), Some(seen), "leader.d") => {
                    let number = |list: &[Value], at: usize| list.get(at).and_then(Value::as_u64);
                    number(nearest, 0) <= number(seen, 0) && number(seen, 1) <= number(nearest, 1)
                }
                _ => false,
            },
        };
        (nearest != seen && !is_within).then(|| Difference {
            key: key.clone(),
            nearest: nearest.clone(),
            seen: seen.clone(),
        })
    };
    seen.iter().filter_map(differs).collect()
}

impl Detected {
    /// Returns it as the text of a profile that is based on the nearest one.
    ///
    /// # Panics
    ///
    /// If a value is none of TOML's, which none that was seen is.
    pub fn to_toml(&self) -> String {
        let mut table = Table::new();
        for Difference { key, seen, .. } in &self.differences {
            let value = toml::Value::try_from(seen).expect("it is a text, a number or a list");
            let (sections, name) = key.rsplit_once('.').unwrap_or(("", key));
            let mut inner = &mut table;
            for section in sections.split('.').filter(|it| !it.is_empty()) {
                let entry = inner.entry(section).or_insert_with(|| Table::new().into());
                inner = entry.as_table_mut().expect("no key is that of a section");
            }
            inner.insert(name.to_owned(), value);
        }
        let head = format!("name = \"detected\"\nbase = {:?}\n", self.nearest);
        match table.is_empty() {
            true => head,
            false => format!("{head}\n{}", toml::to_string(&table).expect("it has text keys")),
        }
    }
}
