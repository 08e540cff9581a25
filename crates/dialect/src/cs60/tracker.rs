//! What peers and the tracker say to each other: JSON over a stream, with nothing between two of
//! them, so they have to be told apart by where one ends.

use althing_ledger::python_json::dumps;
use althing_types::Address;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Malformed, PAYLOAD_MAX};

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
/// `T` is [`Presence`] at the tracker, and a list of addresses, `Vec<Address>`, at a peer.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    buffer: Vec<u8>,
}

impl Reader {
    /// Takes in what has come, and returns what is complete. After an error there is nothing to be
    /// read from the stream any more, since nobody knows where the next message begins.
    pub fn read<T: DeserializeOwned>(&mut self, bytes: &[u8]) -> Result<Vec<T>, Malformed> {
        self.buffer.extend_from_slice(bytes);
        let mut messages = serde_json::Deserializer::from_slice(&self.buffer).into_iter();
        let mut complete = Vec::new();
        for message in messages.by_ref() {
            match message {
                Ok(message) => complete.push(message),
                Err(error) if error.is_eof() => break,
                Err(error) => return Err(Malformed::NotAMessage(error.to_string())),
            }
        }
        let end = messages.byte_offset();
        self.buffer.drain(..end);
        match self.buffer.len() {
            bytes if bytes > PAYLOAD_MAX => Err(Malformed::TooLong { bytes }),
            _ => Ok(complete),
        }
    }
}
