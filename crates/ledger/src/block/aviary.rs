//! Blocks of `aviary`: messages, a miner and perhaps a time, hashed without separators.

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
    /// When it was mined; none in networks of older years, whose blocks have no time.
    #[serde(with = "kept_time")]
    pub time: Option<UnixTime>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<u64>,
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
            timestamp: self.time.map(UnixTime::seconds),
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
        if let Some(time) = self.time {
            take(&time.seconds().to_be_bytes());
        }
    }
}

/// Keeps a time as the number of its seconds, as it was kept when all blocks had one, and none as
/// a number that is no time.
mod kept_time {
    use althing_types::UnixTime;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// More seconds than a time has.
    const NONE: u128 = 1 << 64;

    pub(super) fn serialize<S: Serializer>(
        time: &Option<UnixTime>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        time.map_or(NONE, |time| time.seconds().into()).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<UnixTime>, D::Error> {
        match u128::deserialize(from)? {
            NONE => Ok(None),
            seconds => u64::try_from(seconds)
                .map(|seconds| Some(UnixTime::from_seconds(seconds)))
                .map_err(|_| D::Error::custom("a time has 64 bits")),
        }
    }
}
