//! `elect-chain`: peers over MQTT elect one leader by lot, and all vote on each solution.
//!
//! This is what its page describes, with every member counted once. What its program does is the
//! [profile](crate::profile) of the same name, to share a network with it.
//!
//! The plain protocol contains too little to survive the loss of a message or a peer, and nothing
//! in it keeps one peer from impersonating another. So Althing peers add fields, on topics of their
//! own, which no published program hears: see `docs/protocol.md`. A peer that omits them is not a
//! member.
//!
//! | file | question |
//! | --- | --- |
//! | `wire` | what do messages look like as JSON? |

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
use althing_types::{Channel, Difficulty, PeerId, Transaction};

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
    /// Stands before each topic, after the room: the program has none.
    pub prefix: String,
    /// Members of a full network, at most [`Config::PEERS_MAX`]; the program has ten.
    pub peers: NonZeroU16,
    /// What a leader draws its challenges from.
    pub challenges: RangeInclusive<Difficulty>,
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
            prefix: String::new(),
            peers: NonZeroU16::new(10).expect("ten is not zero"),
            challenges: bits(8)..=bits(20),
            signatures: Signatures::Offered,
            rounds: None,
            timeouts: Timeouts::default(),
            pause: Duration::ZERO,
        }
    }
}

/// The dialect, with its configuration.
#[derive(Clone, Debug)]
pub struct ElectChain {
    topics: Topics,
    neighbours: Neighbours,
    rules: Rules,
}

/// Draws are between zero and this.
const DRAW_MAX: u128 = 255;

impl ElectChain {
    /// Returns the dialect of a network with this configuration.
    pub fn new(config: Config) -> Self {
        let rules = Rules {
            peers: config.peers,
            election: Election::highest(DRAW_MAX, Tie::SmallestId),
            election_every: ElectionEvery::Once,
            decision: Decision::Majority,
            counting: Counting::Members,
            puzzle: Puzzle::SHA1_INTEGER,
            challenges: config.challenges,
            issuing: Issuing::AtOnce,
            signatures: config.signatures,
            timeouts: config.timeouts,
            pause: config.pause,
            turn: Duration::ZERO,
            rounds: config.rounds,
            customs: Customs::default(),
        };
        let topics = Topics::new(&config.room, &config.prefix);
        let ours = Ours::Default {
            kind: Kind::ElectChain,
            room: config.room,
            prefix: config.prefix,
            election: wire::ELECTION.to_owned(),
            id_field: "id".to_owned(),
        };
        let neighbours = Neighbours::new(ours, &wire::TOPICS.map(|name| topics.topic(name)));
        Self { topics, neighbours, rules }
    }
}

impl ElectChain {
    fn signs(&self) -> bool {
        self.rules.signatures != Signatures::None
    }

    /// Returns what gives the bytes that a signature of a message is over: its wire form without
    /// one.
    fn signed_bytes(&self) -> impl Fn(&Message) -> Option<Vec<u8>> + use<> {
        let topics = self.topics.clone();
        move |message| {
            let unsigned = Signed { message: message.clone(), signature: None };
            let (name, payload) = wire::encode(&unsigned)?;
            Some(signed_bytes("elect-chain", &topics.signed(name), &payload))
        }
    }

    fn content(&self, from: &Channel, payload: &[u8]) -> Result<Content<Signed>, Malformed> {
        wire::decode(self.topics.name_of(from)?, payload)
    }
}

impl Codec for ElectChain {
    type Engine = Rounds;

    fn network(&self) -> NetworkConfig {
        NetworkConfig::ElectChain {
            variant: Variant::Readme,
            topics: self.topics.plain().to_owned(),
            peers: self.rules.peers,
        }
    }

    fn encode(&self, _: &Recipient, signed: &Signed) -> Vec<Wire> {
        let encoded = wire::encode(signed);
        let wire = encoded.map(|(name, payload)| self.topics.wire(name, payload));
        wire.into_iter().collect()
    }

    fn decode(&self, from: &Channel, payload: &[u8]) -> Received<Signed> {
        let content = self.content(from, payload);
        Received::from_topic(self.neighbours.look_again(from, payload, content))
    }
}

impl RoundsDialect for ElectChain {
    fn rules(&self) -> &Rules {
        &self.rules
    }

    fn topics(&self) -> Vec<String> {
        wire::TOPICS.iter().map(|name| self.topics.topic(name)).collect()
    }

    fn overheard(&self) -> Vec<Vec<String>> {
        self.neighbours.topics()
    }

    /// The program takes the time of its start in nanoseconds. So do we, but for the last three
    /// digits or so: two peers may start at once.
    fn peer_id(&self, nanoseconds: u64, entropy: u64) -> PeerId {
        PeerId::new(((nanoseconds & !0x3ff) | (entropy & 0x3ff)).into())
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
        let (name, payload) = wire::encode_lost(peer)?;
        Some(self.topics.wire(name, payload))
    }
}
