//! The messages as JSON objects with a `type`.

use std::fmt;
use std::marker::PhantomData;

use althing_engine::nakamoto::{Claim, Gossip, Label, Message};
use althing_ledger::{AviaryBlock, Block, Entry};
use althing_text::python_json::dumps;
use althing_types::{Address, BlockHash, Height, UnixTime};
use serde::de::{self, DeserializeOwned, Deserializer, Unexpected, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Malformed;
use crate::json::{parse, read};

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
enum Wire {
    #[serde(alias = "FLOOD")]
    Gossip {
        host: String,
        #[serde(deserialize_with = "number")]
        port: u16,
        #[serde(deserialize_with = "text")]
        id: String,
        #[serde(default, deserialize_with = "text")]
        name: String,
    },
    #[serde(alias = "GOSSIP-REPLY", alias = "FLOOD_REPLY", alias = "FLOOD-REPLY")]
    GossipReply {
        host: String,
        #[serde(deserialize_with = "number")]
        port: u16,
        #[serde(default, deserialize_with = "text")]
        name: String,
    },
    Stats,
    StatsReply(Stats),
    Consensus,
    GetBlock {
        #[serde(deserialize_with = "number")]
        height: u64,
    },
    GetBlockReply(Fields),
    Announce(Fields),
    NewWord {
        word: String,
    },
}

/// Named a height, but it is the number of blocks. Without a chain some programs leave both empty,
/// or say so in a field of their own.
#[derive(Serialize, Deserialize)]
struct Stats {
    #[serde(default, deserialize_with = "count")]
    height: Option<u64>,
    #[serde(default, deserialize_with = "if_any")]
    hash: Option<String>,
}

/// A block. A peer that has none sends an empty height, or less.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    #[serde(default, deserialize_with = "count")]
    height: Option<u64>,
    #[serde(default, alias = "minedBy:", deserialize_with = "text_if_any")]
    mined_by: Option<String>,
    #[serde(default, deserialize_with = "text_if_any")]
    nonce: Option<String>,
    #[serde(default, deserialize_with = "if_any")]
    messages: Option<Vec<String>>,
    #[serde(default, deserialize_with = "if_any")]
    hash: Option<String>,
    #[serde(default, deserialize_with = "count")]
    timestamp: Option<u64>,
}

/// What Python writes of nothing where a program takes its text.
const NONE: &str = "None";

/// Reads a number, or a text of its digits.
fn number<'de, D: Deserializer<'de>, N: FromNumber>(deserializer: D) -> Result<N, D::Error> {
    struct Digits<N>(PhantomData<N>);

    impl<N: FromNumber> Visitor<'_> for Digits<N> {
        type Value = N;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(N::NAME)
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<N, E> {
            N::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<N, E> {
            let digits = text.trim().parse().ok().and_then(|number: u64| N::try_from(number).ok());
            digits.ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<N, E> {
            let other = || E::invalid_value(Unexpected::Signed(number), &self);
            u64::try_from(number).ok().and_then(|number| N::try_from(number).ok()).ok_or_else(other)
        }
    }

    deserializer.deserialize_any(Digits(PhantomData))
}

/// A number that a field can be.
trait FromNumber: TryFrom<u64> {
    /// What it is called in an error.
    const NAME: &'static str;
}

impl FromNumber for u64 {
    const NAME: &'static str = "u64";
}

impl FromNumber for u16 {
    const NAME: &'static str = "u16";
}

/// Reads a number, or a text of its digits; none if it is null, empty or negative.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() || text == NONE || text.starts_with('-') => Ok(None),
        Value::Number(number) if number.as_i64().is_some_and(i64::is_negative) => Ok(None),
        value => number(value).map(Some).map_err(de::Error::custom),
    }
}

/// Reads a text, or a number as its digits.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(text_if_any(deserializer)?.unwrap_or_default())
}

/// Reads a text, or a number as its digits; none if it is null.
fn text_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::Number(number) => Ok(Some(number.to_string())),
        value => String::deserialize(value).map(Some).map_err(de::Error::custom),
    }
}

/// Reads a value; none if it is null, or the text that Python writes of nothing.
fn if_any<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() || text == NONE => Ok(None),
        value => T::deserialize(value).map(Some).map_err(de::Error::custom),
    }
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
            Wire::StatsReply(Stats { height: Some(*length), hash: Some(hash.to_string()) })
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
    block_of(parse(bytes)?)
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
    let not_a_message = |error: serde_json::Error| Malformed::NotAMessage(error.to_string());
    let value = Value::deserialize(read(payload)?).map_err(not_a_message)?;
    if let Value::Array(items) = &value {
        return block_of_none(items);
    }
    let is_untyped_stats = value.get("type").is_none()
        && (value.get("height").is_some() || value.get("hash").is_some());
    let wire = match is_untyped_stats {
        true => Stats::deserialize(value).map(Wire::StatsReply),
        false => Wire::deserialize(value),
    };
    let wire = wire.map_err(not_a_message)?;
    Ok(match wire {
        Wire::Gossip { host, port, id, name } => {
            // Longer names are only cut, since nothing depends on them.
            let (origin, name) = (address(&host, port)?, Label::cut(&name));
            let id = field("id", Label::new(&id))?;
            Message::Gossip(Gossip { origin, name, id })
        }
        Wire::GossipReply { host, port, name } => {
            Message::GossipReply { address: address(&host, port)?, name: Label::cut(&name) }
        }
        Wire::Stats => Message::TipRequest,
        Wire::StatsReply(Stats { height, hash }) => {
            let none = BlockHash::from_bytes([0; 32]);
            let length = height.filter(|_| hash.is_some()).unwrap_or_default();
            // A program that has no chain may say anything in place of its hash.
            let hash = match (length, hash.as_deref().map(str::parse)) {
                (0, hash) => hash.and_then(Result::ok).unwrap_or(none),
                (_, hash) => field("hash", hash.unwrap_or(Ok(none)))?,
            };
            Message::Tip(Claim { length, hash })
        }
        Wire::Consensus => Message::Consensus,
        Wire::GetBlock { height } => Message::BlockRequest { height: Height::new(height) },
        Wire::GetBlockReply(
            Fields { height: None, .. } | Fields { hash: None, .. } | Fields { messages: None, .. },
        ) => Message::NoBlock,
        Wire::GetBlockReply(fields) => Message::Block(block_of(fields)?),
        Wire::Announce(fields) => Message::Announcement(block_of(fields)?),
        Wire::NewWord { word } => Message::Entry(Entry::text(&word)),
    })
}

/// Returns the answer of a program that has no block and says so in a list: of nothing, or of the
/// message.
fn block_of_none(items: &[Value]) -> Result<Message, Malformed> {
    let is_none = |item: &Value| match item {
        Value::Null => true,
        Value::String(text) => text.is_empty() || text == NONE || text == "GET_BLOCK_REPLY",
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => {
            fields.get("type").is_some_and(|kind| kind == "GET_BLOCK_REPLY")
                && fields.iter().all(|(name, value)| name == "type" || value.is_null())
        }
        Value::Number(_) | Value::Bool(_) => false,
    };
    match !items.is_empty() && items.iter().all(is_none) {
        true => Ok(Message::NoBlock),
        false => Err(Malformed::NotAMessage("a list instead of an object".to_owned())),
    }
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
