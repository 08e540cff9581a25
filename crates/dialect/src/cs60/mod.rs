//! `cs60`: peers from a tracker's list, who keep a chain of one datum a block, such as a ballot.
//!
//! Peers talk to the tracker over TCP ([`tracker`]) and to each other over UDP. The published
//! program sends its whole chain in one datagram, and ends where that no longer fits; an Althing
//! peer says from where on it wants the chain, in a field that the program ignores, and so goes on.

mod ballots;
pub mod tracker;
mod wire;

#[cfg(test)]
mod tests;

use althing_engine::nakamoto::{Discovery, Entries, Message, Rules, SyncMethod, Timeouts};
use althing_ledger::{
    Anything, Application, Block, Cs60Block, DifficultyRule, EntriesRefused, Entry, Format,
    Genesis, Limits, Rules as ChainRules, Ties, Times,
};

pub use self::ballots::Ballots;
use crate::{ChainDialect, Heard, Malformed, PAYLOAD_MAX};

/// What the data of a network are; all its peers must choose the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Data {
    /// Ballots, one of each voter.
    #[default]
    Ballots,
    /// Any text.
    Texts,
}

impl Data {
    const ALL: [Self; 2] = [Self::Ballots, Self::Texts];

    fn name(self) -> &'static str {
        match self {
            Self::Ballots => "ballots",
            Self::Texts => "texts",
        }
    }
}

/// What can be chosen in a network of this kind; all its peers must choose the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// What the data are.
    pub data: Data,
    /// Zeros that the hash of the first block after the genesis has, less one: three in the
    /// program.
    pub zeros: u8,
    /// When waiting ends.
    pub timeouts: Timeouts,
}

impl Default for Config {
    fn default() -> Self {
        Self { data: Data::default(), zeros: 3, timeouts: Timeouts::default() }
    }
}

/// The dialect, with its configuration.
#[derive(Clone, Debug)]
pub struct Cs60 {
    config: Config,
    rules: Rules,
}

/// Characters of a datum: quoted three times each has up to 18 bytes, and they have to fit into a
/// datagram.
const DATUM_CHARS_MAX: usize = 3000;

impl Cs60 {
    /// Returns the dialect of a network with this configuration.
    pub fn new(config: Config) -> Self {
        let limits = Limits {
            entries: 1..=1,
            entry_length_max: DATUM_CHARS_MAX,
            nonce_chars_max: 0,
            miner_chars_max: 0,
        };
        let rules = Rules {
            chain: ChainRules {
                format: Format::Cs60,
                limits,
                difficulty: DifficultyRule::CubeRoot { least: config.zeros },
                times: Times::Any,
                genesis: Genesis::Given(Box::new(Block::Cs60(Cs60Block::genesis()))),
                ties: Ties::LeastHash,
            },
            discovery: Discovery::Tracker,
            sync: SyncMethod::WholeChain,
            // A program that is told of a block twice asks for the whole chain.
            relay: 0,
            entries: Entries::Kept,
            timeouts: config.timeouts,
        };
        Self { config, rules }
    }
}

impl Cs60 {
    /// Returns the dialect of the network that calls itself so, with the timeouts as they are by
    /// default, or `None` if that is another kind of network.
    pub fn of_network(network: &str) -> Option<Self> {
        let rest = network.strip_prefix("cs60 ")?;
        let (data, rest) = rest.split_once(" from ")?;
        let data = Data::ALL.into_iter().find(|kind| kind.name() == data)?;
        let zeros = rest.strip_suffix(" zeros")?.parse().ok()?;
        Some(Self::new(Config { data, zeros, ..Config::default() }))
    }
}

impl ChainDialect for Cs60 {
    fn network(&self) -> String {
        format!("cs60 {} from {} zeros", self.config.data.name(), self.config.zeros)
    }

    fn rules(&self) -> &Rules {
        &self.rules
    }

    fn application(&self) -> Box<dyn Application> {
        match self.config.data {
            Data::Ballots => Box::new(Ballots::default()),
            Data::Texts => Box::new(Anything),
        }
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
        wire::encode_block(block).expect("the blocks of this network are of its own kind")
    }

    fn decode_block(&self, bytes: &[u8]) -> Result<Block, Malformed> {
        match bytes.len() {
            bytes if bytes > PAYLOAD_MAX => Err(Malformed::TooLong { bytes }),
            _ => wire::decode_block(bytes),
        }
    }
}
