//! `elect-chain`: peers over MQTT elect one leader by lot, and all vote on each solution.
//!
//! There are two variants. [`Variant::Readme`] is what its page describes, with every member
//! counted once; [`Variant::Published`] is what its program does, to share a network with it. They
//! differ in the tie of an election, in the name of one field, and in whose messages count.
//!
//! The plain protocol contains too little to survive the loss of a message or a peer, and nothing
//! in it keeps one peer from impersonating another. So in the `readme` variant Althing peers add
//! fields, on topics of their own, which no published program hears: see `docs/protocol.md`. A peer
//! that omits them is not a member; published programs are met in the `published` variant.
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
    Rules, Signatures, Signed, Tie, Timeouts,
};
use althing_pow::Puzzle;
use althing_types::{Channel, Difficulty, PeerId, Transaction};

use crate::ed25519::{ed25519, signed_bytes};
use crate::neighbours::{Kind, Neighbours, Ours};
use crate::topics::Topics;
use crate::{
    BadSecret, Codec, Content, Malformed, NetworkConfig, Received, RoundsDialect, SecretKind,
    Variant, Wire,
};

/// What can be chosen in a network of this kind; all its peers must choose the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Page or program.
    pub variant: Variant,
    /// Stands before each topic with a slash, so that groups share a broker; may be empty.
    pub room: String,
    /// Stands before each topic, after the room: the program has none.
    pub prefix: String,
    /// Members of a full network, at most [`Config::PEERS_MAX`]; the program has ten.
    pub peers: NonZeroU16,
    /// What a leader draws its challenges from.
    pub challenges: RangeInclusive<Difficulty>,
    /// Whether our peers sign; the published variant never does.
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
            variant: Variant::Readme,
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
    config: Config,
    topics: Topics,
    neighbours: Neighbours,
    rules: Rules,
}

/// Draws are between zero and this.
const DRAW_MAX: u128 = 255;

/// How long it is each member's turn to answer, in the published variant. Most brokers give all
/// peers one order anyway, and a round of the program takes 140 ms.
const TURN: Duration = Duration::from_millis(20);

impl ElectChain {
    /// Returns the dialect of a network with this configuration.
    pub fn new(config: Config) -> Self {
        let (tie, counting, signatures) = match config.variant {
            Variant::Readme => (Tie::SmallestId, Counting::Members, config.signatures),
            Variant::Published => (Tie::LargestId, Counting::Arrivals, Signatures::None),
        };
        let rules = Rules {
            peers: config.peers,
            election: Election::highest(DRAW_MAX, tie),
            election_every: ElectionEvery::Once,
            decision: Decision::Majority,
            counting,
            puzzle: Puzzle::SHA1_INTEGER,
            challenges: config.challenges.clone(),
            issuing: Issuing::AtOnce,
            signatures,
            timeouts: config.timeouts,
            pause: config.pause,
            turn: match config.variant {
                Variant::Readme => Duration::ZERO,
                Variant::Published => TURN,
            },
            rounds: config.rounds,
            customs: Customs::default(),
        };
        let topics = Topics::new(&config.room, &config.prefix, config.variant);
        let ours = Ours {
            kind: Kind::ElectChain,
            variant: config.variant,
            room: config.room.clone(),
            prefix: config.prefix.clone(),
            election: wire::ELECTION.to_owned(),
            id_field: "id".to_owned(),
        };
        let neighbours = Neighbours::new(ours, &wire::TOPICS.map(|name| topics.topic(name)));
        Self { config, topics, neighbours, rules }
    }
}

impl ElectChain {
    fn content(&self, from: &Channel, payload: &[u8]) -> Result<Content<Signed>, Malformed> {
        wire::decode(self.config.variant, self.topics.name_of(from)?, payload)
    }
}

impl Codec for ElectChain {
    type Engine = Rounds;

    fn network(&self) -> NetworkConfig {
        let Config { variant, peers, .. } = self.config;
        NetworkConfig::ElectChain { variant, topics: self.topics.plain().to_owned(), peers }
    }

    fn encode(&self, _: &Recipient, signed: &Signed) -> Vec<Wire> {
        let encoded = wire::encode(self.config.variant, signed);
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
        let signs = self.rules.signatures != Signatures::None;
        let topics = self.topics.clone();
        // What a signature of a message is over: its wire form without one.
        let bytes = move |message: &Message| {
            let unsigned = Signed { message: message.clone(), signature: None };
            let (name, payload) = wire::encode(Variant::Readme, &unsigned)?;
            Some(signed_bytes("elect-chain", &topics.signed(name), &payload))
        };
        ed25519(secret, signs, bytes)
    }

    fn last_will(&self, peer: PeerId) -> Option<Wire> {
        let (name, payload) = wire::encode_lost(peer)?;
        Some(self.topics.wire(name, payload))
    }
}
