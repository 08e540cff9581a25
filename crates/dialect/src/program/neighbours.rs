//! Other networks in the same room: where they can be heard, and how they are recognised.
//!
//! A room is shared by mistake, when one peer was given other options than the rest. Each peer
//! listens to a few topics of the networks that such options lead to, where nothing of its own is
//! ever published: the default variants, and those of the built-in profiles. On its own topics it
//! recognises announcements in another network's form. What is heard names the profile that fits.

use althing_engine::{OtherNetwork, Overheard};
use althing_types::Channel;
use serde_json::{Map, Value};

use super::{ProgramTopics, fits};
use crate::json::parse;
use crate::profile::{
    Field, ID_SPELLINGS, IdKind, JudgedBy, MessageKind, NetworkKind, Profile, Role, Transport,
    built_in,
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

/// A network with rounds, as far as it takes to hear it.
#[derive(Clone, Debug)]
pub(crate) enum Ours {
    /// A default variant.
    Default {
        /// Which kind it is.
        kind: Kind,
        /// The room, empty for the broker's whole space.
        room: String,
        /// What stands before each topic, after the room.
        prefix: String,
        /// The topic of draws.
        election: String,
        /// The field that names a peer.
        id_field: String,
    },
    /// Programs of a profile.
    Program {
        /// The profile that they follow, with the prefix that was chosen.
        profile: Box<Profile>,
        /// The room, as in a default variant.
        room: String,
    },
}

/// The kinds of networks with rounds that have a default variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    ElectChain,
    Sd,
    Ppd,
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

impl Kind {
    const ALL: [Self; 3] = [Self::ElectChain, Self::Sd, Self::Ppd];

    fn name(self) -> &'static str {
        match self {
            Self::ElectChain => "elect-chain",
            Self::Sd => "sd",
            Self::Ppd => "ppd",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    fn transport(self) -> Transport {
        match self {
            Self::ElectChain | Self::Sd => Transport::Mqtt,
            Self::Ppd => Transport::Amqp,
        }
    }

    /// Returns the usual default variant of this kind in `room`.
    fn usual(self, room: &str) -> Ours {
        let (prefix, election, id_field) = match self {
            Self::ElectChain => ("", "election", "id"),
            Self::Sd => ("sd/", "voting", "ClientID"),
            Self::Ppd => ("ppd/", "election", "NodeId"),
        };
        Ours::Default {
            kind: self,
            room: room.to_owned(),
            prefix: prefix.into(),
            election: election.into(),
            id_field: id_field.into(),
        }
    }
}

impl Ours {
    fn room(&self) -> &str {
        match self {
            Self::Default { room, .. } | Self::Program { room, .. } => room,
        }
    }

    fn prefix(&self) -> &str {
        match self {
            Self::Default { prefix, .. } => prefix,
            Self::Program { profile, .. } => &profile.topics.prefix,
        }
    }

    fn transport(&self) -> Transport {
        match self {
            Self::Default { kind, .. } => kind.transport(),
            Self::Program { profile, .. } => profile.wire.transport,
        }
    }

    /// Returns the kind of network whose page this follows, in either variant.
    fn kind(&self) -> Option<Kind> {
        match self {
            Self::Default { kind, .. } => Some(*kind),
            Self::Program { profile, .. } => Kind::named(&profile.name),
        }
    }

    /// Returns the field that names a peer where it says that it is there.
    fn id_field(&self) -> &str {
        match self {
            Self::Default { id_field, .. } => id_field,
            Self::Program { profile, .. } => id_field(profile),
        }
    }

    /// Returns the topic on which peers say that they are there.
    fn init(&self) -> Option<String> {
        match self {
            Self::Default { room, prefix, .. } => Some(Topics::new(room, prefix).topic("init")),
            Self::Program { profile, room } => {
                ProgramTopics::new(profile, room).filter(MessageKind::Init)
            }
        }
    }

    /// Returns the other variant of the same network: the likeliest mistake.
    fn nearest(&self) -> Option<Neighbour> {
        match self {
            Self::Default { kind, room, prefix, election, id_field } => {
                let mut profile = built_in::find(kind.name())?.clone();
                profile.topics.prefix.clone_from(prefix);
                profile.topics.vote.clone_from(election);
                profile.fields.rename_id(id_field);
                let told = told("as the published program", "use --variant published");
                Some(Neighbour::program(profile, room, told))
            }
            Self::Program { profile, room } => {
                let kind = Kind::named(&profile.name)?;
                let told = told("the default variant of Althing", "leave out --variant published");
                let election = &profile.topics.vote;
                let other = Self::Default {
                    kind,
                    room: room.clone(),
                    prefix: profile.topics.prefix.clone(),
                    election: election.clone(),
                    id_field: id_field(profile).to_owned(),
                };
                Neighbour::default_variant(&other, told)
            }
        }
    }

    /// Returns how to speak of the default variant of another kind, and how to join it.
    fn tell_default(&self, kind: Kind) -> OtherNetwork {
        let name = kind.name();
        let besides = match self {
            Self::Default { .. } => "",
            Self::Program { profile, .. } if Kind::named(&profile.name).is_some() => {
                ", and leave out --variant published"
            }
            Self::Program { .. } => ", and leave out --profile",
        };
        told(&format!("the default variant of {name}"), &format!("use --dialect {name}{besides}"))
    }

    /// Returns how to speak of programs of a built-in profile, and how to join them with this
    /// prefix.
    fn tell_program(&self, profile: &Profile, prefix: &str) -> OtherNetwork {
        let name = &profile.name;
        let (speech, mut advice) = match Kind::named(name) {
            Some(_) => (
                format!("as the published program of {name}"),
                format!("use --dialect {name} --variant published"),
            ),
            None => (format!("as programs of the profile {name}"), format!("use --profile {name}")),
        };
        if profile.topics.prefix != prefix {
            advice = format!("{advice} --prefix {prefix:?}");
        }
        told(&speech, &advice)
    }
}

fn told(speech: &str, advice: &str) -> OtherNetwork {
    OtherNetwork { speech: speech.into(), advice: advice.into() }
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
fn digest(text: &str) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    text.bytes().fold(BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elect_chain::{self, ElectChain};
    use crate::ppd::{self, Ppd};
    use crate::program::Program;
    use crate::sd::{self, Sd};
    use crate::testing::decode;
    use crate::{Codec, RoundsDialect};
    use althing_engine::rounds::Rounds;

    fn overheard(
        dialect: &impl Codec<Engine = Rounds>,
        topic: &str,
        payload: &str,
    ) -> Option<(String, String, bool)> {
        match decode(dialect, topic, payload.as_bytes()) {
            Ok(Content::Overheard(Overheard { network, among_us, speaker: Some(_) })) => {
                Some((network.speech.to_string(), network.advice.to_string(), among_us))
            }
            _ => None,
        }
    }

    fn elect_chain() -> ElectChain {
        ElectChain::new(elect_chain::Config::default())
    }

    fn heard(speech: &str, advice: &str, among_us: bool) -> Option<(String, String, bool)> {
        Some((speech.to_owned(), advice.to_owned(), among_us))
    }

    #[test]
    fn each_variant_hears_the_other_and_names_the_option() {
        let program = heard("as the published program", "use --variant published", false);
        let ours = heard("the default variant of Althing", "leave out --variant published", false);
        let id = r#"{"id": 7}"#;
        let published = Program::built_in("elect-chain");
        for name in ["init", "election", "voting"] {
            assert_eq!(overheard(&elect_chain(), name, id), program);
            let topic = format!("althing/{name}");
            assert_eq!(overheard(&published, &topic, id), ours);
        }
        let uuid = r#"{"ClientID": "0b8e7d4e-5f5c-4f0c-9d3e-1c2b3a495867"}"#;
        assert_eq!(overheard(&Sd::new(sd::Config::default()), "sd/solution", uuid), program);
        assert_eq!(overheard(&Program::built_in("sd"), "sd/althing/ack", uuid), ours);
        let node = r#"{"NodeId": 7}"#;
        assert_eq!(overheard(&Ppd::new(ppd::Config::default()), "ppd/init", node), program);
        assert_eq!(overheard(&Program::built_in("ppd"), "ppd/althing/init", node), ours);
    }

    #[test]
    fn other_dialects_of_the_room_are_heard_and_those_of_other_rooms_are_not() {
        let room = "class7".to_owned();
        let peer = ElectChain::new(elect_chain::Config { room, ..elect_chain::Config::default() });
        let uuid = r#"{"ClientID": "0b8e7d4e-5f5c-4f0c-9d3e-1c2b3a495867"}"#;
        let (client, node) = (r#"{"ClientID": 7}"#, r#"{"NodeId": 7}"#);
        for (topic, payload, speech, advice) in [
            (
                "class7/sd/init",
                uuid,
                "as the published program of sd",
                "use --dialect sd --variant published",
            ),
            ("class7/sd/init", client, "as programs of the profile sheet", "use --profile sheet"),
            (
                "class7/sd/1dezembro/init",
                client,
                "as programs of the profile copy-d",
                "use --profile copy-d",
            ),
            ("class7/sd/althing/init", client, "the default variant of sd", "use --dialect sd"),
            (
                "class7/ppd/voting",
                node,
                "as the published program of ppd",
                "use --dialect ppd --variant published",
            ),
        ] {
            assert_eq!(overheard(&peer, topic, payload), heard(speech, advice, false));
        }
        assert!(decode(&peer, "sd/init", client.as_bytes()).is_err());
    }

    #[test]
    fn announcements_in_another_form_on_our_own_topics_name_the_profile_that_fits() {
        let (sd, elect_chain) = (Program::built_in("sd"), Program::built_in("elect-chain"));
        let advice = |said: Option<(String, String, bool)>| {
            let (_, advice, among_us) = said.expect("it is recognised");
            assert!(among_us);
            advice
        };
        for (dialect, topic, payload, expected) in [
            (&elect_chain, "init", r#"{"ClientID": 7}"#, "use --profile sheet --prefix \"\""),
            (&sd, "sd/init", r#"{"clientId": 7}"#, "use --profile copy-b --prefix \"sd/\""),
            (
                &sd,
                "sd/init",
                r#"{"id": 7}"#,
                "use --dialect elect-chain --variant published --prefix \"sd/\"",
            ),
            (&sd, "sd/init", r#"{"ClientID": 7}"#, "use --profile sheet"),
            (
                &sd,
                "sd/init",
                r#"{"cid": "seven"}"#,
                "althing profile detect finds out how they speak",
            ),
        ] {
            assert_eq!(advice(overheard(dialect, topic, payload)), expected, "{payload}");
        }
    }

    #[test]
    fn garbage_is_nobody() {
        let peer = elect_chain();
        for payload in ["", "hello", "[]", "{}", r#"{"id": null}"#, r#"{"ClientID": 7}"#] {
            assert_eq!(
                decode(&peer, "init", payload.as_bytes()),
                Ok(Content::Nothing),
                "{payload}"
            );
        }
        assert!(decode(&peer, "althing/init", b"{}").is_err());
    }

    #[test]
    fn no_published_program_hears_the_default_variant() {
        let ours: [Box<dyn RoundsDialect>; 3] = [
            Box::new(elect_chain()),
            Box::new(Sd::new(sd::Config::default())),
            Box::new(Ppd::new(ppd::Config::default())),
        ];
        let programs: Vec<String> =
            programs().flat_map(|it| Program::built_in(&it.name).topics()).collect();
        for topic in ours.map(|dialect| dialect.topics()).concat() {
            assert!(topic.contains("althing/") && !programs.contains(&topic), "{topic}");
        }
    }

    #[test]
    fn nothing_of_ours_is_ever_published_where_another_network_listens() {
        let published = Program::built_in("elect-chain");
        let ours: [&dyn RoundsDialect; 2] = [&elect_chain(), &published];
        for (topics, heard) in ours.map(|it| (it.topics(), it.overheard().concat())) {
            // Nine of the default variants, and those of the programs that have others.
            assert!((20..40).contains(&heard.len()), "{heard:?}");
            assert!(heard.iter().all(|topic| !topics.contains(topic)), "{heard:?}");
            let distinct: std::collections::BTreeSet<_> = heard.iter().collect();
            assert_eq!(distinct.len(), heard.len());
        }
    }
}
