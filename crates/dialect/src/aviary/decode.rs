//! Messages that are read: JSON objects with a `type`, however the program writes them.

use std::fmt;
use std::marker::PhantomData;

use althing_engine::nakamoto::{Claim, Gossip, Label, Message};
use althing_ledger::{AviaryBlock, Block, Entry};
use althing_types::{Address, Height, UnixTime};
use serde::Deserialize;
use serde::de::{self, DeserializeOwned, Deserializer, Unexpected, Visitor};
use serde_json::Value;

use crate::Malformed;
use crate::json::{parse, read};
use crate::profile::{AviaryRules, StatsHeight};

#[derive(Deserialize)]
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

/// A height, or the number of blocks. Without a chain some programs leave both empty, or say so in
/// a field of their own.
#[derive(Deserialize)]
struct Stats {
    #[serde(default, deserialize_with = "count")]
    height: Option<u64>,
    #[serde(default, deserialize_with = "if_any")]
    hash: Option<String>,
}

/// A block. A peer that has none sends an empty height, or less.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    #[serde(default, deserialize_with = "count")]
    height: Option<u64>,
    #[serde(default, deserialize_with = "text_if_any")]
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

/// What a datagram is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A message.
    Message(Message),
    /// A block of a network whose blocks have times, where ours have none; or the other way round.
    OtherBlock {
        /// Whether it has a time.
        timed: bool,
    },
}

/// Returns the block with these fields.
pub(super) fn decode_block(programs: &AviaryRules, bytes: &[u8]) -> Result<Block, Malformed> {
    block_of(programs, parse(bytes)?)
}

/// Returns what `payload` says.
pub(super) fn decode(programs: &AviaryRules, payload: &[u8]) -> Result<Heard, Malformed> {
    let not_a_message = |error: serde_json::Error| Malformed::NotAMessage(error.to_string());
    let mut value = Value::deserialize(read(payload)?).map_err(not_a_message)?;
    if let Value::Array(items) = &value {
        return block_of_none(items).map(Heard::Message);
    }
    rename(programs, &mut value);
    let is_untyped_stats = value.get("type").is_none()
        && (value.get("height").is_some() || value.get("hash").is_some());
    let wire = match is_untyped_stats {
        true => Stats::deserialize(value).map(Wire::StatsReply),
        false => Wire::deserialize(value),
    };
    Ok(Heard::Message(match wire.map_err(not_a_message)? {
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
        Wire::StatsReply(stats) => Message::Tip(claim_of(programs, stats)?),
        Wire::Consensus => Message::Consensus,
        Wire::GetBlock { height } => Message::BlockRequest { height: Height::new(height) },
        Wire::GetBlockReply(
            Fields { height: None, .. } | Fields { hash: None, .. } | Fields { messages: None, .. },
        ) => Message::NoBlock,
        Wire::GetBlockReply(Fields { timestamp, .. })
            if timestamp.is_some() != programs.timestamp =>
        {
            return Ok(Heard::OtherBlock { timed: timestamp.is_some() });
        }
        // The assignment's own example leaves the time out, so that one without tells nothing.
        Wire::Announce(Fields { timestamp: Some(_), .. }) if !programs.timestamp => {
            return Ok(Heard::OtherBlock { timed: true });
        }
        Wire::GetBlockReply(fields) => Message::Block(block_of(programs, fields)?),
        Wire::Announce(fields) => Message::Announcement(block_of(programs, fields)?),
        Wire::NewWord { word } => Message::Entry(Entry::text(&word)),
    }))
}

/// Gives fields the names that they have here.
fn rename(programs: &AviaryRules, value: &mut Value) {
    let Value::Object(fields) = value else { return };
    for (other, name) in &programs.alias {
        if !fields.contains_key(name)
            && let Some(value) = fields.remove(other)
        {
            fields.insert(name.clone(), value);
        }
    }
}

/// Returns the chain that a program says it has. One without a chain may say anything in place of
/// a hash, and a height of nothing, or of 0.
fn claim_of(programs: &AviaryRules, stats: Stats) -> Result<Claim, Malformed> {
    let Stats { height: Some(height), hash: Some(hash) } = stats else { return Ok(Claim::NONE) };
    let length = match programs.stats_height {
        StatsHeight::Count => height,
        StatsHeight::Tip => height.saturating_add(1),
    };
    match hash.parse() {
        _ if length == 0 => Ok(Claim::NONE),
        Err(_) if height == 0 => Ok(Claim::NONE),
        hash => Ok(Claim { length, hash: field("hash", hash)? }),
    }
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

fn block_of(programs: &AviaryRules, fields: Fields) -> Result<Block, Malformed> {
    let messages = required("messages", fields.messages)?;
    let time = match programs.timestamp {
        true => Some(UnixTime::from_seconds(required("timestamp", fields.timestamp)?)),
        false => None,
    };
    Ok(Block::Aviary(AviaryBlock {
        height: Height::new(required("height", fields.height)?),
        miner: required("minedBy", fields.mined_by)?.into(),
        messages: messages.iter().map(|message| Entry::text(message)).collect(),
        time,
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
