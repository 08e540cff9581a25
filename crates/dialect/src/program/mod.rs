//! Programs that a profile describes, spoken to as one of their own: the published programs of the
//! pages and all others.
//!
//! There is one codec for all of them. It writes exactly the fields that the profile lists, in that
//! order, as Python's `json.dumps` does; and it reads what the programs would read. What Althing
//! peers add in the default variants does not exist here.
//!
//! A signature may cover the message as Python would write it. A program checks it over what it has
//! read, written again; so a message whose sender writes it otherwise than we would, with other
//! fields besides or in another order, carries along what its signature is over.
//!
//! | file | question |
//! | --- | --- |
//! | `covering` | which messages are signed? |
//! | `decode` | what do bytes mean to the engine? |
//! | `encode` | what does a message of the engine look like? |
//! | `key` | how is a key written? |
//! | `neighbours` | which other networks are in a room, and how are they recognised? |
//! | `object` | how are all fields of a message written and read? |
//! | `rules` | which rules of the engine follow from a profile? |
//! | `token` | how is one value written and read? |
//! | `topics` | which message goes to which topic? |

mod covering;
mod decode;
mod encode;
mod key;
pub(crate) mod neighbours;
mod object;
mod rules;
mod token;
mod topics;

#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use althing_engine::Recipient;
use althing_engine::rounds::{
    Authenticator, Issuing, Message, Rounds, Rules, Signed, Timeouts, Unsigned,
};
use althing_types::{Channel, Difficulty, PeerId, Transaction, Uuid};

use self::covering::Covering;
use self::decode::Tolerance;
use self::neighbours::{Neighbours, Ours};
pub(crate) use self::topics::ProgramTopics;
use crate::profile::{self, IdKind, MessageKind, Profile, SignatureName, built_in};
use crate::{
    BadSecret, Bus, Codec, Content, Malformed, NetworkConfig, Received, RoundsDialect, SecretKind,
    Wire, pss, rsa,
};

/// A network of programs, and what its users may choose instead of what the profile says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How the programs speak and behave; its kind is [`profile::NetworkKind::Rounds`].
    pub profile: Profile,
    /// Groups in different rooms do not hear each other; may be empty.
    pub room: String,
    /// What a leader draws its challenges from; `None` as the profile says.
    pub challenges: Option<RangeInclusive<Difficulty>>,
    /// What has a leader ask; `None` as the profile says.
    pub issuing: Option<Issuing>,
    /// Rows after which the leader stops; `None` as the profile says.
    pub rounds: Option<Transaction>,
    /// The timeouts of the network.
    pub timeouts: Timeouts,
    /// How long a leader waits between two challenges; `None` as the profile says.
    pub pause: Option<Duration>,
}

/// Of so many ids or fewer, ten peers could easily draw the same.
const FEW_IDS: u64 = 10_000;

impl Config {
    /// Members a network can have.
    pub const PEERS_MAX: u16 = 1000;

    /// Returns the network of a profile, with nothing chosen.
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            room: String::new(),
            challenges: None,
            issuing: None,
            rounds: None,
            timeouts: Timeouts::default(),
            pause: None,
        }
    }
}

/// The dialect of a profile.
#[derive(Clone, Debug)]
pub struct Program {
    profile: Arc<Profile>,
    topics: ProgramTopics,
    neighbours: Neighbours,
    rules: Rules,
}

impl Program {
    /// Returns the dialect of a network with this configuration.
    pub fn new(config: Config) -> Self {
        let rules = rules::rules(&config);
        let topics = ProgramTopics::new(&config.profile, &config.room);
        let neighbours = Neighbours::new(
            Ours::Program { profile: Box::new(config.profile.clone()), room: config.room },
            &topics.filters(),
        );
        Self { profile: Arc::new(config.profile), topics, neighbours, rules }
    }

    /// Returns the built-in profile of this name, with nothing chosen.
    ///
    /// # Panics
    ///
    /// If there is none, or it is of a network with a chain.
    pub fn built_in(name: &str) -> Self {
        let profile = built_in::find(name).expect("the caller names one that there is");
        assert_eq!(profile.network, profile::NetworkKind::Rounds, "{name}");
        Self::new(Config::new(profile.clone()))
    }

    fn content(
        &self,
        from: &Channel,
        tolerance: Tolerance,
        payload: &[u8],
    ) -> Result<Content<Signed>, Malformed> {
        decode::decode(&self.profile, self.topics.kind_of(from)?, tolerance, payload)
    }
}

/// Returns whether `payload` is a message of this kind, exactly as programs of this profile write
/// it.
pub(crate) fn fits(profile: &Profile, kind: MessageKind, payload: &[u8]) -> bool {
    profile.has(kind) && decode::decode(profile, kind, Tolerance::Exact, payload).is_ok()
}

/// Returns the id of a peer as JSON, as ids of this kind are written.
pub(crate) fn written_id(kind: IdKind, peer: PeerId) -> Vec<u8> {
    token::write_id(kind, peer.number()).json()
}

impl Codec for Program {
    type Engine = Rounds;

    fn network(&self) -> NetworkConfig {
        let mut agreed = self.profile.agreed();
        agreed.topics.prefix.clone_from(&self.topics.before);
        NetworkConfig::Profile { profile: Box::new(agreed) }
    }

    fn encode(&self, _: &Recipient, signed: &Signed) -> Vec<Wire> {
        let wire = |body: encode::Body| {
            let topic = self.topics.topic(&self.profile, body.kind, body.solver)?;
            Some(Wire { to: Channel::topic(topic), payload: body.payload })
        };
        encode::encode(&self.profile, signed).into_iter().filter_map(wire).collect()
    }

    fn decode(&self, from: &Channel, payload: &[u8]) -> Received<Signed> {
        let exact = self.content(from, Tolerance::Exact, payload);
        Received::from_topic(match exact {
            Err(malformed) => match self.neighbours.recognise(from, payload, &malformed) {
                Some(content) => Ok(content),
                None => {
                    let tolerant = self.content(from, Tolerance::Programs, payload);
                    self.neighbours.look_again(from, payload, tolerant)
                }
            },
            content => content,
        })
    }
}

impl RoundsDialect for Program {
    fn rules(&self) -> &Rules {
        &self.rules
    }

    fn topics(&self) -> Vec<String> {
        self.topics.filters()
    }

    fn overheard(&self) -> Vec<Vec<String>> {
        self.neighbours.topics()
    }

    fn peer_id(&self, nanoseconds: u64, entropy: u64) -> PeerId {
        let ids = &self.profile.id;
        let drawn = || {
            let span = u128::from(ids.hi.saturating_sub(ids.lo)) + 1;
            u128::from(ids.lo) + u128::from(entropy) % span
        };
        PeerId::new(match ids.kind {
            IdKind::Int | IdKind::IntText | IdKind::HexText => drawn(),
            // As the program has it, but for the last three digits or so: two peers may start at
            // once.
            IdKind::TimeNs => ((nanoseconds & !0x3ff) | (entropy & 0x3ff)).into(),
            // Bits that the version overwrites in one half stay in the other.
            IdKind::Uuid => {
                let low = nanoseconds ^ entropy.rotate_left(32);
                Uuid::random(u128::from(entropy) << 64 | u128::from(low)).number()
            }
            // A float between 0 and 1 with all the bits that it has room for.
            IdKind::FloatText => {
                #[allow(clippy::cast_precision_loss)]
                let float = (entropy >> 11) as f64 / (1_u64 << 53) as f64;
                float.to_bits().into()
            }
        })
    }

    fn few_ids(&self) -> Option<RangeInclusive<u64>> {
        let ids = &self.profile.id;
        (ids.kind.is_number() && ids.hi.saturating_sub(ids.lo) < FEW_IDS).then_some(ids.lo..=ids.hi)
    }

    fn chosen_id(&self, number: u64) -> Result<PeerId, String> {
        let ids = &self.profile.id;
        match (ids.kind.is_number(), (ids.lo..=ids.hi).contains(&number)) {
            (true, true) => Ok(PeerId::new(number.into())),
            (true, false) => Err(format!("ids of this network are from {} to {}", ids.lo, ids.hi)),
            (false, _) => Err("ids of this network are no numbers that one chooses".into()),
        }
    }

    /// An id that is a number has 64 bits at most, so one of more is no member's.
    fn watching_id(&self, nanoseconds: u64, entropy: u64) -> PeerId {
        match self.profile.id.kind.is_number() {
            true => PeerId::new((1 << 64) | u128::from(entropy)),
            false => self.peer_id(nanoseconds, entropy),
        }
    }

    fn secret_kind(&self) -> SecretKind {
        match self.profile.sign.alg {
            SignatureName::None => SecretKind::Random,
            SignatureName::RsaPkcs1Sha256 => SecretKind::Rsa,
            SignatureName::RsaPssSha256Salt94 => SecretKind::Rsa1024,
        }
    }

    fn authenticator(&self, secret: &[u8]) -> Result<Box<dyn Authenticator>, BadSecret> {
        let profile = Arc::clone(&self.profile);
        let bytes = move |message: &Message| encode::signed_bytes(&profile, message);
        match self.profile.sign.alg {
            SignatureName::None => match secret.len() {
                32 => Ok(Box::new(Unsigned)),
                bytes => Err(BadSecret { kind: SecretKind::Random, bytes }),
            },
            SignatureName::RsaPkcs1Sha256 => {
                let signer = rsa::rsa(secret, bytes)?;
                Ok(Box::new(Covering { signer, profile: Arc::clone(&self.profile) }))
            }
            SignatureName::RsaPssSha256Salt94 => {
                let signer = pss::pss(secret, bytes)?;
                Ok(Box::new(Covering { signer, profile: Arc::clone(&self.profile) }))
            }
        }
    }

    /// No program has last wills.
    fn last_will(&self, _: PeerId) -> Option<Wire> {
        None
    }

    fn bus(&self) -> Bus {
        let wire = &self.profile.wire;
        let retained = wire.retain.iter().filter_map(|kind| self.topics.filter(*kind));
        Bus {
            quality_of_service: wire.qos,
            retained: retained.collect(),
            hears_retained: !self.profile.join.ignore_retained,
            amqp: self.profile.amqp.clone(),
        }
    }
}
