//! Other networks in the same room: where they can be heard, and how they are recognised.
//!
//! A room is shared by mistake, when one peer was given other options than the rest. Each peer
//! listens to a few topics of the networks that such options lead to, where nothing of its own is
//! ever published: the default variants, and those of the built-in profiles. On its own topics it
//! recognises announcements in another network's form. What is heard names the profile that fits.
//!
//! | file | question |
//! | --- | --- |
//! | `ours` | which network is this, and what does it call those that are near? |
//! | this one | where are others heard, and how are they recognised? |

mod ours;
#[cfg(test)]
mod tests;

use althing_engine::{OtherNetwork, Overheard};
use althing_types::Channel;
use serde_json::{Map, Value};

use self::ours::told;
pub(crate) use self::ours::{Kind, Ours};
use super::{ProgramTopics, fits};
use crate::json::parse;
use crate::profile::{
    Field, ID_SPELLINGS, IdKind, JudgedBy, MessageKind, NetworkKind, Profile, Role, built_in,
};
use crate::topics::Topics;
use crate::{Content, Malformed};

/// The other networks in the room of one.
#[derive(Clone, Debug)]
pub(crate) struct Neighbours {
    ours: Ours,
    /// Without the topics that are our own, the nearest first.
    others: Vec<Neighbour>,
}

/// Another network.
#[derive(Clone, Debug)]
struct Neighbour {
    network: OtherNetwork,
    topics: Vec<String>,
    id_field: String,
    /// How its programs speak, if it is none of ours.
    profile: Option<(Profile, ProgramTopics)>,
}

/// Returns the field with which programs of a profile name themselves.
fn id_field(profile: &Profile) -> &str {
    let fields = profile.fields.of(MessageKind::Init).iter();
    fields.filter(|field| field.role() == Some(Role::Id)).map(Field::name).next().unwrap_or("")
}

/// Returns the built-in profiles of networks with rounds.
fn programs() -> impl Iterator<Item = &'static Profile> {
    built_in::all().iter().filter(|profile| profile.network == NetworkKind::Rounds)
}

impl Neighbours {
    /// Returns the other networks in the room of this one, which has these topics.
    pub(crate) fn new(ours: Ours, topics: &[String]) -> Self {
        let room = ours.room().to_owned();
        let is_ours = |name: &str| match &ours {
            Ours::Default { .. } => false,
            Ours::Program { profile, .. } => profile.name == name,
        };
        let other_kinds = Kind::ALL.into_iter().filter(|kind| Some(*kind) != ours.kind());
        let defaults = other_kinds.filter_map(|kind| {
            Neighbour::default_variant(&kind.usual(&room), ours.tell_default(kind))
        });
        let programs = programs().filter(|profile| !is_ours(&profile.name)).map(|profile| {
            let told = ours.tell_program(profile, &profile.topics.prefix);
            Neighbour::program(profile.clone(), &room, told)
        });
        let mut others: Vec<Neighbour> =
            ours.nearest().into_iter().chain(defaults).chain(programs).collect();
        for other in &mut others {
            other.topics.retain(|topic| !topics.contains(topic));
        }
        Self { others, ours }
    }

    /// Returns the topics to listen to, by network; that of our own network's other variant is the
    /// first.
    pub(crate) fn topics(&self) -> Vec<Vec<String>> {
        let mut seen = std::collections::BTreeSet::new();
        let mut fresh = |topics: &[String]| -> Vec<String> {
            topics.iter().filter(|topic| seen.insert((*topic).clone())).cloned().collect()
        };
        self.others.iter().map(|other| fresh(&other.topics)).collect()
    }

    /// Returns the content of bytes that `content` found to be none of our messages, if another
    /// network in this room says such things.
    pub(crate) fn look_again<M>(
        &self,
        from: &Channel,
        payload: &[u8],
        content: Result<Content<M>, Malformed>,
    ) -> Result<Content<M>, Malformed> {
        let Err(malformed) = content else { return content };
        let recognised = self
            .recognise(from, payload, &malformed)
            .or_else(|| self.guess(from, payload, &malformed).map(Content::Overheard));
        recognised.ok_or(malformed)
    }

    /// Returns what bytes are that are none of our messages, if they are of a network that we know.
    pub(crate) fn recognise<M>(
        &self,
        from: &Channel,
        payload: &[u8],
        malformed: &Malformed,
    ) -> Option<Content<M>> {
        let Malformed::UnknownTopic { .. } = malformed else {
            return self.among_us(from, payload).map(Content::Overheard);
        };
        let is_from = |topic: &String| from.as_topic() == Some(topic);
        let heard = || self.others.iter().filter(|it| it.topics.iter().any(is_from));
        heard().next()?;
        let exact = heard().find(|other| other.is_spoken(from, payload));
        let named = |other: &Neighbour| other.overheard(payload);
        let overheard = exact.and_then(named).or_else(|| heard().find_map(named));
        Some(overheard.map_or(Content::Nothing, Content::Overheard))
    }

    /// Recognises an announcement on our own topic that a built-in profile's programs would make.
    fn among_us(&self, from: &Channel, payload: &[u8]) -> Option<Overheard> {
        if from.as_topic() != Some(self.ours.init()?.as_str()) {
            return None;
        }
        let fits = |profile: &&Profile| {
            profile.wire.transport == self.ours.transport()
                && fits(profile, MessageKind::Init, payload)
        };
        let profile = programs().find(fits)?;
        let fields: Map<String, Value> = parse(payload).ok()?;
        let (_, speaker) = named(&fields, |field| field == id_field(profile))?;
        let network = self.ours.tell_program(profile, self.ours.prefix());
        Some(Overheard { network, speaker: Some(speaker), among_us: true })
    }

    /// Recognises an announcement on our own topic in a form that no profile has that we know.
    fn guess(&self, from: &Channel, payload: &[u8], malformed: &Malformed) -> Option<Overheard> {
        let is_ours = from.as_topic() == Some(self.ours.init()?.as_str());
        if !is_ours || !matches!(malformed, Malformed::NotAMessage(_)) {
            return None;
        }
        let fields: Map<String, Value> = parse(payload).ok()?;
        let id_field = self.ours.id_field();
        let speech = |field: &str| match field == id_field {
            true => format!("another dialect, with other values of {field:?}"),
            false => format!("with the field {field:?} for ids"),
        };
        let is_in_our_form = |value: &Value| match &self.ours {
            Ours::Default { kind: Kind::Sd, .. } => value.is_string(),
            Ours::Default { .. } => value.is_number(),
            Ours::Program { profile, .. } => match profile.id.kind {
                IdKind::Int | IdKind::TimeNs => value.is_number(),
                _ => value.is_string(),
            },
        };
        let (field, speaker) = match fields.get(id_field) {
            // It is ours with a fault, or of no known dialect.
            Some(value) if is_in_our_form(value) => return None,
            Some(_) => named(&fields, |field| field == id_field)?,
            None => named(&fields, |field| ID_SPELLINGS.contains(&field))?,
        };
        let network = told(&speech(field), "althing profile detect finds out how they speak");
        Some(Overheard { network, speaker: Some(speaker), among_us: true })
    }
}

impl Neighbour {
    fn program(profile: Profile, room: &str, network: OtherNetwork) -> Self {
        let topics = ProgramTopics::new(&profile, room);
        let each_round = match profile.judge.by {
            JudgedBy::All => MessageKind::Ballot,
            JudgedBy::Leader => MessageKind::Solution,
        };
        let telling = [MessageKind::Init, MessageKind::Vote, each_round];
        let telling = telling.into_iter().filter_map(|kind| topics.filter(kind)).collect();
        let id_field = id_field(&profile).to_owned();
        Self { network, topics: telling, id_field, profile: Some((profile, topics)) }
    }

    /// Returns a default variant, if `ours` is one.
    fn default_variant(ours: &Ours, network: OtherNetwork) -> Option<Self> {
        let Ours::Default { kind, room, prefix, election, id_field } = ours else { return None };
        let topics = Topics::new(room, prefix);
        let each_round = match kind {
            Kind::ElectChain | Kind::Ppd => "voting",
            Kind::Sd => "ack",
        };
        let topics = ["init", election, each_round].map(|name| topics.topic(name)).into();
        Some(Self { network, topics, id_field: id_field.clone(), profile: None })
    }

    /// Returns whether a message is exactly as this network's programs write it.
    fn is_spoken(&self, from: &Channel, payload: &[u8]) -> bool {
        let Some((profile, topics)) = &self.profile else { return true };
        topics.kind_of(from).is_ok_and(|kind| fits(profile, kind, payload))
    }

    /// Returns the peer of this network that says `payload`, if it names itself.
    fn overheard(&self, payload: &[u8]) -> Option<Overheard> {
        let fields = parse::<Map<String, Value>>(payload).ok()?;
        let (_, speaker) = named(&fields, |field| field == self.id_field)?;
        let network = self.network.clone();
        Some(Overheard { network, speaker: Some(speaker), among_us: false })
    }
}

/// Returns the first of the fields that name a sender, and what tells it from others.
fn named(fields: &Map<String, Value>, is_id: impl Fn(&str) -> bool) -> Option<(&str, u64)> {
    let (field, value) = fields.iter().find(|(field, _)| is_id(field))?;
    let speaker = match value {
        Value::Number(number) => digest(&number.to_string()),
        Value::String(text) => digest(text),
        _ => return None,
    };
    Some((field, speaker))
}

/// Returns the 64-bit FNV-1a hash of `text`: it only has to tell honest peers apart.
pub(crate) fn digest(text: &str) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    text.bytes().fold(BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}
