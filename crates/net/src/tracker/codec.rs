//! What peers and the tracker say to each other: JSON over a stream, with nothing between two of
//! them, so they have to be told apart by where one ends.

use althing_text::python_json::dumps;
use althing_text::python_value::loads_bytes;
use althing_types::Address;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

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

/// Bytes that are no message; the text says why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a message: {0}")]
pub struct Malformed(pub String);

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
                return Err(Malformed(format!("no end within {bytes} bytes")));
            }
            if self.depth == 0 {
                complete.push(read_message(&self.buffer)?);
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

/// Returns what a message says to a program in Python.
fn read_message<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Malformed> {
    let value = loads_bytes(bytes).map_err(|error| Malformed(error.to_string()))?;
    T::deserialize(value).map_err(|error| Malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Bytes that one message may have here.
    const MESSAGE_MAX: usize = 60_000;

    fn address(port: u16) -> Address {
        Address::new("127.0.0.1", port).expect("a host")
    }

    #[test]
    fn the_tracker_is_spoken_to_as_the_program_does() {
        let syn = Presence::Syn(address(7)).encode();
        assert_eq!(syn, br#"{"type": "SYN", "addr": ["127.0.0.1", 7]}"#);
        let fin = Presence::Fin(address(7)).encode();
        assert_eq!(fin, br#"{"type": "FIN", "addr": ["127.0.0.1", 7]}"#);
        let list = encode_list(&[address(7), address(8)]);
        assert_eq!(list, br#"[["127.0.0.1", 7], ["127.0.0.1", 8]]"#);
    }

    #[test]
    fn what_is_no_list_ends_a_stream() {
        for bytes in [&b"hello"[..], b"\"", b"]", br#"{"type": "SYN"}"#, br#"[["", 7]]"#, b"[[]]"] {
            assert!(Reader::new(MESSAGE_MAX).read::<Vec<Address>>(bytes).is_err());
        }
        let endless = vec![b'['; MESSAGE_MAX + 1];
        assert!(Reader::new(MESSAGE_MAX).read::<Vec<Address>>(&endless).is_err());
    }

    #[test]
    fn brackets_and_quotes_in_a_host_end_nothing() {
        let host = |text| Address::new(text, 7).expect("a host");
        let list = [r#"]""#, r"\", r#"\""#, "[{", "}"].map(host);
        let mut bytes = encode_list(&list);
        bytes.extend(b" \n");
        bytes.extend(encode_list(&[]));
        let mut reader = Reader::new(MESSAGE_MAX);
        let read: Vec<Vec<Address>> = bytes
            .iter()
            .flat_map(|byte| reader.read(std::slice::from_ref(byte)).expect("a list"))
            .collect();
        assert_eq!(read, [list.to_vec(), vec![]]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_an_error(payload in vec(any::<u8>(), 0..200)) {
            let _ = Reader::new(MESSAGE_MAX).read::<Vec<Address>>(&payload);
            let _ = Reader::new(MESSAGE_MAX).read::<Presence>(&payload);
        }

        #[test]
        fn lists_are_read_from_a_stream_however_it_is_cut(
            lists in vec(vec((1..60_000_u16).prop_map(address), 0..9), 1..9),
            cuts in vec(any::<prop::sample::Index>(), 0..9),
        ) {
            let stream: Vec<u8> = lists.iter().flat_map(|list| encode_list(list)).collect();
            let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
            ends.extend([0, stream.len()]);
            ends.sort_unstable();
            let mut reader = Reader::new(MESSAGE_MAX);
            let mut read: Vec<Vec<Address>> = Vec::new();
            for piece in ends.windows(2) {
                read.extend(reader.read(&stream[piece[0]..piece[1]]).expect("lists"));
            }
            prop_assert_eq!(read, lists);
        }
    }
}
