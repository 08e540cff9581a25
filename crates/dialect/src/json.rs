//! What every network that speaks JSON reads in the same way: as its programs do, which are in
//! Python.

use std::sync::Arc;

use althing_engine::rounds::{MembershipDigest, Start, StartsDigest};
use althing_text::hex::Hex;
use althing_text::python_value::{Value, loads_bytes};
use althing_types::Difficulty;
use serde::de::DeserializeOwned;

use crate::Malformed;
use crate::codec::short_enough;

/// Returns the object that `payload` is to a program in Python.
pub(crate) fn parse<T: DeserializeOwned>(payload: &[u8]) -> Result<T, Malformed> {
    match read(payload)? {
        // A list of the right values would do for the parser, but is no object.
        Value::List(_) => Err(Malformed::NotAMessage("a list instead of an object".into())),
        value => T::deserialize(value).map_err(|error| Malformed::NotAMessage(error.to_string())),
    }
}

/// Returns what `payload` is to a program in Python.
pub(crate) fn read(payload: &[u8]) -> Result<Value, Malformed> {
    let value = loads_bytes(short_enough(payload)?);
    value.map_err(|error| Malformed::NotAMessage(error.to_string()))
}

/// Returns the difficulty that the field `name` gives in bits.
pub(crate) fn difficulty(name: &'static str, bits: u64) -> Result<Difficulty, Malformed> {
    Difficulty::from_bits(bits)
        .map_err(|error| Malformed::Field { field: name, reason: error.to_string() })
}

/// Parses the digest of a membership, the field `roster`.
pub(crate) fn membership_digest(Hex(bytes): &Hex) -> Result<MembershipDigest, Malformed> {
    let digest = <[u8; 8]>::try_from(bytes.as_ref()).map_err(|_| Malformed::Field {
        field: "roster",
        reason: format!("{} bytes instead of 8", bytes.len()),
    })?;
    Ok(MembershipDigest(u64::from_be_bytes(digest)))
}

/// Returns JSON without the whitespace between its tokens, which no signature covers.
pub(crate) fn tokens(json: &[u8]) -> impl Iterator<Item = u8> {
    let (mut in_string, mut escaped) = (false, false);
    json.iter().copied().filter(move |byte| {
        let is_part = in_string || !byte.is_ascii_whitespace();
        if *byte == b'"' && !escaped {
            in_string = !in_string;
        }
        escaped = in_string && !escaped && *byte == b'\\';
        is_part
    })
}

/// Returns the field `starts`: the digest of the starts that a peer knows of, if there are any.
pub(crate) fn encode_starts(starts: StartsDigest) -> Option<Hex> {
    (!starts.is_none()).then(|| Hex(Arc::new(starts.0.to_be_bytes())))
}

/// Parses the field `starts`.
pub(crate) fn decode_starts(starts: Option<Hex>) -> Result<StartsDigest, Malformed> {
    let Some(Hex(bytes)) = starts else { return Ok(StartsDigest::default()) };
    let digest = <[u8; 8]>::try_from(bytes.as_ref()).ok().map(u64::from_be_bytes);
    // Zero stands for none, which is written otherwise.
    digest.filter(|digest| *digest > 0).map(StartsDigest).ok_or_else(|| Malformed::Field {
        field: "starts",
        reason: format!("{} bytes instead of 8 that are not all zero", bytes.len()),
    })
}

/// Returns a start as its number and what tells it from a copy.
pub(crate) fn encode_start(start: Start) -> (u64, u64) {
    (start.number, start.nonce)
}

/// Parses what [`encode_start`] returns.
pub(crate) fn decode_start((number, nonce): (u64, u64)) -> Start {
    Start { number, nonce }
}
