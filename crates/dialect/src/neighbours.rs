//! Other networks in the same room: where they can be heard, and how they are recognised.
//!
//! A room is shared by mistake, when one peer was given other options than the rest. Each peer
//! listens to a few topics of the networks that such options lead to, where nothing of its own is
//! ever published; and on its own topics it recognises announcements in another network's form.

use althing_engine::{OtherNetwork, Overheard};
use althing_types::Channel;
use serde_json::{Map, Value};

use crate::json::parse;
use crate::topics::Topics;
use crate::{Content, Malformed, Variant};

/// The other networks in the room of one.
#[derive(Clone, Debug)]
pub(crate) struct Neighbours {
    ours: Ours,
    /// Without the topics that are our own, the nearest first.
    others: Vec<Neighbour>,
}

/// A network with rounds, as far as it takes to hear it.
#[derive(Clone, Debug)]
pub(crate) struct Ours {
    /// Which kind it is.
    pub(crate) kind: Kind,
    /// Page or program.
    pub(crate) variant: Variant,
    /// The room, empty for the broker's whole space.
    pub(crate) room: String,
    /// What stands before each topic, after the room.
    pub(crate) prefix: String,
    /// The topic of draws.
    pub(crate) election: String,
    /// The field that names a peer.
    pub(crate) id_field: String,
}

/// The kinds of networks with rounds.
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
}

/// The fields that name a peer in the programs of such networks.
const ID_FIELDS: [&str; 11] = [
    "id",
    "ClientID",
    "NodeId",
    "clientId",
    "clientID",
    "client_id",
    "ClientId",
    "NodeID",
    "ID",
    "cid",
    "node_id",
];

impl Kind {
    const ALL: [Self; 3] = [Self::ElectChain, Self::Sd, Self::Ppd];

    fn name(self) -> &'static str {
        match self {
            Self::ElectChain => "elect-chain",
            Self::Sd => "sd",
            Self::Ppd => "ppd",
        }
    }

    /// Returns the usual network of this kind in the room of `ours`.
    fn usual(self, ours: &Ours, variant: Variant) -> Ours {
        let (prefix, election, id_field) = match self {
            Self::ElectChain => ("", "election", "id"),
            Self::Sd => ("sd/", "voting", "ClientID"),
            Self::Ppd => ("ppd/", "election", "NodeId"),
        };
        Ours {
            kind: self,
            variant,
            room: ours.room.clone(),
            prefix: prefix.into(),
            election: election.into(),
            id_field: id_field.into(),
        }
    }
}

impl Ours {
    /// Returns the topics on which each peer says who it is: when it starts, when it draws, and
    /// in each round.
    fn telling_topics(&self) -> Vec<String> {
        let each_round = match (self.kind, self.variant) {
            (Kind::ElectChain | Kind::Ppd, _) => "voting",
            (Kind::Sd, Variant::Readme) => "ack",
            (Kind::Sd, Variant::Published) => "solution",
        };
        let topics = Topics::new(&self.room, &self.prefix, self.variant);
        ["init", &self.election, each_round].map(|name| topics.topic(name)).into()
    }

    /// Returns how to speak of another network, and how to join it.
    fn tell(&self, other: &Self) -> OtherNetwork {
        let (kind, name) = (other.kind, other.kind.name());
        let (speech, advice) = match (kind == self.kind, self.variant, other.variant) {
            (true, _, Variant::Published) => {
                ("as the published program".to_owned(), "use --variant published".to_owned())
            }
            (true, _, Variant::Readme) => (
                "the default variant of Althing".to_owned(),
                "leave out --variant published".to_owned(),
            ),
            (false, _, Variant::Published) => (
                format!("as the published program of {name}"),
                format!("use --dialect {name} --variant published"),
            ),
            (false, Variant::Published, Variant::Readme) => (
                format!("the default variant of {name}"),
                format!("use --dialect {name}, and leave out --variant published"),
            ),
            (false, Variant::Readme, Variant::Readme) => {
                (format!("the default variant of {name}"), format!("use --dialect {name}"))
            }
        };
        OtherNetwork { speech: speech.into(), advice: advice.into() }
    }
}

impl Neighbours {
    /// Returns the other networks in the room of this one, which has these topics.
    pub(crate) fn new(ours: Ours, topics: &[String]) -> Self {
        let other_variant = match ours.variant {
            Variant::Readme => Variant::Published,
            Variant::Published => Variant::Readme,
        };
        let kinds = Kind::ALL.into_iter().filter(|kind| *kind != ours.kind);
        let variants = [Variant::Published, Variant::Readme];
        let usual = kinds.flat_map(|kind| variants.map(|variant| kind.usual(&ours, variant)));
        let nearest = Ours { variant: other_variant, ..ours.clone() };
        let others = std::iter::once(nearest).chain(usual).map(|other| Neighbour {
            network: ours.tell(&other),
            topics: {
                let mut telling = other.telling_topics();
                telling.retain(|topic| !topics.contains(topic));
                telling
            },
            id_field: other.id_field,
        });
        Self { others: others.collect(), ours }
    }

    /// Returns the topics to listen to, by network; that of our own network's other variant is the
    /// first.
    pub(crate) fn topics(&self) -> Vec<Vec<String>> {
        self.others.iter().map(|other| other.topics.clone()).collect()
    }

    /// Returns the content of bytes that `content` found to be none of our messages, if another
    /// network in this room says such things.
    pub(crate) fn look_again<M>(
        &self,
        from: &Channel,
        payload: &[u8],
        content: Result<Content<M>, Malformed>,
    ) -> Result<Content<M>, Malformed> {
        match content {
            Err(malformed @ Malformed::UnknownTopic { .. }) => {
                let is_from = |topic: &String| from.as_topic() == Some(topic);
                match self.others.iter().find(|other| other.topics.iter().any(is_from)) {
                    Some(other) => Ok(other.content(payload)),
                    None => Err(malformed),
                }
            }
            Err(malformed @ Malformed::NotAMessage(_)) => match self.among_us(from, payload) {
                Some(overheard) => Ok(Content::Overheard(overheard)),
                None => Err(malformed),
            },
            content => content,
        }
    }

    /// Recognises an announcement on our own topic that is in another network's form.
    fn among_us(&self, from: &Channel, payload: &[u8]) -> Option<Overheard> {
        let Ours { kind, variant, room, prefix, id_field, .. } = &self.ours;
        let init = Topics::new(room, prefix, *variant).topic("init");
        if from.as_topic() != Some(&init) {
            return None;
        }
        let fields: Map<String, Value> = parse(payload).ok()?;
        let is_in_our_form = |value: &Value| match kind {
            Kind::Sd => value.is_string(),
            Kind::ElectChain | Kind::Ppd => value.is_number(),
        };
        let (field, speaker) = match fields.get(id_field) {
            // It is ours with a fault, or of no known dialect.
            Some(value) if is_in_our_form(value) => return None,
            Some(_) => named(&fields, |field| field == id_field)?,
            None => named(&fields, |field| ID_FIELDS.contains(&field))?,
        };
        let (speech, advice) = match (kind, field) {
            _ if field == id_field => (
                format!("another dialect of {}, with other values of {field:?}", kind.name()),
                "no option of this version joins them".to_owned(),
            ),
            (Kind::Sd, field) if field != "id" => {
                (format!("with the field {field:?} for ids"), format!("use --id-field {field}"))
            }
            (_, "id") => other_dialect(Kind::ElectChain, prefix),
            (Kind::ElectChain, "NodeId") => other_dialect(Kind::Ppd, prefix),
            (_, "ClientID") => other_dialect(Kind::Sd, prefix),
            (_, field) => {
                let (speech, advice) = other_dialect(Kind::Sd, prefix);
                (speech, format!("{advice} --id-field {field}"))
            }
        };
        let network = OtherNetwork { speech: speech.into(), advice: advice.into() };
        Some(Overheard { network, speaker: Some(speaker), among_us: true })
    }
}

/// Returns how to speak of a dialect on our own topics, and how to join it.
fn other_dialect(kind: Kind, prefix: &str) -> (String, String) {
    let name = kind.name();
    (format!("as peers of {name}"), format!("use --dialect {name} --prefix {prefix:?}"))
}

impl Neighbour {
    /// Returns what was heard on a topic of this network: bytes that are none of its messages are
    /// nothing to us.
    fn content<M>(&self, payload: &[u8]) -> Content<M> {
        let Ok(fields) = parse::<Map<String, Value>>(payload) else { return Content::Nothing };
        match named(&fields, |field| field == self.id_field) {
            Some((_, speaker)) => Content::Overheard(Overheard {
                network: self.network.clone(),
                speaker: Some(speaker),
                among_us: false,
            }),
            None => Content::Nothing,
        }
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

    fn elect_chain(variant: Variant) -> ElectChain {
        ElectChain::new(elect_chain::Config { variant, ..elect_chain::Config::default() })
    }

    fn told(speech: &str, advice: &str, among_us: bool) -> Option<(String, String, bool)> {
        Some((speech.to_owned(), advice.to_owned(), among_us))
    }

    #[test]
    fn each_variant_hears_the_other_and_names_the_option() {
        let program = told("as the published program", "use --variant published", false);
        let ours = told("the default variant of Althing", "leave out --variant published", false);
        let id = r#"{"id": 7}"#;
        for name in ["init", "election", "voting"] {
            assert_eq!(overheard(&elect_chain(Variant::Readme), name, id), program);
            let topic = format!("althing/{name}");
            assert_eq!(overheard(&elect_chain(Variant::Published), &topic, id), ours);
        }
        let uuid = r#"{"ClientID": "0b8e7d4e-5f5c-4f0c-9d3e-1c2b3a495867"}"#;
        let sd = |variant| Sd::new(sd::Config { variant, ..sd::Config::default() });
        assert_eq!(overheard(&sd(Variant::Readme), "sd/solution", uuid), program);
        assert_eq!(overheard(&sd(Variant::Published), "sd/althing/ack", uuid), ours);
        let ppd = |variant| Ppd::new(ppd::Config { variant, ..ppd::Config::default() });
        let node = r#"{"NodeId": 7}"#;
        assert_eq!(overheard(&ppd(Variant::Readme), "ppd/init", node), program);
        assert_eq!(overheard(&ppd(Variant::Published), "ppd/althing/init", node), ours);
    }

    #[test]
    fn other_dialects_of_the_room_are_heard_and_those_of_other_rooms_are_not() {
        let room = "class7".to_owned();
        let peer = ElectChain::new(elect_chain::Config { room, ..elect_chain::Config::default() });
        let (client, node) = (r#"{"ClientID": 7}"#, r#"{"NodeId": 7}"#);
        for (topic, payload, speech, advice) in [
            (
                "class7/sd/init",
                client,
                "as the published program of sd",
                "use --dialect sd --variant published",
            ),
            ("class7/sd/althing/init", client, "the default variant of sd", "use --dialect sd"),
            (
                "class7/ppd/voting",
                node,
                "as the published program of ppd",
                "use --dialect ppd --variant published",
            ),
        ] {
            assert_eq!(overheard(&peer, topic, payload), told(speech, advice, false));
        }
        assert!(decode(&peer, "sd/init", client.as_bytes()).is_err());
    }

    #[test]
    fn announcements_in_another_form_on_our_own_topics_are_recognised() {
        let sd = Sd::new(sd::Config { variant: Variant::Published, ..sd::Config::default() });
        let elect_chain = elect_chain(Variant::Published);
        let advice = |said: Option<(String, String, bool)>| {
            let (_, advice, among_us) = said.expect("it is recognised");
            assert!(among_us);
            advice
        };
        assert_eq!(
            advice(overheard(&elect_chain, "init", r#"{"ClientID": 7}"#)),
            "use --dialect sd --prefix \"\""
        );
        assert_eq!(
            advice(overheard(&sd, "sd/init", r#"{"clientId": 7}"#)),
            "use --id-field clientId"
        );
        assert_eq!(
            advice(overheard(&sd, "sd/init", r#"{"id": 7}"#)),
            "use --dialect elect-chain --prefix \"sd/\""
        );
        assert_eq!(
            advice(overheard(&sd, "sd/init", r#"{"ClientID": 7}"#)),
            "no option of this version joins them"
        );
    }

    #[test]
    fn garbage_is_nobody() {
        let peer = elect_chain(Variant::Readme);
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
        let both = [Variant::Readme, Variant::Published];
        let of = |variant| -> [Box<dyn RoundsDialect>; 3] {
            [
                Box::new(elect_chain(variant)),
                Box::new(Sd::new(sd::Config { variant, ..sd::Config::default() })),
                Box::new(Ppd::new(ppd::Config { variant, ..ppd::Config::default() })),
            ]
        };
        let [ours, published] = both.map(|variant| of(variant).map(|dialect| dialect.topics()));
        for topic in ours.concat() {
            assert!(topic.contains("althing/") && !published.concat().contains(&topic), "{topic}");
        }
    }

    #[test]
    fn nothing_of_ours_is_ever_published_where_another_network_listens() {
        for ours in [elect_chain(Variant::Readme), elect_chain(Variant::Published)] {
            let topics = ours.topics();
            let heard: Vec<String> = ours.overheard().concat();
            assert_eq!(heard.len(), 15);
            assert!(heard.iter().all(|topic| !topics.contains(topic)), "{heard:?}");
        }
    }
}
