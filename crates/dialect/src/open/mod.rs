//! The open network: our own chain, which anyone can join, and whose messages are signed.
//!
//! Blocks have Bitcoin's header, so any of its miners can work on them; their entries are signed by
//! their authors, and are short texts ([`Notes`]). Peers gossip or have a tracker, and fetch
//! headers first. They sign each message, so that dishonest peers can be banned, but no peer can
//! get another one banned. See `docs/protocol.md` for the bytes.
//!
//! Everything that decides what is valid is in the genesis, whose hash identifies the chain. So
//! peers that disagree on any of it are in two different networks.
//!
//! | file | question |
//! | --- | --- |
//! | `fields` | which fields has each message? |
//! | `wire` | what surrounds the fields, and who signed them? |

pub mod fields;
mod wire;

#[cfg(test)]
mod tests;

use std::num::NonZeroU64;
use std::time::Duration;

use althing_engine::Recipient;
use althing_engine::nakamoto::{
    Customs, Discovery, Entries, Label, Message, Nakamoto, Rules, SyncMethod, Timeouts,
};
use althing_ledger::{
    Application, Asert, Block, Choice, Coinbase, CompactTarget, DifficultyRule, EntriesRefused,
    Entry, Format, Genesis, Limits, NativeBlock, Once, Own, Rules as ChainRules, SignedEntry, Ties,
    Times, target_of_bits,
};
use althing_types::{BlockHash, Channel, Height, PeerKey, UnixTime};
use ed25519_dalek::SigningKey;

use crate::chain::not_blank;
use crate::codec::datagram;
use crate::native_block;
use crate::{ChainDialect, Codec, Malformed, NetworkConfig, Received, Wire};
pub use althing_applications::Notes;
pub use althing_applications::notes::NOTE_CHARS_MAX;
use althing_applications::{Router, notes};

/// Entries that a block may have. With [`ENTRY_BYTES_MAX`] each, a miner's name of
/// [`MINER_CHARS_MAX`], the header and a signature, it fits into a datagram.
pub const ENTRIES_MAX: usize = 100;

/// Bytes that an entry may have.
pub const ENTRY_BYTES_MAX: usize = 600;

/// Characters that a miner's name may have.
pub const MINER_CHARS_MAX: usize = 64;

/// How far ahead of our clock a block's time may be.
const AHEAD_MAX: Duration = Duration::from_secs(7200);

/// To how many peers a gossip message or a block is passed on.
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
    /// The way in which peers find each other.
    pub discovery: Discovery,
    /// The timeouts of the network.
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
                    own: Own::UNLIMITED,
                },
                difficulty: DifficultyRule::Asert(Asert {
                    block_time: config.block_time,
                    half_life,
                    easiest: config.easiest,
                }),
                times: Times::MedianPast { ahead_max: AHEAD_MAX },
                genesis: Genesis::Given(Box::new(genesis)),
                choice: Choice::MostWork(Ties::FirstSeen),
            },
            discovery: config.discovery,
            sync: SyncMethod::HeadersFirst,
            relay: FORWARD,
            entries: Entries::Shared,
            customs: Customs::default(),
            has_cookies: true,
            timeouts: config.timeouts,
        };
        let key = SigningKey::from_bytes(&config.secret);
        Self { config, rules, chain, key }
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

/// Returns the genesis. Its miner's name contains the whole configuration that its other fields do
/// not. The network's name cannot be mistaken for the other lines, whose number is the same in all
/// networks.
fn genesis(config: &Config) -> Block {
    let Config { name, block_time, half_life_blocks, .. } = config;
    let (application, seconds) = (notes::APPLICATION, block_time.as_secs());
    let miner = format!(
        "althing open 1\n{name}\n{application}\nblock time {seconds} s\n\
         half-life {half_life_blocks} blocks\n"
    );
    let coinbase = Coinbase { height: Height::GENESIS, miner: miner.into(), extra_nonce: 0 };
    let time = u32::try_from(config.start.seconds()).unwrap_or(u32::MAX);
    Block::Native(NativeBlock::new(None, time, config.easiest, coinbase, [].into()))
}

impl Codec for Open {
    type Engine = Nakamoto;

    fn network(&self) -> NetworkConfig {
        let Config { name, start, block_time, half_life_blocks, easiest, .. } = &self.config;
        NetworkConfig::Open {
            name: name.clone(),
            start: *start,
            block_time: block_time.as_secs(),
            half_life_blocks: *half_life_blocks,
            easiest: *easiest,
        }
    }

    fn encode(&self, to: &Recipient, message: &Message) -> Vec<Wire> {
        datagram(to, wire::encode(&self.chain, &self.key, message))
    }

    fn decode(&self, from: &Channel, payload: &[u8]) -> Received<Message> {
        let (signer, message) = wire::decode(&self.chain, payload);
        Received::from_peer(from, signer, message)
    }
}

impl ChainDialect for Open {
    fn rules(&self) -> &Rules {
        &self.rules
    }

    fn application(&self) -> Box<dyn Application> {
        let router = Router::new().with(notes::APPLICATION, Box::new(Notes));
        Box::new(Once::new(Box::new(router)))
    }

    /// Two: the last block of a chain is often replaced by another of the same moment.
    fn confirmations(&self) -> NonZeroU64 {
        NonZeroU64::new(2).expect("two is not zero")
    }

    /// Returns a note, signed by this peer.
    fn entry(&self, text: &str, nonce: u64) -> Result<Entry, EntriesRefused> {
        let payload = text.as_bytes();
        let note =
            SignedEntry::sign(&self.key, &self.chain, notes::APPLICATION, nonce, payload).encode();
        Notes::text_of(&note)?;
        not_blank(text).map(|_| note)
    }

    fn encode_block(&self, block: &Block) -> Vec<u8> {
        native_block::encode(block).expect("the blocks of this network are of its own kind")
    }

    fn decode_block(&self, bytes: &[u8]) -> Result<Block, Malformed> {
        native_block::decode(bytes)
    }
}
