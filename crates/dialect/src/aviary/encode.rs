//! Messages that are written: JSON objects as the programs of the network write them.

use althing_engine::nakamoto::{Claim, Gossip, Message};
use althing_ledger::{AviaryBlock, Block, Entry};
use althing_text::python_json::dumps;
use althing_types::UnixTime;
use serde::ser::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::profile::{AviaryRules, BLOCK_FIELDS, EmptyStats, NullReply, NumberForm, StatsHeight};

/// Fields in their order.
struct Object(Vec<(&'static str, Value)>);

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Returns the bytes of `message`, or `None` if the network has no such message.
pub(super) fn encode(programs: &AviaryRules, message: &Message) -> Option<Vec<u8>> {
    let number = |number: u64| written(programs, number.into());
    let (kind, fields) = match message {
        Message::Gossip(Gossip { origin, name, id }) => (
            programs.names.text(),
            vec![
                ("host", json!(origin.host())),
                ("port", number(origin.port().into())),
                ("id", json!(id.as_str())),
                ("name", json!(name.as_str())),
            ],
        ),
        Message::GossipReply { address, name } => (
            programs.reply.text(),
            vec![
                ("host", json!(address.host())),
                ("port", number(address.port().into())),
                ("name", json!(name.as_str())),
            ],
        ),
        Message::TipRequest => ("STATS", Vec::new()),
        Message::Tip(claim) => ("STATS_REPLY", stats(programs, claim)),
        Message::Consensus => ("CONSENSUS", Vec::new()),
        Message::BlockRequest { height } => {
            ("GET_BLOCK", vec![("height", number(height.number()))])
        }
        Message::Block(Block::Aviary(block)) => ("GET_BLOCK_REPLY", fields_of(programs, block)?),
        Message::NoBlock if programs.null_reply == NullReply::Array => {
            return Some(dumps(&block_fields(programs).map(|_| Value::Null).collect::<Vec<_>>()));
        }
        Message::NoBlock => ("GET_BLOCK_REPLY", no_block(programs)),
        Message::Announcement(Block::Aviary(block)) => ("ANNOUNCE", fields_of(programs, block)?),
        Message::Entry(entry) => ("NEW_WORD", vec![("word", json!(entry.as_text()?))]),
        // Blocks of other networks, and other ways to fetch.
        _ => return None,
    };
    let fields = [("type", json!(kind))].into_iter().chain(fields);
    Some(dumps(&Object(fields.collect())))
}

/// Returns the fields of `block` alone, or `None` for a block of another network.
pub(super) fn encode_block(programs: &AviaryRules, block: &Block) -> Option<Vec<u8>> {
    match block {
        Block::Aviary(block) => Some(dumps(&Object(fields_of(programs, block)?))),
        Block::Cs60(_) | Block::Native(_) => None,
    }
}

/// Returns the fields that blocks of the network have.
fn block_fields(programs: &AviaryRules) -> impl Iterator<Item = &'static str> {
    let timed = programs.timestamp;
    BLOCK_FIELDS.into_iter().filter(move |name| timed || *name != "timestamp")
}

fn fields_of(programs: &AviaryRules, block: &AviaryBlock) -> Option<Vec<(&'static str, Value)>> {
    let messages: Option<Vec<&str>> = block.messages.iter().map(Entry::as_text).collect();
    let messages = messages?;
    let value = |name: &'static str| match name {
        "height" => written(programs, block.height.number().into()),
        "minedBy" => json!(block.miner),
        "nonce" => json!(block.nonce),
        "messages" => json!(messages),
        "hash" => json!(block.hash.to_string()),
        _ => written(programs, block.time.map(UnixTime::seconds).unwrap_or_default().into()),
    };
    Some(block_fields(programs).map(|name| (name, value(name))).collect())
}

/// Returns what is said instead of a block.
fn no_block(programs: &AviaryRules) -> Vec<(&'static str, Value)> {
    let none = match programs.null_reply {
        NullReply::Nulls | NullReply::Array => Value::Null,
        NullReply::TextNone => json!("None"),
        NullReply::Short => return Vec::new(),
    };
    block_fields(programs).map(|name| (name, none.clone())).collect()
}

/// Returns what is said of a chain, or of none: engines say nothing then where the programs do.
fn stats(programs: &AviaryRules, claim: &Claim) -> Vec<(&'static str, Value)> {
    let Claim { length, hash } = claim;
    if let Some(tip) = length.checked_sub(1) {
        let height = match programs.stats_height {
            StatsHeight::Count => *length,
            StatsHeight::Tip => tip,
        };
        let height = written(programs, height.into());
        return vec![("height", height), ("hash", json!(hash.to_string()))];
    }
    let height = match programs.empty {
        EmptyStats::Silent | EmptyStats::Null => Value::Null,
        EmptyStats::Zero => written(programs, 0),
        EmptyStats::MinusOne => written(programs, -1),
    };
    vec![("height", height), ("hash", Value::Null)]
}

/// Returns a number as the programs write it.
fn written(programs: &AviaryRules, number: i128) -> Value {
    match programs.numbers {
        NumberForm::Text => json!(number.to_string()),
        NumberForm::Int => match u64::try_from(number) {
            Ok(number) => json!(number),
            Err(_) => json!(i64::try_from(number).unwrap_or(i64::MIN)),
        },
    }
}
