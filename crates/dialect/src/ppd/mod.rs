//! `ppd`: peers over AMQP, signed with RSA, that elect a leader for each row of the table.
//!
//! There are two variants. [`Variant::Readme`] is what its page describes: each member draws a
//! member, the one drawn most often leads, and a majority of the members decides.
//! [`Variant::Published`] is what its program does, to share a network with it: the highest number
//! drawn leads, and half of as many votes as there are members decide.
//!
//! A signature covers the message as Python would write it, and an engine's message does not
//! remember how it was written. So we accept only what we would write the same way, apart from
//! whitespace: a message with other fields, or with its fields in another order, is refused.
//!
//! The plain protocol contains too little to survive the loss of a message or a peer. In the
//! `readme` variant Althing peers add fields to its messages, signed with the rest, on exchanges of
//! their own, and have one exchange more. See `docs/protocol.md`.
//!
//! | file | question |
//! | --- | --- |
//! | `decode` | what do bytes mean to the engine? |
//! | `encode` | what does a message of the engine look like? |
//! | `key` | how is an RSA key written? |
//! | `wire` | which fields has each message? |

mod decode;
mod encode;
mod key;
mod wire;

#[cfg(test)]
mod tests;

use std::num::NonZeroU16;
use std::ops::RangeInclusive;
use std::time::Duration;

use althing_engine::Recipient;
use althing_engine::rounds::{
    Authenticator, Counting, Customs, Decision, Draw, Election, ElectionEvery, Issuing, Rounds,
    Rules, Signatures, Signed, Tie, Timeouts,
};
use althing_pow::Puzzle;
use althing_types::{Channel, Difficulty, PeerId, Transaction};

use crate::codec::short_enough;
use crate::neighbours::{Kind, Neighbours, Ours};
use crate::rsa::rsa;
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
            variant: Variant::Readme,
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
    config: Config,
    topics: Topics,
    neighbours: Neighbours,
    rules: Rules,
}

/// The program's draws for its first election are between zero and this. It means to draw from all
/// numbers below 2^31, but writes `2^(32-1)`, which is 29 in Python. Later it draws the id of a
/// member.
const DRAW_MAX: u128 = 29;

/// How long it is each member's turn to answer, in the published variant. RabbitMQ gives peers no
/// common order, and a row of the program takes two seconds or more.
const TURN: Duration = Duration::from_millis(100);

/// How often the program says its id while its room is not full.
const ANNOUNCE: Duration = Duration::from_secs(1);

impl Ppd {
    /// Returns the dialect of a network with this configuration.
    pub fn new(config: Config) -> Self {
        let tie = Tie::LargestId;
        let mut customs = Customs::default();
        let (election, decision, counting) = match config.variant {
            Variant::Readme => (Election::plurality(tie), Decision::Majority, Counting::Members),
            Variant::Published => {
                customs.joining.every = Some(ANNOUNCE);
                let draw = Draw::NumberThenMember { min: 0, max: DRAW_MAX };
                let election = Election { draw, ..Election::highest(DRAW_MAX, tie) };
                (election, Decision::AtLeastHalf, Counting::ArrivalsOfRow)
            }
        };
        let rules = Rules {
            peers: config.peers,
            election,
            election_every: ElectionEvery::Transaction,
            decision,
            counting,
            puzzle: Puzzle::SHA1_TEXT,
            challenges: config.challenges.clone(),
            issuing: Issuing::AtOnce,
            signatures: Signatures::Required,
            timeouts: config.timeouts,
            pause: config.pause,
            turn: match config.variant {
                Variant::Readme => Duration::ZERO,
                Variant::Published => TURN,
            },
            rounds: config.rounds,
            customs,
        };
        let topics = Topics::new(&config.room, &config.prefix, config.variant);
        let ours = Ours {
            kind: Kind::Ppd,
            variant: config.variant,
            room: config.room.clone(),
            prefix: config.prefix.clone(),
            election: wire::ELECTION.to_owned(),
            id_field: "NodeId".to_owned(),
        };
        let neighbours = Neighbours::new(ours, &wire::PLAIN.map(|name| topics.topic(name)));
        Self { config, topics, neighbours, rules }
    }
}

impl Ppd {
    fn content(&self, from: &Channel, payload: &[u8]) -> Result<Content<Signed>, Malformed> {
        let payload = short_enough(payload)?;
        let variant = self.config.variant;
        let received = decode::decode(variant, self.topics.name_of(from)?, payload)?;
        if let Content::Message(signed) = &received {
            // What says an id alone is not signed, and stands before what is.
            let ours = encode::encode(variant, signed).pop();
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
        let Config { variant, peers, .. } = self.config;
        NetworkConfig::Ppd { variant, topics: self.topics.plain().to_owned(), peers }
    }

    fn encode(&self, _: &Recipient, signed: &Signed) -> Vec<Wire> {
        let bodies = encode::encode(self.config.variant, signed).into_iter();
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
        let ours = (self.config.variant == Variant::Readme).then_some(wire::SYNC);
        wire::PLAIN.into_iter().chain(ours).map(|name| self.topics.topic(name)).collect()
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
        let variant = self.config.variant;
        rsa(secret, move |message| encode::signed_bytes(variant, message))
    }

    /// AMQP has no last wills.
    fn last_will(&self, _: PeerId) -> Option<Wire> {
        None
    }
}

/// Returns JSON without the whitespace between its tokens, which no signature covers.
fn tokens(json: &[u8]) -> impl Iterator<Item = u8> {
    let (mut in_string, mut escaped) = (false, false);
    json.iter().copied().filter(move |byte| {
        let is_part = in_string || !byte.is_ascii_whitespace();
        if *byte == b'"' && !escaped {
            in_string = !in_string;
        }
        escaped = in_string && !escaped && *byte == b'\\';
        is_part
    })
}
