//! `cs60`: peers from a tracker's list keep a chain with one piece of data per block, such as a
//! ballot.
//!
//! Peers talk to the tracker over TCP (`althing_net::tracker`) and to each other over UDP. The
//! published program sends its whole chain in one datagram, and fails once that no longer fits. An
//! Althing peer states from which height it wants the chain, in a field that the program ignores,
//! so its chain may be longer.
//!
//! | file | question |
//! | --- | --- |
//! | `wire` | what do messages and blocks look like as JSON? |

mod wire;

#[cfg(test)]
mod tests;

use althing_engine::Recipient;
use althing_engine::nakamoto::{
    Customs, Discovery, Entries, Message, Nakamoto, Rules, SyncMethod, Timeouts,
};
use althing_ledger::{
    Anything, Application, Block, Choice, Cs60Block, DifficultyRule, EntriesRefused, Entry, Format,
    Genesis, Limits, Own, Rules as ChainRules, Ties, Times,
};
use althing_types::Channel;

use crate::chain::not_blank;
use crate::codec::datagram;
use crate::{ChainDialect, Codec, Malformed, NetworkConfig, Received, Wire};
pub use althing_applications::{Answer, Ballots, Known};

pub use crate::profile::Data;

/// What can be chosen in a network of this kind; all its peers must choose the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// What the data are.
    pub data: Data,
    /// Zeros that the hash of the first block after the genesis has, less one: three in the
    /// program.
    pub zeros: u8,
    /// The timeouts of the network.
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

/// Characters of a datum of ours: quoted three times each has up to 18 bytes, and they have to fit
/// into a datagram.
const OWN_DATUM_CHARS_MAX: usize = 3000;

impl Cs60 {
    /// Returns the dialect of a network with this configuration.
    pub fn new(config: Config) -> Self {
        let limits = Limits {
            entries: 1..=1,
            // The program has no limit but that of a datagram.
            entry_length_max: crate::DATAGRAM_MAX,
            nonce_chars_max: 0,
            miner_chars_max: 0,
            own: Own { entry_length_max: OWN_DATUM_CHARS_MAX, block_bytes_max: usize::MAX },
        };
        let rules = Rules {
            chain: ChainRules {
                format: Format::Cs60,
                limits,
                difficulty: DifficultyRule::CubeRoot { least: config.zeros },
                times: Times::Any,
                genesis: Genesis::Given(Box::new(Block::Cs60(Cs60Block::genesis()))),
                choice: Choice::MostWork(Ties::LeastHash),
            },
            discovery: Discovery::Tracker,
            sync: SyncMethod::WholeChain,
            // A program that is told of a block twice asks for the whole chain.
            relay: 0,
            entries: Entries::Kept,
            customs: Customs::default(),
            has_cookies: false,
            timeouts: config.timeouts,
        };
        Self { config, rules }
    }
}

impl Codec for Cs60 {
    type Engine = Nakamoto;

    fn network(&self) -> NetworkConfig {
        let Config { data, zeros, .. } = self.config;
        NetworkConfig::Cs60 { data, zeros }
    }

    fn encode(&self, to: &Recipient, message: &Message) -> Vec<Wire> {
        datagram(to, wire::encode(message))
    }

    fn decode(&self, from: &Channel, payload: &[u8]) -> Received<Message> {
        Received::from_peer(from, None, wire::decode(self.config.data, payload))
    }
}

impl ChainDialect for Cs60 {
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
        let entry = not_blank(text).map(Entry::text)?;
        if self.config.data == Data::Ballots {
            Ballots::check_new(&entry)?;
        }
        Ok(entry)
    }

    fn encode_block(&self, block: &Block) -> Vec<u8> {
        wire::encode_block(block).expect("the blocks of this network are of its own kind")
    }

    fn decode_block(&self, bytes: &[u8]) -> Result<Block, Malformed> {
        wire::decode_block(self.config.data, bytes)
    }
}
