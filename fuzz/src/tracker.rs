//! Bytes from a stream between a peer and a tracker, split at any place.

use std::fmt::Debug;

use althing_net::tracker::codec::{Presence, Reader, encode_list};
use althing_types::Address;
use serde::de::DeserializeOwned;

/// The limit of a message here, in bytes; shorter than an input, so that the limit is reached.
const MESSAGE_MAX: usize = 512;

/// Parses the input as the messages of a peer and as the lists of a tracker. Its first byte is the
/// size of the pieces in which the rest arrives.
///
/// # Panics
///
/// If the result depends on how the stream is split, or if what was parsed cannot be encoded again.
pub fn try_input(input: &[u8]) {
    let Some((piece, stream)) = input.split_first() else { return };
    let piece = usize::from(*piece).max(1);
    try_reading(stream, piece, Presence::encode);
    try_reading(stream, piece, |list: &Vec<Address>| encode_list(list));
}

fn try_reading<T: DeserializeOwned + Debug + PartialEq>(
    stream: &[u8],
    piece: usize,
    encode: impl Fn(&T) -> Vec<u8>,
) {
    let (messages, is_well) = read_in_pieces::<T>(stream, 1);
    let (some, is_well_in_pieces) = read_in_pieces::<T>(stream, piece);
    assert_eq!(is_well, is_well_in_pieces, "an end depends on how the stream is cut");
    // What arrived in one piece with invalid bytes is lost.
    assert!(messages.starts_with(&some), "{messages:?} in other pieces are {some:?}");
    assert!(!is_well || messages == some, "{messages:?} in other pieces are {some:?}");
    for message in messages {
        let again = Reader::new(usize::MAX).read::<T>(&encode(&message));
        assert_eq!(again, Ok(vec![message]), "it is not what was said again");
    }
}

/// Returns what is parsed until the stream ends, and whether all of it was valid.
fn read_in_pieces<T: DeserializeOwned>(stream: &[u8], piece: usize) -> (Vec<T>, bool) {
    let mut reader = Reader::new(MESSAGE_MAX);
    let mut messages = Vec::new();
    for bytes in stream.chunks(piece) {
        match reader.read(bytes) {
            Ok(more) => messages.extend(more),
            Err(_) => return (messages, false),
        }
    }
    (messages, true)
}
