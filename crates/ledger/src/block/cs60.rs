//! Blocks of `cs60`: JSON with one piece of data.

use althing_text::python_json::dumps;
use althing_types::{BlockHash, Height};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::entry::Entry;

/// A block of a `cs60` network: one piece of data, with the hash of the block before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cs60Block {
    /// The number of blocks before it.
    pub height: Height,
    /// The block before it; none before the first.
    pub parent: Option<BlockHash>,
    /// What it holds: a text.
    pub datum: Entry,
    /// What its miner searched for.
    pub nonce: u64,
}

/// The fields as the program has them, in the order of their names.
#[derive(Serialize)]
struct Fields<'a> {
    _data: &'a str,
    _index: u64,
    _nonce: u64,
    _prev_hash: &'a str,
}

/// What the first block has in place of a parent.
const NO_PARENT: &str = "0";

impl Cs60Block {
    /// The genesis of every chain; no peer has mined it.
    pub fn genesis() -> Self {
        Self { height: Height::GENESIS, parent: None, datum: Entry::text(""), nonce: 0 }
    }

    /// Returns its JSON, as Python's `json.dumps` writes it: both what is sent and what is hashed.
    pub fn to_json(&self) -> String {
        let parent = self.parent.map(|parent| parent.to_string());
        let fields = Fields {
            // A datum that is no text has been refused (rule B3), and comes here in no other way.
            _data: self.datum.as_text().unwrap_or_default(),
            _index: self.height.number(),
            _nonce: self.nonce,
            _prev_hash: parent.as_deref().unwrap_or(NO_PARENT),
        };
        String::from_utf8(dumps(&fields)).expect("JSON is text")
    }

    /// Returns what it says its parent is, if that can be one.
    pub fn parse_parent(text: &str) -> Option<Option<BlockHash>> {
        if text == NO_PARENT { Some(None) } else { Some(Some(text.parse().ok()?)) }
    }

    /// Returns how many bytes longer it makes an answer with a chain, where its JSON is a text in a
    /// JSON that is a text.
    pub(crate) fn bytes_in_chain(&self) -> usize {
        let json = self.to_json();
        // Each of these, and each of the two quotation marks around it, has one more backslash when
        // it is quoted, and two more when that is quoted again.
        let quoted = json.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
        const SEPARATOR: usize = ", ".len();
        json.len() + 3 * quoted + 2 * 2 + SEPARATOR
    }

    pub(crate) fn hash(&self) -> BlockHash {
        BlockHash::from_bytes(Sha256::digest(self.to_json()).into())
    }

    /// Returns the bytes that are hashed before and after the nonce.
    pub(crate) fn around_nonce(&self) -> (Vec<u8>, Vec<u8>) {
        const NONCE: &str = "\"_nonce\": ";
        let json = self.to_json();
        // The datum may hold anything but a bare quotation mark, so the last one is the field's.
        let start = json.rfind(NONCE).expect("the block has a nonce") + NONCE.len();
        let end = start + json[start..].find(',').expect("the parent comes after the nonce");
        (json.as_bytes()[..start].to_vec(), json.as_bytes()[end..].to_vec())
    }
}
