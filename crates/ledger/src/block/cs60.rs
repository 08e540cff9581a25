//! Blocks of `cs60`: JSON with one piece of data.

use althing_text::python_value::{Keys, Text, Value};
use althing_types::{BlockHash, Height};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::entry::Entry;

/// A block of a `cs60` network: one piece of data, with the hash of the block before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Cs60Block {
    /// The number of blocks before it: what it states, until its parent is known.
    pub height: Height,
    /// The block before it; none before the first.
    pub parent: Option<BlockHash>,
    /// What it holds: a text as Python has it, in which halves of characters may stand alone; or
    /// the JSON of another value, if it is odd.
    pub datum: Entry,
    /// What its miner searched for.
    pub nonce: u64,
    /// What it states that none of the above is. The published program does not mind, and hashes
    /// it as it stands there.
    pub odd: Option<Box<Odd>>,
}

/// The JSON, as Python writes it, of what a block states in its own way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Odd {
    /// Its index, if that is not its height. The program takes its difficulty from it.
    pub index: Option<Box<str>>,
    /// Its nonce, if that is no integer of 64 bits. It may be anything.
    pub nonce: Option<Box<str>>,
    /// Whether its datum is no text, but what this is the JSON of.
    pub holds_value: bool,
}

/// A block as it is kept on disk. An odd one has its index and its nonce in front of its datum,
/// after a byte with which no text begins.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Cs60Block")]
struct Stored {
    height: Height,
    parent: Option<BlockHash>,
    datum: Entry,
    nonce: u64,
}

/// Begins the datum of an odd block on disk.
const ODD: u8 = 0xff;

/// Begins it where the datum is the JSON of a value.
const ODD_VALUE: u8 = 0xfe;

impl From<Cs60Block> for Stored {
    fn from(block: Cs60Block) -> Self {
        let Cs60Block { height, parent, datum, nonce, odd } = block;
        let datum = match odd {
            None => datum,
            Some(odd) => {
                let [index, nonce] =
                    [&odd.index, &odd.nonce].map(|it| it.as_deref().unwrap_or_default().as_bytes());
                // JSON of Python's has no line ends.
                let mark = if odd.holds_value { ODD_VALUE } else { ODD };
                Entry::new([&[mark], index, b"\n", nonce, b"\n", datum.as_bytes()].concat())
            }
        };
        Self { height, parent, datum, nonce }
    }
}

impl From<Stored> for Cs60Block {
    fn from(stored: Stored) -> Self {
        let Stored { height, parent, datum, nonce } = stored;
        match read_odd(datum.as_bytes()) {
            Some((odd, datum)) => {
                let (odd, datum) = (Some(Box::new(odd)), Entry::new(datum));
                Self { height, parent, datum, nonce, odd }
            }
            None => Self { height, parent, datum, nonce, odd: None },
        }
    }
}

fn read_odd(bytes: &[u8]) -> Option<(Odd, &[u8])> {
    let (mark, rest) = bytes.split_first().filter(|(mark, _)| [ODD, ODD_VALUE].contains(mark))?;
    let mut parts = rest.splitn(3, |byte| *byte == b'\n');
    let mut json = || {
        let json = str::from_utf8(parts.next()?).ok()?;
        Some((!json.is_empty()).then(|| json.into()))
    };
    let odd = Odd { index: json()?, nonce: json()?, holds_value: *mark == ODD_VALUE };
    Some((odd, parts.next()?))
}

/// What the first block has in place of a parent.
const NO_PARENT: &str = "0";

impl Cs60Block {
    /// The genesis of every chain; no peer has mined it.
    pub fn genesis() -> Self {
        Self { height: Height::GENESIS, parent: None, datum: Entry::text(""), nonce: 0, odd: None }
    }

    /// Returns a block with an index, a nonce and a datum as the program has read them. Where it
    /// states another height than its own, it goes on to state that.
    pub fn stating(index: &Value, nonce: &Value, parent: Option<BlockHash>, datum: &Value) -> Self {
        let number = |value: &Value| match value {
            Value::Integer(digits) => digits.parse().ok(),
            _ => None,
        };
        let json = |value: &Value| match number(value) {
            Some(_) => None,
            None => Some(value.dumps(Keys::Sorted).into()),
        };
        let (datum, holds_value) = match datum {
            Value::Text(text) => (Entry::new(text.joined().as_bytes()), false),
            value => (Entry::text(&value.dumps(Keys::Sorted)), true),
        };
        let odd = Odd { index: json(index), nonce: json(nonce), holds_value };
        Self {
            height: Height::new(number(index).unwrap_or_default()),
            parent,
            datum,
            nonce: number(nonce).unwrap_or_default(),
            odd: (odd != Odd::default()).then(|| Box::new(odd)),
        }
    }

    /// Gives it the height that follows from its parent's. It still states what it did.
    pub(crate) fn place(&mut self, height: Height) {
        if height == self.height {
            return;
        }
        let stated = self.height.number().to_string();
        let index = &mut self.odd.get_or_insert_default().index;
        index.get_or_insert_with(|| stated.into());
        self.height = height;
    }

    /// Returns the index that it states, if that is not its height: the JSON of it.
    pub(crate) fn odd_index(&self) -> Option<&str> {
        self.odd.as_ref()?.index.as_deref()
    }

    /// Returns its JSON, as Python's `json.dumps` writes it: both what is sent and what is hashed.
    pub fn to_json(&self) -> String {
        let datum = match &self.odd {
            Some(odd) if odd.holds_value => self.datum.as_text().unwrap_or_default().to_owned(),
            // What is no text of Python's has been refused (rule B3), so none comes here.
            _ => Text::from_bytes(self.datum.as_bytes()).unwrap_or_default().dumps(),
        };
        let (height, nonce) = (self.height.number().to_string(), self.nonce.to_string());
        let index = self.odd_index().unwrap_or(&height);
        let nonce = self.odd.as_ref().and_then(|odd| odd.nonce.as_deref()).unwrap_or(&nonce);
        let parent = self.parent.map(|parent| parent.to_string());
        let hash = parent.as_deref().unwrap_or(NO_PARENT);
        format!(
            r#"{{"_data": {datum}, "_index": {index}, "_nonce": {nonce}, "_prev_hash": "{hash}"}}"#
        )
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
