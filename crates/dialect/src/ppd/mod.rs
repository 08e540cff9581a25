//! `ppd`: peers over AMQP, signed with RSA, that elect a leader for each row of the table.
//!
//! This is what its page describes: each member draws a member, the one drawn most often leads, and
//! a majority of the members decides. What its program does is the [profile](crate::profile) of the
//! same name, to share a network with it.
//!
//! A signature covers the message as Python would write it, and an engine's message does not
//! remember how it was written. So we accept only what we would write the same way, apart from
//! whitespace: a message with other fields, or with its fields in another order, is refused.
//!
//! The plain protocol contains too little to survive the loss of a message or a peer. Althing peers
//! add fields to its messages, signed with the rest, on exchanges of their own, and have one
//! exchange more. See `docs/protocol.md`.
//!
//! | file | question |
//! | --- | --- |
//! | `decode` | what do bytes mean to the engine? |
//! | `encode` | what does a message of the engine look like? |
//! | `wire` | which fields has each message? |

mod decode;
mod encode;
mod wire;

#[cfg(test)]
mod tests;

use std::num::NonZeroU16;
use std::ops::RangeInclusive;
use std::time::Duration;

use althing_engine::Recipient;
use althing_engine::rounds::{
    Authenticator, Counting, Customs, Decision, Election, ElectionEvery, Issuing, Rounds, Rules,
    Signatures, Signed, Tie, Timeouts,
};
use althing_pow::Puzzle;
use althing_types::{Channel, Difficulty, PeerId, Transaction};

use crate::codec::short_enough;
use crate::json::tokens;
use crate::program::neighbours::{Kind, Neighbours, Ours};
use crate::rsa::{Rsa, rsa};
use crate::signer::Verifier;
use crate::topics::Topics;
use crate::{
    BadSecret, Codec, Content, Malformed, NetworkConfig, Received, RoundsDialect, SecretKind,
    Variant, Wire,
};

/// What can be chosen in a network of this kind; all its peers must choose the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Stands before each exchange with a slash, so that groups share a broker; may be empty.
    pub room: String,
    /// Stands before each exchange, after the room: the program has `ppd/`.
    pub prefix: String,
    /// Members of a full network, at most [`Config::PEERS_MAX`]; the program has ten.
    pub peers: NonZeroU16,
    /// What a leader draws its challenges from; the program always asks for 20.
    pub challenges: RangeInclusive<Difficulty>,
    /// Rows after which the leader stops.
    pub rounds: Option<Transaction>,
    /// The timeouts of the network.
    pub timeouts: Timeouts,
    /// How long a leader waits between two challenges.
    pub pause: Duration,
}

impl Config {
    /// Members a network can have. A signature is 512 characters long, so that of a certificate's
    /// 256 KiB each vote takes 540, and 480 votes leave room for the rest.
    pub const PEERS_MAX: u16 = 480;
}

impl Default for Config {
    fn default() -> Self {
        let bits = Difficulty::from_bits(20).expect("between 1 and 160");
        Self {
            room: String::new(),
            prefix: "ppd/".into(),
            peers: NonZeroU16::new(10).expect("ten is not zero"),
            challenges: bits..=bits,
            rounds: None,
            timeouts: Timeouts::default(),
            pause: Duration::ZERO,
        }
    }
}

/// The dialect, with its configuration.
#[derive(Clone, Debug)]
pub struct Ppd {
    topics: Topics,
    neighbours: Neighbours,
    rules: Rules,
}

impl Ppd {
    /// Returns the dialect of a network with this configuration.
    pub fn new(config: Config) -> Self {
        let rules = Rules {
            peers: config.peers,
            election: Election::plurality(Tie::LargestId),
            election_every: ElectionEvery::Transaction,
            decision: Decision::Majority,
            counting: Counting::Members,
            puzzle: Puzzle::SHA1_TEXT,
            challenges: config.challenges,
            issuing: Issuing::AtOnce,
            signatures: Signatures::Required,
            timeouts: config.timeouts,
            pause: config.pause,
            turn: Duration::ZERO,
            rounds: config.rounds,
            customs: Customs::default(),
        };
        let topics = Topics::new(&config.room, &config.prefix);
        let ours = Ours::Default {
            kind: Kind::Ppd,
            room: config.room,
            prefix: config.prefix,
            election: wire::ELECTION.to_owned(),
            id_field: "NodeId".to_owned(),
        };
        let neighbours = Neighbours::new(ours, &wire::PLAIN.map(|name| topics.topic(name)));
        Self { topics, neighbours, rules }
    }
}

impl Ppd {
    fn content(&self, from: &Channel, payload: &[u8]) -> Result<Content<Signed>, Malformed> {
        let payload = short_enough(payload)?;
        let received = decode::decode(self.topics.name_of(from)?, payload)?;
        if let Content::Message(signed) = &received {
            // What says an id alone is not signed, and stands before what is.
            let ours = encode::encode(signed).pop();
            if !ours.is_some_and(|(_, ours)| tokens(payload).eq(tokens(&ours))) {
                let reason = "its fields are in another order, or its text is escaped otherwise";
                return Err(Malformed::NotAMessage(reason.into()));
            }
        }
        Ok(received)
    }
}

impl Codec for Ppd {
    type Engine = Rounds;

    fn network(&self) -> NetworkConfig {
        NetworkConfig::Ppd {
            variant: Variant::Readme,
            topics: self.topics.plain().to_owned(),
            peers: self.rules.peers,
        }
    }

    fn encode(&self, _: &Recipient, signed: &Signed) -> Vec<Wire> {
        let bodies = encode::encode(signed).into_iter();
        bodies.map(|(name, payload)| self.topics.wire(name, payload)).collect()
    }

    fn decode(&self, from: &Channel, payload: &[u8]) -> Received<Signed> {
        let content = self.content(from, payload);
        Received::from_topic(self.neighbours.look_again(from, payload, content))
    }
}

impl RoundsDialect for Ppd {
    fn rules(&self) -> &Rules {
        &self.rules
    }

    fn topics(&self) -> Vec<String> {
        wire::PLAIN.into_iter().chain([wire::SYNC]).map(|name| self.topics.topic(name)).collect()
    }

    fn overheard(&self) -> Vec<Vec<String>> {
        self.neighbours.topics()
    }

    /// The program's user chooses a number. We draw one of the 2^31 that it means to draw from.
    fn peer_id(&self, _: u64, entropy: u64) -> PeerId {
        PeerId::new((entropy & 0x7fff_ffff).into())
    }

    fn secret_kind(&self) -> SecretKind {
        SecretKind::Rsa
    }

    fn authenticator(&self, secret: &[u8]) -> Result<Box<dyn Authenticator>, BadSecret> {
        rsa(secret, encode::signed_bytes)
    }

    fn verifier(&self) -> Box<dyn Authenticator> {
        Box::new(Verifier::<Rsa, _>::new(encode::signed_bytes))
    }

    /// AMQP has no last wills.
    fn last_will(&self, _: PeerId) -> Option<Wire> {
        None
    }
}
