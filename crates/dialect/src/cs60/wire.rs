//! The messages between peers: JSON, in which blocks are JSON as text, in chains that are JSON as
//! text once more. They are read as Python does, since a block that the program accepts and we do
//! not would cut us off from all that come after it.

use std::fmt::Display;

use althing_engine::nakamoto::Message;
use althing_ledger::{Block, Cs60Block};
use althing_text::python_json::dumps;
use althing_text::python_value::{Object, Text, Value, loads_text};
use althing_types::Height;
use serde::{Deserialize, Serialize};

use crate::json::read;
use crate::profile::Data;
use crate::{DATAGRAM_MAX, Malformed};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "UPPERCASE")]
enum Wire {
    Req {
        /// Ours: the first block that is wanted.
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<u64>,
    },
    Block {
        data: String,
    },
    Chain {
        data: String,
    },
}

/// How many blocks there are is also said by their list, so that is all we read.
#[derive(Serialize)]
struct ChainFields<'a> {
    _chain: &'a [String],
    _length: usize,
}

/// Returns the bytes of `message`, or `None` if the network has no such message. Of a chain it is
/// as many blocks as fit.
pub(super) fn encode(message: &Message) -> Option<Vec<u8>> {
    let wire = match message {
        Message::ChainRequest { from } => {
            let from = Some(from.number()).filter(|from| *from > 0);
            Wire::Req { from }
        }
        Message::Announcement(Block::Cs60(block)) => Wire::Block { data: block.to_json() },
        Message::Chain(blocks) => return encode_chain(blocks),
        _ => return None,
    };
    Some(dumps(&wire))
}

fn encode_chain(blocks: &[Block]) -> Option<Vec<u8>> {
    let mut blocks: Vec<String> = blocks.iter().map(to_json).collect::<Option<_>>()?;
    loop {
        let chain = dumps(&ChainFields { _chain: &blocks, _length: blocks.len() });
        let data = String::from_utf8(chain).expect("JSON is text");
        let bytes = dumps(&Wire::Chain { data });
        if bytes.len() <= DATAGRAM_MAX {
            return Some(bytes);
        }
        // Blocks are about equally long, so this is nearly the number that fits.
        let fit = blocks.len() * DATAGRAM_MAX / bytes.len();
        blocks.truncate(fit.min(blocks.len() - 1));
    }
}

/// Returns the bytes of a block alone, or `None` for one of another network.
pub(super) fn encode_block(block: &Block) -> Option<Vec<u8>> {
    to_json(block).map(String::into_bytes)
}

fn to_json(block: &Block) -> Option<String> {
    match block {
        Block::Cs60(block) => Some(block.to_json()),
        Block::Aviary(_) | Block::Native(_) => None,
    }
}

/// Returns what `payload` says.
pub(super) fn decode(data: Data, payload: &[u8]) -> Result<Message, Malformed> {
    let mut fields = object(read(payload)?)?;
    let kind = text(&mut fields, "type")?;
    Ok(match kind.as_text() {
        Some("REQ") => {
            let from = fields.remove("from").map(u64::deserialize).transpose();
            let from = from.map_err(|error| not_a_message(&error))?;
            Message::ChainRequest { from: Height::new(from.unwrap_or_default()) }
        }
        Some("BLOCK") => Message::Announcement(block_of(data, &text(&mut fields, "data")?)?),
        Some("CHAIN") => {
            let mut fields = object_of(&text(&mut fields, "data")?)?;
            let Value::List(blocks) = field(&mut fields, "_chain")? else {
                return Err(not_a_message(&"field `_chain` is not a list"));
            };
            let block = |json| match json {
                Value::Text(json) => block_of(data, &json),
                _ => Err(not_a_message(&"a block is not a text")),
            };
            Message::Chain(blocks.into_iter().map(block).collect::<Result<_, _>>()?)
        }
        _ => return Err(not_a_message(&"neither \"REQ\" nor \"BLOCK\" nor \"CHAIN\"")),
    })
}

/// Returns the block with these bytes.
pub(super) fn decode_block(data: Data, json: &[u8]) -> Result<Block, Malformed> {
    block_of_fields(data, object(read(json)?)?)
}

fn block_of(data: Data, json: &Text) -> Result<Block, Malformed> {
    block_of_fields(data, object_of(json)?)
}

fn block_of_fields(data: Data, mut fields: Object) -> Result<Block, Malformed> {
    let datum = match (field(&mut fields, "_data")?, data) {
        // A program that looks for a ballot in anything else ends.
        (value, Data::Ballots) if !matches!(value, Value::Text(_)) => {
            return Err(not_a_message(&"field `_data` is not a text"));
        }
        (value, _) => value,
    };
    let (index, nonce) = (field(&mut fields, "_index")?, field(&mut fields, "_nonce")?);
    let parent = text(&mut fields, "_prev_hash")?;
    let parent = parent.as_text().and_then(Cs60Block::parse_parent);
    let reason = "neither a hash nor \"0\"";
    let malformed = Malformed::Field { field: "_prev_hash", reason: reason.to_owned() };
    Ok(Block::Cs60(Cs60Block::stating(&index, &nonce, parent.ok_or(malformed)?, &datum)))
}

/// Returns the object that is JSON in a text.
fn object_of(json: &Text) -> Result<Object, Malformed> {
    object(loads_text(json).map_err(|error| not_a_message(&error))?)
}

fn object(value: Value) -> Result<Object, Malformed> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(not_a_message(&"not an object")),
    }
}

fn field(fields: &mut Object, name: &str) -> Result<Value, Malformed> {
    let missing = || not_a_message(&format_args!("missing field `{name}`"));
    fields.remove(name).ok_or_else(missing)
}

fn text(fields: &mut Object, name: &str) -> Result<Text, Malformed> {
    match field(fields, name)? {
        Value::Text(text) => Ok(text),
        _ => Err(not_a_message(&format_args!("field `{name}` is not a text"))),
    }
}

fn not_a_message(reason: &dyn Display) -> Malformed {
    Malformed::NotAMessage(reason.to_string())
}
