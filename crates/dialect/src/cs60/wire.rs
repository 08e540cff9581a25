//! The messages between peers: JSON, in which blocks are JSON as text, in chains that are JSON as
//! text once more.

use althing_engine::nakamoto::Message;
use althing_ledger::{Block, Cs60Block, Entry};
use althing_text::python_json::dumps;
use althing_types::Height;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{DATAGRAM_MAX, Malformed};

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "UPPERCASE")]
enum Wire {
    Req {
        /// Ours: the first block that is wanted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<u64>,
    },
    Block {
        data: String,
    },
    Chain {
        data: String,
    },
}

#[derive(Deserialize)]
struct BlockFields {
    _data: String,
    _index: u64,
    _nonce: u64,
    _prev_hash: String,
}

/// How many blocks there are is also said by their list, so that is all we read.
#[derive(Serialize)]
struct ChainFields<'a> {
    _chain: &'a [String],
    _length: usize,
}

#[derive(Deserialize)]
struct Blocks {
    _chain: Vec<String>,
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
pub(super) fn decode(payload: &[u8]) -> Result<Message, Malformed> {
    Ok(match parse(payload)? {
        Wire::Req { from } => Message::ChainRequest { from: Height::new(from.unwrap_or_default()) },
        Wire::Block { data } => Message::Announcement(decode_block(data.as_bytes())?),
        Wire::Chain { data } => {
            let Blocks { _chain } = parse(data.as_bytes())?;
            Message::Chain(
                _chain
                    .iter()
                    .map(|block| decode_block(block.as_bytes()))
                    .collect::<Result<_, _>>()?,
            )
        }
    })
}

/// Returns the block with these bytes.
pub(super) fn decode_block(json: &[u8]) -> Result<Block, Malformed> {
    let BlockFields { _data, _index, _nonce, _prev_hash } = parse(json)?;
    let parent = Cs60Block::parse_parent(&_prev_hash);
    let reason = "neither a hash nor \"0\"";
    let malformed = Malformed::Field { field: "_prev_hash", reason: reason.to_owned() };
    Ok(Block::Cs60(Cs60Block {
        height: Height::new(_index),
        parent: parent.ok_or(malformed)?,
        datum: Entry::text(&_data),
        nonce: _nonce,
    }))
}

/// Reads JSON by way of a value, in which of equal keys the last one counts, as in Python.
fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, Malformed> {
    let value: Result<serde_json::Value, _> = serde_json::from_slice(json);
    value.and_then(T::deserialize).map_err(|error| Malformed::NotAMessage(error.to_string()))
}
