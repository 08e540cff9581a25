//! Bytes from a disk: which kind of value, and the value as the store keeps it.

use std::fmt::Debug;

use althing_engine::rounds::{Accepted, CertifiedRecord, Promised, PublicKey};
use althing_types::PeerId;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Decodes the input as one of the kinds of values that are kept.
///
/// # Panics
/// If a value changes when it is encoded and decoded again.
pub fn try_input(input: &[u8]) {
    let Some((kind, bytes)) = input.split_first() else { return };
    match kind % 4 {
        0 => check::<CertifiedRecord>(bytes),
        1 => check::<Accepted>(bytes),
        2 => check::<Promised>(bytes),
        _ => check::<Vec<(PeerId, Option<PublicKey>)>>(bytes),
    }
}

fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) {
    let Ok((value, rest)) = postcard::take_from_bytes::<T>(bytes) else { return };
    let encoded = postcard::to_stdvec(&value).expect("memory takes any number of bytes");
    // A number may be encoded in more bytes than necessary, but never in fewer.
    assert!(encoded.len() <= bytes.len() - rest.len());
    assert_eq!(postcard::from_bytes(&encoded), Ok(value), "after a round trip");
}
