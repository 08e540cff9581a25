//! The envelope of a message: the version and the network.

use althing_engine::simplex::Message;
use althing_ledger::charter::{ChainId, MemberIndex};

use super::fields;
use crate::bytes::{Reader, not_a_message};
use crate::codec::short_enough;
use crate::{Malformed, PAYLOAD_MAX};

/// The first byte of a message, so that there can be another format.
const VERSION: u8 = 1;

/// Bytes of the chain's id that a message has.
const CHAIN_BYTES: usize = 8;

/// Returns the bytes of a message, or `None` if it has more than any may have.
pub(super) fn encode(chain: &ChainId, message: &Message) -> Option<Vec<u8>> {
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&chain.as_bytes()[..CHAIN_BYTES]);
    bytes.extend_from_slice(&fields::encode(message)?);
    (bytes.len() <= PAYLOAD_MAX).then_some(bytes)
}

/// Returns what bytes say, or what is wrong with them.
pub(super) fn decode(chain: &ChainId, payload: &[u8]) -> Result<Message, Malformed> {
    let mut reader = Reader::new(short_enough(payload)?);
    if reader.byte()? != VERSION {
        return Err(not_a_message("another version"));
    }
    if *reader.array::<CHAIN_BYTES>()? != chain.as_bytes()[..CHAIN_BYTES] {
        return Err(not_a_message("of another assembly: its charter differs"));
    }
    fields::decode(&payload[1 + CHAIN_BYTES..])
}

/// Returns the member that a last will names.
pub(super) fn member(payload: &[u8]) -> Option<MemberIndex> {
    Some(MemberIndex(u16::from_be_bytes(payload.try_into().ok()?)))
}
