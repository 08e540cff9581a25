//! The messages as JSON objects with a `type`.

use althing_engine::nakamoto::{Claim, Gossip, Label, Message};
use althing_ledger::{AviaryBlock, Block, Entry};
use althing_text::python_json::dumps;
use althing_types::{Address, Height, UnixTime};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::Malformed;

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
enum Wire {
    Gossip {
        host: String,
        port: u16,
        id: String,
        #[serde(default)]
        name: String,
    },
    #[serde(alias = "GOSSIP-REPLY")]
    GossipReply {
        host: String,
        port: u16,
        #[serde(default)]
        name: String,
    },
    Stats,
    StatsReply(Stats),
    Consensus,
    GetBlock {
        height: u64,
    },
    GetBlockReply(Fields),
    Announce(Fields),
    NewWord {
        word: String,
    },
}

/// Named a height, but it is the number of blocks.
#[derive(Serialize, Deserialize)]
struct Stats {
    height: u64,
    hash: String,
}

/// One program leaves out the type of this one message.
#[derive(Deserialize)]
struct Untyped {
    #[serde(rename = "type")]
    kind: Option<IgnoredAny>,
    #[serde(flatten)]
    stats: Stats,
}

/// A block. A peer that has none sends an empty height.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    height: Option<u64>,
    mined_by: Option<String>,
    nonce: Option<String>,
    messages: Option<Vec<String>>,
    hash: Option<String>,
    #[serde(default)]
    timestamp: Option<u64>,
}

/// Returns the bytes of `message`, or `None` if the network has no such message.
pub(super) fn encode(message: &Message) -> Option<Vec<u8>> {
    let wire = match message {
        Message::Gossip(Gossip { origin, name, id }) => Wire::Gossip {
            host: origin.host().to_owned(),
            port: origin.port(),
            id: id.to_string(),
            name: name.to_string(),
        },
        Message::GossipReply { address, name } => Wire::GossipReply {
            host: address.host().to_owned(),
            port: address.port(),
            name: name.to_string(),
        },
        Message::TipRequest => Wire::Stats,
        Message::Tip(Claim { length, hash }) => {
            Wire::StatsReply(Stats { height: *length, hash: hash.to_string() })
        }
        Message::Consensus => Wire::Consensus,
        Message::BlockRequest { height } => Wire::GetBlock { height: height.number() },
        Message::Block(Block::Aviary(block)) => Wire::GetBlockReply(fields_of(block)?),
        Message::NoBlock => Wire::GetBlockReply(Fields::default()),
        Message::Announcement(Block::Aviary(block)) => Wire::Announce(fields_of(block)?),
        Message::Entry(entry) => Wire::NewWord { word: entry.as_text()?.to_owned() },
        // Blocks of other networks, and other ways to fetch.
        _ => return None,
    };
    Some(dumps(&wire))
}

/// Returns the fields of `block` alone, or `None` for a block of another network.
pub(super) fn encode_block(block: &Block) -> Option<Vec<u8>> {
    match block {
        Block::Aviary(block) => Some(dumps(&fields_of(block)?)),
        Block::Cs60(_) | Block::Native(_) => None,
    }
}

/// Returns the block with these fields.
pub(super) fn decode_block(bytes: &[u8]) -> Result<Block, Malformed> {
    let fields = serde_json::from_slice(bytes);
    block_of(fields.map_err(|error| Malformed::NotAMessage(error.to_string()))?)
}

fn fields_of(block: &AviaryBlock) -> Option<Fields> {
    let texts = block.messages.iter().map(|message| Some(message.as_text()?.to_owned()));
    Some(Fields {
        height: Some(block.height.number()),
        mined_by: Some(block.miner.to_string()),
        nonce: Some(block.nonce.to_string()),
        messages: Some(texts.collect::<Option<_>>()?),
        hash: Some(block.hash.to_string()),
        timestamp: Some(block.time.seconds()),
    })
}

/// Returns what `payload` says.
pub(super) fn decode(payload: &[u8]) -> Result<Message, Malformed> {
    let wire =
        serde_json::from_slice(payload).or_else(|error| match serde_json::from_slice(payload) {
            Ok(Untyped { kind: None, stats }) => Ok(Wire::StatsReply(stats)),
            _ => Err(Malformed::NotAMessage(error.to_string())),
        })?;
    Ok(match wire {
        Wire::Gossip { host, port, id, name } => {
            let (origin, name) = (address(&host, port)?, label("name", &name)?);
            Message::Gossip(Gossip { origin, name, id: label("id", &id)? })
        }
        Wire::GossipReply { host, port, name } => {
            Message::GossipReply { address: address(&host, port)?, name: label("name", &name)? }
        }
        Wire::Stats => Message::TipRequest,
        Wire::StatsReply(Stats { height, hash }) => {
            Message::Tip(Claim { length: height, hash: field("hash", hash.parse())? })
        }
        Wire::Consensus => Message::Consensus,
        Wire::GetBlock { height } => Message::BlockRequest { height: Height::new(height) },
        Wire::GetBlockReply(Fields { height: None, .. }) => Message::NoBlock,
        Wire::GetBlockReply(fields) => Message::Block(block_of(fields)?),
        Wire::Announce(fields) => Message::Announcement(block_of(fields)?),
        Wire::NewWord { word } => Message::Entry(Entry::text(&word)),
    })
}

fn block_of(fields: Fields) -> Result<Block, Malformed> {
    let messages = required("messages", fields.messages)?;
    Ok(Block::Aviary(AviaryBlock {
        height: Height::new(required("height", fields.height)?),
        miner: required("minedBy", fields.mined_by)?.into(),
        messages: messages.iter().map(|message| Entry::text(message)).collect(),
        time: UnixTime::from_seconds(required("timestamp", fields.timestamp)?),
        nonce: required("nonce", fields.nonce)?.into(),
        hash: field("hash", required("hash", fields.hash)?.parse())?,
    }))
}

fn required<T>(name: &'static str, value: Option<T>) -> Result<T, Malformed> {
    value.ok_or(Malformed::Field { field: name, reason: "it is missing".to_owned() })
}

fn field<T, E: ToString>(name: &'static str, value: Result<T, E>) -> Result<T, Malformed> {
    value.map_err(|error| Malformed::Field { field: name, reason: error.to_string() })
}

fn address(host: &str, port: u16) -> Result<Address, Malformed> {
    field("host", Address::new(host, port))
}

fn label(name: &'static str, text: &str) -> Result<Label, Malformed> {
    field(name, Label::new(text))
}
