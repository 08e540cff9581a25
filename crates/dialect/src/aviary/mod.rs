//! `aviary`: peers that gossip over UDP, and keep a chain of short messages.
//!
//! Several independent programs implement it, and differ in details. We accept the messages of all
//! of them, and send what all of them accept. See `docs/protocol.md` for the messages.
//!
//! | file | question |
//! | --- | --- |
//! | `wire` | what do messages and blocks look like as JSON? |

mod wire;

#[cfg(test)]
mod tests;

use althing_engine::Recipient;
use althing_engine::nakamoto::{
    Discovery, Entries, Message, Nakamoto, Rules, SyncMethod, Timeouts,
};
use althing_ledger::{
    Anything, Application, Block, DifficultyRule, EntriesRefused, Entry, Format, Genesis,
    HexDigits, Limits, Own, Rules as ChainRules, Target, Ties, Times,
};
use althing_types::{BlockHash, Channel};

use crate::chain::not_blank;
use crate::codec::datagram;
use crate::{ChainDialect, Codec, Malformed, NetworkConfig, Received, Wire};

/// What can be chosen in a network of this kind; all its peers must choose the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Zeros that a hash must end with: eight in the course, nine in its competitions.
    pub difficulty: HexDigits,
    /// The first block, if it is known.
    pub genesis: Option<BlockHash>,
    /// The timeouts of the network.
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

/// Bytes that the programs read of a datagram: a block in a longer one locks them out, so we mine
/// none, but accept those of others.
const DATAGRAM_READ: usize = 1024;

/// To how many peers a gossip message is passed on.
const FORWARD: usize = 3;

impl Aviary {
    /// Returns the dialect of a network with this configuration.
    pub fn new(config: Config) -> Self {
        let limits = Limits {
            entries: 1..=MESSAGES_MAX,
            entry_length_max: MESSAGE_CHARS_MAX,
            nonce_chars_max: NONCE_CHARS_MAX,
            miner_chars_max: MINER_CHARS_MAX,
            own: Own { entry_length_max: usize::MAX, block_bytes_max: DATAGRAM_READ },
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
            has_cookies: false,
            timeouts: config.timeouts,
        };
        Self { config, rules }
    }
}

impl Codec for Aviary {
    type Engine = Nakamoto;

    fn network(&self) -> NetworkConfig {
        let Config { difficulty, genesis, .. } = self.config;
        NetworkConfig::Aviary { difficulty, genesis }
    }

    fn encode(&self, to: &Recipient, message: &Message) -> Vec<Wire> {
        datagram(to, wire::encode(message))
    }

    fn decode(&self, from: &Channel, payload: &[u8]) -> Received<Message> {
        Received::from_peer(from, None, wire::decode(payload))
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
        not_blank(text).map(Entry::text)
    }

    fn encode_block(&self, block: &Block) -> Vec<u8> {
        wire::encode_block(block).expect("the blocks of this network are of texts")
    }

    fn decode_block(&self, bytes: &[u8]) -> Result<Block, Malformed> {
        wire::decode_block(bytes)
    }
}
