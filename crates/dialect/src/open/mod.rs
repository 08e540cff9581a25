//! The open network: our own chain, which anybody can join, and whose messages are signed.
//!
//! Blocks have Bitcoin's header, so any of its miners can work on them; their entries are signed by
//! their authors, and are short texts ([`Notes`]). Peers gossip or have a tracker, fetch headers
//! first, and sign each message, so that who is dishonest can be banned without anybody being able
//! to do that to somebody else. See `docs/protocol.md` for the bytes.
//!
//! All that matters for what is valid is in the genesis, whose hash names the chain. So peers that
//! disagree on any of it are in two networks, and not at odds in one.

mod block;
mod bytes;
pub mod fields;
mod notes;
mod wire;

#[cfg(test)]
mod tests;

use std::time::Duration;

use althing_engine::nakamoto::{Discovery, Entries, Label, Message, Rules, SyncMethod, Timeouts};
use althing_ledger::{
    Application, Asert, Block, CompactTarget, DifficultyRule, EntriesRefused, Entry, Format,
    Genesis, Imprint, Limits, NativeBlock, Once, Rules as ChainRules, SignedEntry, Ties, Times,
    target_of_bits,
};
use althing_types::{BlockHash, Height, PeerKey, UnixTime};
use ed25519_dalek::SigningKey;

pub use self::notes::{NOTE_CHARS_MAX, Notes};
use crate::{ChainDialect, Heard, Malformed};

/// Entries that a block may have. With [`ENTRY_BYTES_MAX`] each, a miner's name of
/// [`MINER_CHARS_MAX`], the header and a signature, it fits into a datagram.
pub const ENTRIES_MAX: usize = 100;

/// Bytes that an entry may have.
pub const ENTRY_BYTES_MAX: usize = 600;

/// Characters that a miner's name may have.
pub const MINER_CHARS_MAX: usize = 64;

/// How far ahead of our clock a block's time may be.
const AHEAD_MAX: Duration = Duration::from_secs(7200);

/// Peers that a word, or a block, is passed on to.
pub const FORWARD: usize = 3;

/// What can be chosen in a network of this kind. All its peers must choose the same, but for how
/// they meet, how long they wait, and the secret.
#[derive(Clone)]
pub struct Config {
    /// What the network is called.
    pub name: Label,
    /// When its timetable begins. Blocks come fast until it is caught up with, and none may be
    /// dated before.
    pub start: UnixTime,
    /// The time between two blocks, in whole seconds.
    pub block_time: Duration,
    /// A block that is so many block times late is followed by one that is half as hard, and one
    /// that is early by one that is twice as hard.
    pub half_life_blocks: u32,
    /// The target of the first blocks: no block is easier.
    pub easiest: CompactTarget,
    /// How peers meet.
    pub discovery: Discovery,
    /// When waiting ends.
    pub timeouts: Timeouts,
    /// The secret Ed25519 key of this peer: random bytes of its own.
    pub secret: [u8; 32],
}

impl Config {
    /// Returns the configuration of a network with a block a minute, for the owner of `secret`.
    pub fn new(name: Label, start: UnixTime, secret: [u8; 32]) -> Self {
        Self {
            name,
            start,
            block_time: Duration::from_secs(60),
            half_life_blocks: 120,
            easiest: target_of_bits(24),
            discovery: Discovery::Gossip { forward: FORWARD },
            timeouts: Timeouts::default(),
            secret,
        }
    }
}

/// The dialect, with its configuration.
pub struct Open {
    config: Config,
    rules: Rules,
    chain: BlockHash,
    key: SigningKey,
}

impl Open {
    /// Returns the dialect of a network with this configuration.
    pub fn new(config: Config) -> Self {
        let genesis = genesis(&config);
        let chain = genesis.hash_after(None);
        let half_life = config.block_time.saturating_mul(config.half_life_blocks);
        let rules = Rules {
            chain: ChainRules {
                format: Format::Native,
                limits: Limits {
                    entries: 0..=ENTRIES_MAX,
                    entry_length_max: ENTRY_BYTES_MAX,
                    nonce_chars_max: 0,
                    miner_chars_max: MINER_CHARS_MAX,
                },
                difficulty: DifficultyRule::Asert(Asert {
                    block_time: config.block_time,
                    half_life,
                    easiest: config.easiest,
                }),
                times: Times::MedianPast { ahead_max: AHEAD_MAX },
                genesis: Genesis::Given(Box::new(genesis)),
                ties: Ties::FirstSeen,
            },
            discovery: config.discovery,
            sync: SyncMethod::HeadersFirst,
            relay: FORWARD,
            entries: Entries::Shared,
            timeouts: config.timeouts,
        };
        let key = SigningKey::from_bytes(&config.secret);
        Self { config, rules, chain, key }
    }

    /// Returns the dialect of the network that calls itself so, for somebody who only reads, or
    /// `None` if that is another kind of network.
    pub fn of_network(text: &str) -> Option<Self> {
        let (numbers, name) = text.strip_prefix("open from ")?.split_once(": ")?;
        let (start, numbers) = numbers.split_once(" every ")?;
        let (seconds, numbers) = numbers.split_once(" s, half-life ")?;
        let (half_life_blocks, easiest) = numbers.split_once(" blocks, target ")?;
        let start = UnixTime::from_seconds(start.parse().ok()?);
        let config = Config {
            block_time: Duration::from_secs(seconds.parse().ok()?),
            half_life_blocks: half_life_blocks.parse().ok()?,
            easiest: CompactTarget::from_unprefixed_hex(easiest).ok()?,
            ..Config::new(Label::new(name).ok()?, start, [0; 32])
        };
        (network(&config) == text).then(|| Self::new(config))
    }

    /// Returns the hash of the genesis, which names the chain.
    pub fn chain(&self) -> BlockHash {
        self.chain
    }

    /// Returns the key that others know this peer by.
    pub fn public_key(&self) -> PeerKey {
        PeerKey::from_bytes(self.key.verifying_key().to_bytes())
    }
}

fn network(config: &Config) -> String {
    let Config { name, start, block_time, half_life_blocks, easiest, .. } = config;
    let seconds = block_time.as_secs();
    format!(
        "open from {start} every {seconds} s, half-life {half_life_blocks} blocks, target \
         {easiest:08x}: {name}"
    )
}

/// Returns the block that everybody has, and whose miner's name is all that is not said elsewhere
/// in it. A name cannot be taken for the rest, which has the same number of lines in all networks.
fn genesis(config: &Config) -> Block {
    let Config { name, block_time, half_life_blocks, .. } = config;
    let (application, seconds) = (notes::APPLICATION, block_time.as_secs());
    let miner = format!(
        "althing open 1\n{name}\n{application}\nblock time {seconds} s\n\
         half-life {half_life_blocks} blocks\n"
    );
    let imprint = Imprint { height: Height::GENESIS, miner: miner.into(), salt: 0 };
    let time = u32::try_from(config.start.seconds()).unwrap_or(u32::MAX);
    Block::Native(NativeBlock::new(None, time, config.easiest, imprint, [].into()))
}

impl ChainDialect for Open {
    fn network(&self) -> String {
        network(&self.config)
    }

    fn rules(&self) -> &Rules {
        &self.rules
    }

    fn application(&self) -> Box<dyn Application> {
        Box::new(Once::new(Box::new(Notes)))
    }

    /// Returns a note, signed by this peer.
    fn entry(&self, text: &str, nonce: u64) -> Result<Entry, EntriesRefused> {
        let payload = text.as_bytes();
        let note =
            SignedEntry::sign(&self.key, &self.chain, notes::APPLICATION, nonce, payload).encode();
        Notes.check(std::slice::from_ref(&note)).map(|()| note)
    }

    fn encode(&self, message: &Message) -> Option<Vec<u8>> {
        wire::encode(&self.chain, &self.key, message)
    }

    fn decode(&self, payload: &[u8]) -> Heard {
        wire::decode(&self.chain, payload)
    }

    fn encode_block(&self, block: &Block) -> Vec<u8> {
        block::encode(block).expect("the blocks of this network are of its own kind")
    }

    fn decode_block(&self, bytes: &[u8]) -> Result<Block, Malformed> {
        block::decode(bytes)
    }
}
