//! The network of this peer, and what it calls those that are near.

use althing_engine::OtherNetwork;

use super::{Neighbour, id_field};
use crate::profile::{MessageKind, Profile, Transport, built_in};
use crate::program::ProgramTopics;
use crate::topics::Topics;

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

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::ElectChain, Self::Sd, Self::Ppd];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ElectChain => "elect-chain",
            Self::Sd => "sd",
            Self::Ppd => "ppd",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub(super) fn transport(self) -> Transport {
        match self {
            Self::ElectChain | Self::Sd => Transport::Mqtt,
            Self::Ppd => Transport::Amqp,
        }
    }

    /// Returns the usual default variant of this kind in `room`.
    pub(super) fn usual(self, room: &str) -> Ours {
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
    pub(super) fn room(&self) -> &str {
        match self {
            Self::Default { room, .. } | Self::Program { room, .. } => room,
        }
    }

    pub(super) fn prefix(&self) -> &str {
        match self {
            Self::Default { prefix, .. } => prefix,
            Self::Program { profile, .. } => &profile.topics.prefix,
        }
    }

    pub(super) fn transport(&self) -> Transport {
        match self {
            Self::Default { kind, .. } => kind.transport(),
            Self::Program { profile, .. } => profile.wire.transport,
        }
    }

    /// Returns the kind of network whose page this follows, in either variant.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self {
            Self::Default { kind, .. } => Some(*kind),
            Self::Program { profile, .. } => Kind::named(&profile.name),
        }
    }

    /// Returns the field that names a peer where it says that it is there.
    pub(super) fn id_field(&self) -> &str {
        match self {
            Self::Default { id_field, .. } => id_field,
            Self::Program { profile, .. } => id_field(profile),
        }
    }

    /// Returns the topic on which peers say that they are there.
    pub(super) fn init(&self) -> Option<String> {
        match self {
            Self::Default { room, prefix, .. } => Some(Topics::new(room, prefix).topic("init")),
            Self::Program { profile, room } => {
                ProgramTopics::new(profile, room).filter(MessageKind::Init)
            }
        }
    }

    /// Returns the other variant of the same network: the likeliest mistake.
    pub(super) fn nearest(&self) -> Option<Neighbour> {
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
    pub(super) fn tell_default(&self, kind: Kind) -> OtherNetwork {
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
    pub(super) fn tell_program(&self, profile: &Profile, prefix: &str) -> OtherNetwork {
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

pub(super) fn told(speech: &str, advice: &str) -> OtherNetwork {
    OtherNetwork { speech: speech.into(), advice: advice.into() }
}
