//! What peers and the tracker say to each other: JSON over a stream, with nothing between two of
//! them, so they have to be told apart by where one ends.

use althing_ledger::python_json::dumps;
use althing_types::Address;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Malformed;

/// A peer's word to the tracker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "addr", rename_all = "UPPERCASE")]
pub enum Presence {
    /// It is here, at this address.
    Syn(Address),
    /// It leaves.
    Fin(Address),
}

impl Presence {
    /// Returns it as bytes.
    pub fn encode(&self) -> Vec<u8> {
        dumps(self)
    }
}

/// Returns the tracker's list of all peers as bytes.
pub fn encode_list(peers: &[Address]) -> Vec<u8> {
    dumps(&peers)
}

/// Puts together what comes over a stream in pieces: several in one, or one in several.
///
/// What is read is [`Presence`] at the tracker, and a list of addresses, `Vec<Address>`, at a peer.
/// Each byte is looked at once before its message is complete, so a stream in small pieces costs
/// no more than one in large ones.
#[derive(Clone, Debug)]
pub struct Reader {
    bytes_max: usize,
    /// What has come of a message that is not complete.
    buffer: Vec<u8>,
    /// How many brackets are open in it.
    depth: usize,
    place: Place,
}

/// Where in a message the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Structure,
    Text,
    /// After a backslash in a text.
    Escape,
}

impl Reader {
    /// Returns a reader of messages that have at most so many bytes each.
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes_max, buffer: Vec::new(), depth: 0, place: Place::Structure }
    }

    /// Takes in what has come, and returns what is complete. After an error there is nothing to be
    /// read from the stream any more, since nobody knows where the next message begins.
    pub fn read<T: DeserializeOwned>(&mut self, bytes: &[u8]) -> Result<Vec<T>, Malformed> {
        let mut complete = Vec::new();
        for byte in bytes {
            if self.buffer.is_empty() && byte.is_ascii_whitespace() {
                continue;
            }
            self.buffer.push(*byte);
            self.step(*byte);
            if self.buffer.len() > self.bytes_max {
                let bytes = self.bytes_max;
                return Err(Malformed::NotAMessage(format!("no end within {bytes} bytes")));
            }
            if self.depth == 0 {
                let message = serde_json::from_slice(&self.buffer)
                    .map_err(|error| Malformed::NotAMessage(error.to_string()))?;
                complete.push(message);
                self.buffer.clear();
            }
        }
        Ok(complete)
    }

    /// Takes note of what a byte begins or ends. All messages are objects or arrays, so one that
    /// begins in another way is complete at once, and no message.
    fn step(&mut self, byte: u8) {
        match (self.place, byte) {
            (Place::Structure, b'{' | b'[') => self.depth += 1,
            (Place::Structure, b'}' | b']') => self.depth = self.depth.saturating_sub(1),
            (Place::Structure, b'"') if self.depth > 0 => self.place = Place::Text,
            (Place::Text, b'"') => self.place = Place::Structure,
            (Place::Text, b'\\') => self.place = Place::Escape,
            (Place::Escape, _) => self.place = Place::Text,
            (Place::Structure | Place::Text, _) => {}
        }
    }
}
