//! `aviary`: peers that gossip over UDP, and keep a chain of short messages.
//!
//! Many programs implement it, and differ in what a profile says ([`AviaryRules`]). We read the
//! messages of all of them, and write what those of the profile write. See `docs/protocol.md` for
//! the messages.
//!
//! | file | question |
//! | --- | --- |
//! | `decode` | what does a datagram say, however it is written? |
//! | `encode` | how do the programs of the profile write a message or a block? |
//! | `properties` | does any message survive the wire under any profile? |

mod decode;
mod encode;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use althing_engine::nakamoto::{
    Customs, Discovery, Entries, Message, Nakamoto, ReplyTo, Rules, SyncMethod, Timeouts,
};
use althing_engine::{Origin, OtherNetwork, Overheard, Recipient};
use althing_ledger::{
    Agreement, Anything, Application, Block, Choice, DifficultyRule, EntriesRefused, Entry, Format,
    Genesis, HexDigits, Limits, Own, Rules as ChainRules, Target, Ties, Times,
};
use althing_types::{BlockHash, Channel};

use self::decode::Heard;
use crate::chain::not_blank;
use crate::codec::datagram;
use crate::profile::{
    self, AviaryRules, Choose, EmptyStats, NetworkKind, NumberForm, Profile, built_in,
};
use crate::program::neighbours::digest;
use crate::{ChainDialect, Codec, Content, Malformed, NetworkConfig, Received, Wire};

/// What can be chosen in a network of this kind; all its peers must choose the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// How its programs speak and behave.
    pub programs: AviaryRules,
    /// The first block, if it is known.
    pub genesis: Option<BlockHash>,
    /// The timeouts of the network.
    pub timeouts: Timeouts,
}

impl Config {
    /// Returns a network of the course's programs whose hashes end with so many zeros.
    pub fn with_zeros(difficulty: u8) -> Self {
        Self { programs: AviaryRules { difficulty, ..AviaryRules::default() }, ..Self::default() }
    }

    /// Returns how many zeros a hash must end with; no profile asks for more than a hash has.
    fn zeros(&self) -> HexDigits {
        HexDigits::new(self.programs.difficulty).unwrap_or(HexDigits::MAX)
    }
}

/// The dialect, with its configuration.
#[derive(Clone, Debug)]
pub struct Aviary {
    config: Config,
    rules: Rules,
}

/// Messages that a block may hold.
const MESSAGES_MAX: usize = 10;

/// Characters of a message.
pub const MESSAGE_CHARS_MAX: usize = 20;

/// Characters of a nonce. The assignment allows one less, but the programs take this many.
const NONCE_CHARS_MAX: usize = 40;

/// Characters of a miner's name: more do not fit into what the programs receive at a time.
const MINER_CHARS_MAX: usize = 1024;

/// Bytes that the programs read of a datagram: a block in a longer one locks them out, so we mine
/// none, but accept those of others.
const DATAGRAM_READ: usize = 1024;

/// To how many peers a gossip message is passed on.
const FORWARD: usize = 3;

impl Aviary {
    /// Returns the dialect of a network with this configuration.
    pub fn new(config: Config) -> Self {
        let programs = &config.programs;
        // Texts have two quotation marks each, and a block has two numbers.
        let marks = if programs.numbers == NumberForm::Text { 4 } else { 0 };
        let limits = Limits {
            entries: 1..=MESSAGES_MAX,
            entry_length_max: MESSAGE_CHARS_MAX,
            nonce_chars_max: NONCE_CHARS_MAX,
            miner_chars_max: MINER_CHARS_MAX,
            own: Own { entry_length_max: usize::MAX, block_bytes_max: DATAGRAM_READ - marks },
        };
        let rules = Rules {
            chain: ChainRules {
                format: Format::Aviary { timed: programs.timestamp },
                limits,
                difficulty: DifficultyRule::Fixed(Target::TrailingZeros(config.zeros())),
                times: Times::Any,
                genesis: Genesis::Mined(config.genesis),
                choice: choice(programs.choose),
            },
            discovery: Discovery::Gossip { forward: FORWARD },
            sync: SyncMethod::ByHeight,
            relay: FORWARD,
            entries: Entries::Shared,
            customs: customs(programs),
            has_cookies: false,
            timeouts: config.timeouts,
        };
        Self { config, rules }
    }
}

/// Returns which chain counts.
fn choice(choose: Choose) -> Choice {
    match choose {
        Choose::MostAgreed => Choice::Agreed(Agreement::MostPeers),
        Choose::MoreThanHalf => Choice::Agreed(Agreement::MoreThanHalf),
        Choose::Highest => Choice::MostWork(Ties::FirstSeen),
        Choose::HighestThenHash => Choice::MostWork(Ties::LeastHash),
    }
}

fn customs(programs: &AviaryRules) -> Customs {
    Customs {
        reply_to: match programs.reply_to {
            profile::ReplyTo::Named => ReplyTo::Origin,
            profile::ReplyTo::Source => ReplyTo::Sender,
        },
        tells_of_none: programs.empty != EmptyStats::Silent,
        peers_min: programs.min_peers.into(),
        serves_genesis: programs.serve_genesis,
    }
}

/// Returns how peers whose blocks have times, or none, are told of.
fn other_network(timed: bool) -> Option<OtherNetwork> {
    let is_it =
        |other: &&Profile| other.network == NetworkKind::Aviary && other.aviary.timestamp == timed;
    let Profile { name, .. } = built_in::all().iter().find(is_it)?;
    Some(OtherNetwork {
        speech: format!("as the programs of {name}").into(),
        advice: format!("use --profile {name}").into(),
    })
}

impl Codec for Aviary {
    type Engine = Nakamoto;

    fn network(&self) -> NetworkConfig {
        let Config { programs, genesis, .. } = &self.config;
        let (difficulty, genesis) = (self.config.zeros(), *genesis);
        NetworkConfig::Aviary { difficulty, genesis, timestamp: programs.timestamp }
    }

    fn encode(&self, to: &Recipient, message: &Message) -> Vec<Wire> {
        datagram(to, encode::encode(&self.config.programs, message))
    }

    fn decode(&self, from: &Channel, payload: &[u8]) -> Received<Message> {
        let heard = decode::decode(&self.config.programs, payload);
        let content = heard.map(|heard| match heard {
            Heard::Message(message) => Content::Message(message),
            Heard::OtherBlock { timed } => {
                other_network(timed).map_or(Content::Nothing, |network| {
                    let speaker = from.as_address().map(|address| digest(&address.to_string()));
                    Content::Overheard(Overheard { network, speaker, among_us: true })
                })
            }
        });
        let from = Origin { address: from.as_address().cloned(), key: None };
        Received { from, content }
    }
}

impl ChainDialect for Aviary {
    fn rules(&self) -> &Rules {
        &self.rules
    }

    fn application(&self) -> Box<dyn Application> {
        Box::new(Anything)
    }

    fn entry(&self, text: &str, _: u64) -> Result<Entry, EntriesRefused> {
        let (length, most) = (text.chars().count(), MESSAGE_CHARS_MAX);
        if length > most {
            return Err(EntriesRefused::because(format!(
                "a message has at most {most} characters, and this one has {length}"
            )));
        }
        not_blank(text).map(Entry::text)
    }

    fn encode_block(&self, block: &Block) -> Vec<u8> {
        encode::encode_block(&self.config.programs, block)
            .expect("the blocks of this network are of texts")
    }

    fn decode_block(&self, bytes: &[u8]) -> Result<Block, Malformed> {
        decode::decode_block(&self.config.programs, bytes)
    }
}
