//! `aviary`: peers that gossip over UDP, and keep a chain of short messages.
//!
//! Several independent programs speak it, and differ in details; we understand all of them, and
//! write what all of them understand. See `docs/protocol.md` for the messages.

mod wire;

#[cfg(test)]
mod tests;

use althing_engine::nakamoto::{Discovery, Entries, Message, Rules, SyncMethod, Timeouts};
use althing_ledger::{
    Anything, Application, Block, DifficultyRule, EntriesRefused, Entry, Format, Genesis,
    HexDigits, Limits, Rules as ChainRules, Target, Ties, Times,
};
use althing_types::BlockHash;

use crate::{ChainDialect, Heard, Malformed, PAYLOAD_MAX};

/// What can be chosen in a network of this kind; all its peers must choose the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Zeros that a hash must end with: eight in the course, nine in its competitions.
    pub difficulty: HexDigits,
    /// The first block, if it is known.
    pub genesis: Option<BlockHash>,
    /// When waiting ends.
    pub timeouts: Timeouts,
}

impl Default for Config {
    fn default() -> Self {
        let difficulty = HexDigits::new(8).expect("a hash has more");
        Self { difficulty, genesis: None, timeouts: Timeouts::default() }
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

/// Peers that a word is passed on to.
const FORWARD: usize = 3;

impl Aviary {
    /// Returns the dialect of a network with this configuration.
    pub fn new(config: Config) -> Self {
        let limits = Limits {
            entries: 1..=MESSAGES_MAX,
            entry_length_max: MESSAGE_CHARS_MAX,
            nonce_chars_max: NONCE_CHARS_MAX,
            miner_chars_max: MINER_CHARS_MAX,
        };
        let rules = Rules {
            chain: ChainRules {
                format: Format::Aviary,
                limits,
                difficulty: DifficultyRule::Fixed(Target::TrailingZeros(config.difficulty)),
                times: Times::Any,
                genesis: Genesis::Mined(config.genesis),
                ties: Ties::LeastHash,
            },
            discovery: Discovery::Gossip { forward: FORWARD },
            sync: SyncMethod::ByHeight,
            relay: FORWARD,
            entries: Entries::Shared,
            timeouts: config.timeouts,
        };
        Self { config, rules }
    }
}

impl Aviary {
    /// Returns the dialect of the network that calls itself so, with the timeouts as they are by
    /// default, or `None` if that is another kind of network.
    pub fn of_network(network: &str) -> Option<Self> {
        let rest = network.strip_prefix("aviary of difficulty ")?;
        let (digits, genesis) = rest.split_once(" from ")?;
        let difficulty = HexDigits::new(digits.parse().ok()?)?;
        let genesis = if genesis == "any" { None } else { Some(genesis.parse().ok()?) };
        Some(Self::new(Config { difficulty, genesis, ..Config::default() }))
    }
}

impl ChainDialect for Aviary {
    fn network(&self) -> String {
        let genesis = self.config.genesis.map_or("any".to_owned(), |hash| hash.to_string());
        format!("aviary of difficulty {} from {genesis}", self.config.difficulty.number())
    }

    fn rules(&self) -> &Rules {
        &self.rules
    }

    fn application(&self) -> Box<dyn Application> {
        Box::new(Anything)
    }

    fn entry(&self, text: &str, _: u64) -> Result<Entry, EntriesRefused> {
        Ok(Entry::text(text))
    }

    fn encode(&self, message: &Message) -> Option<Vec<u8>> {
        wire::encode(message)
    }

    fn decode(&self, payload: &[u8]) -> Heard {
        Heard::unsigned(match payload.len() {
            bytes if bytes > PAYLOAD_MAX => Err(Malformed::TooLong { bytes }),
            _ => wire::decode(payload),
        })
    }

    fn encode_block(&self, block: &Block) -> Vec<u8> {
        wire::encode_block(block).expect("the blocks of this network are of texts")
    }

    fn decode_block(&self, bytes: &[u8]) -> Result<Block, Malformed> {
        match bytes.len() {
            bytes if bytes > PAYLOAD_MAX => Err(Malformed::TooLong { bytes }),
            _ => wire::decode_block(bytes),
        }
    }
}
