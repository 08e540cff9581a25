//! Blocks of `aviary`: messages, a miner and a time, hashed without separators.

use althing_text::python_json::dumps;
use althing_types::{BlockHash, Height, UnixTime};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::entry::Entry;

/// A block of an `aviary` network: some messages, and who mined them when.
///
/// The hash covers the fields without separators, and without the height. So a character can move
/// from the miner's name to the first message, or from the last message to the nonce, and the hash
/// stays the same: it proves the work, the block before, and the sequence of characters, but not
/// the fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AviaryBlock {
    /// The height that it states.
    pub height: Height,
    /// The name of its miner, which nothing proves.
    pub miner: Box<str>,
    /// What it holds: texts.
    pub messages: Box<[Entry]>,
    /// When it was mined.
    pub time: UnixTime,
    /// What its miner searched for.
    pub nonce: Box<str>,
    /// The hash that it states.
    pub hash: BlockHash,
}

/// The longest message with a block, field by field.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply<'a> {
    r#type: &'static str,
    height: u64,
    mined_by: &'a str,
    nonce: &'a str,
    messages: Vec<&'a str>,
    hash: String,
    timestamp: u64,
}

impl AviaryBlock {
    /// Returns how many bytes the answer with this block has.
    pub(crate) fn reply_bytes(&self) -> usize {
        let messages = self.messages.iter().map(|message| message.as_text().unwrap_or_default());
        let reply = Reply {
            r#type: "GET_BLOCK_REPLY",
            height: self.height.number(),
            mined_by: &self.miner,
            nonce: &self.nonce,
            messages: messages.collect(),
            hash: self.hash.to_string(),
            timestamp: self.time.seconds(),
        };
        dumps(&reply).len()
    }

    pub(crate) fn hash_after(&self, parent: Option<&BlockHash>) -> BlockHash {
        let mut hasher = Sha256::new();
        self.before_nonce(parent, |bytes| hasher.update(bytes));
        hasher.update(self.nonce.as_bytes());
        BlockHash::from_bytes(hasher.finalize().into())
    }

    /// Returns a digest over the fields and their lengths.
    pub(crate) fn content(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        let messages = self.messages.iter().map(Entry::as_bytes);
        for part in [self.miner.as_bytes(), self.nonce.as_bytes()].into_iter().chain(messages) {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        hasher.update(self.hash.as_bytes());
        hasher.finalize().into()
    }

    /// Hands over, part by part, the bytes that are hashed before the nonce.
    pub(crate) fn before_nonce(&self, parent: Option<&BlockHash>, mut take: impl FnMut(&[u8])) {
        if let Some(parent) = parent {
            take(&parent.to_hex());
        }
        take(self.miner.as_bytes());
        for message in &self.messages {
            take(message.as_bytes());
        }
        take(&self.time.seconds().to_be_bytes());
    }
}
