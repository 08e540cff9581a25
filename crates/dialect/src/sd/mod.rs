//! `sd`: peers over MQTT elect a controller by lot, which alone judges their solutions.
//!
//! This is its page with every member counted once: the leader publishes a result only after a
//! majority has acknowledged its choice, so that it is not lost with the leader. What its program
//! does, where the leader alone decides, is the [profile](crate::profile) of the same name.
//!
//! Althing peers add fields, on topics of their own, as in [`elect_chain`](crate::elect_chain): see
//! `docs/protocol.md`.
//!
//! | file | question |
//! | --- | --- |
//! | `fields` | how are fields written and read whose names can be chosen? |
//! | `uuid` | how is an id written as a UUID? |
//! | `wire` | what do messages look like as JSON? |

mod fields;
mod uuid;
mod wire;

#[cfg(test)]
mod tests;

use std::num::NonZeroU16;
use std::ops::RangeInclusive;
use std::time::Duration;

use althing_engine::Recipient;
use althing_engine::rounds::{
    Authenticator, Counting, Customs, Decision, Election, ElectionEvery, Issuing, Message, Rounds,
    Rules, Signatures, Signed, Tie, Timeouts, Unsigned,
};
use althing_pow::Puzzle;
use althing_types::{Channel, Difficulty, PeerId, Transaction, Uuid};

use crate::ed25519::{Ed25519, ed25519, signed_bytes};
use crate::program::neighbours::{Kind, Neighbours, Ours};
use crate::signer::Verifier;
use crate::topics::Topics;
use crate::{
    BadSecret, Codec, Content, Malformed, NetworkConfig, Received, RoundsDialect, SecretKind,
    Variant, Wire,
};

/// What can be chosen in a network of this kind; all its peers must choose the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Stands before each topic with a slash, so that groups share a broker; may be empty.
    pub room: String,
    /// Stands before each topic, after the room.
    pub prefix: String,
    /// The name of the topic of draws: some classes have `election` instead of the program's
    /// `voting`.
    pub election_topic: String,
    /// The field that names a peer: some classes have `NodeId` instead of the program's `ClientID`.
    pub id_field: String,
    /// Members of a full network, at most [`Config::PEERS_MAX`]; the page has ten, the program's
    /// text three.
    pub peers: NonZeroU16,
    /// What a leader draws its challenges from.
    pub challenges: RangeInclusive<Difficulty>,
    /// What has a leader ask: the page lets it ask by itself, the program waits for its operator.
    pub issuing: Issuing,
    /// Whether our peers sign.
    pub signatures: Signatures,
    /// Rows after which the leader stops.
    pub rounds: Option<Transaction>,
    /// The timeouts of the network.
    pub timeouts: Timeouts,
    /// How long a leader waits between two challenges.
    pub pause: Duration,
}

impl Config {
    /// Members a network can have, so that a message has room for all their keys and signatures.
    pub const PEERS_MAX: u16 = 1000;
}

impl Default for Config {
    fn default() -> Self {
        let bits = |bits| Difficulty::from_bits(bits).expect("between 1 and 160");
        Self {
            room: String::new(),
            prefix: "sd/".to_owned(),
            election_topic: "voting".to_owned(),
            id_field: "ClientID".to_owned(),
            peers: NonZeroU16::new(10).expect("ten is not zero"),
            challenges: bits(10)..=bits(20),
            issuing: Issuing::AtOnce,
            signatures: Signatures::Offered,
            rounds: None,
            timeouts: Timeouts::default(),
            pause: Duration::ZERO,
        }
    }
}

/// The dialect, with its configuration.
#[derive(Clone, Debug)]
pub struct Sd {
    config: Config,
    topics: Topics,
    neighbours: Neighbours,
    rules: Rules,
}

impl Sd {
    /// Returns the dialect of a network with this configuration.
    pub fn new(config: Config) -> Self {
        let rules = Rules {
            peers: config.peers,
            // Draws are UUIDs, and programs compare only their text.
            election: Election::highest(u128::MAX, Tie::LargestId),
            election_every: ElectionEvery::Once,
            decision: Decision::Leader,
            counting: Counting::Members,
            puzzle: Puzzle::SHA1_DECIMAL,
            challenges: config.challenges.clone(),
            issuing: config.issuing,
            signatures: config.signatures,
            timeouts: config.timeouts,
            pause: config.pause,
            // The leader alone decides, so that all have one order.
            turn: Duration::ZERO,
            rounds: config.rounds,
            customs: Customs::default(),
        };
        let topics = Topics::new(&config.room, &config.prefix);
        let ours = Ours::Default {
            kind: Kind::Sd,
            room: config.room.clone(),
            prefix: config.prefix.clone(),
            election: config.election_topic.clone(),
            id_field: config.id_field.clone(),
        };
        let names = wire::topics(&config).into_iter();
        let neighbours = Neighbours::new(ours, &Vec::from_iter(names.map(|it| topics.topic(it))));
        Self { config, topics, neighbours, rules }
    }
}

impl Sd {
    fn signs(&self) -> bool {
        self.rules.signatures != Signatures::None
    }

    /// Returns what gives the bytes that a signature of a message is over: its wire form without
    /// one.
    fn signed_bytes(&self) -> impl Fn(&Message) -> Option<Vec<u8>> + use<> {
        let (config, topics) = (self.config.clone(), self.topics.clone());
        move |message| {
            let unsigned = Signed { message: message.clone(), signature: None };
            let (name, payload) = wire::encode(&config, &unsigned)?;
            Some(signed_bytes("sd", &topics.signed(name), &payload))
        }
    }

    fn content(&self, from: &Channel, payload: &[u8]) -> Result<Content<Signed>, Malformed> {
        wire::decode(&self.config, self.topics.name_of(from)?, payload)
    }
}

impl Codec for Sd {
    type Engine = Rounds;

    fn network(&self) -> NetworkConfig {
        let Config { election_topic, id_field, peers, .. } = &self.config;
        NetworkConfig::Sd {
            variant: Variant::Readme,
            topics: self.topics.plain().to_owned(),
            election_topic: election_topic.clone(),
            id_field: id_field.clone(),
            peers: *peers,
        }
    }

    fn encode(&self, _: &Recipient, signed: &Signed) -> Vec<Wire> {
        let encoded = wire::encode(&self.config, signed);
        let wire = encoded.map(|(name, payload)| self.topics.wire(name, payload));
        wire.into_iter().collect()
    }

    fn decode(&self, from: &Channel, payload: &[u8]) -> Received<Signed> {
        let content = self.content(from, payload);
        Received::from_topic(self.neighbours.look_again(from, payload, content))
    }
}

impl RoundsDialect for Sd {
    fn rules(&self) -> &Rules {
        &self.rules
    }

    fn topics(&self) -> Vec<String> {
        wire::topics(&self.config).into_iter().map(|name| self.topics.topic(name)).collect()
    }

    fn overheard(&self) -> Vec<Vec<String>> {
        self.neighbours.topics()
    }

    /// A UUID of version 4, as the program takes. It has room for more random bits than there are,
    /// so the time fills it up.
    fn peer_id(&self, nanoseconds: u64, entropy: u64) -> PeerId {
        // Bits that the version overwrites in one half stay in the other.
        let low = nanoseconds ^ entropy.rotate_left(32);
        PeerId::new(Uuid::random(u128::from(entropy) << 64 | u128::from(low)).number())
    }

    fn secret_kind(&self) -> SecretKind {
        SecretKind::Random
    }

    fn authenticator(&self, secret: &[u8]) -> Result<Box<dyn Authenticator>, BadSecret> {
        ed25519(secret, self.signs(), self.signed_bytes())
    }

    fn verifier(&self) -> Box<dyn Authenticator> {
        match self.signs() {
            true => Box::new(Verifier::<Ed25519, _>::new(self.signed_bytes())),
            false => Box::new(Unsigned),
        }
    }

    fn last_will(&self, peer: PeerId) -> Option<Wire> {
        let (name, payload) = wire::encode_lost(&self.config, peer);
        Some(self.topics.wire(name, payload))
    }
}
