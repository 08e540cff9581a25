//! How an id is written.

use althing_types::PeerId;
use serde_json::Value;

use crate::profile::IdKind;
use crate::program::written_id;

/// Returns how an id is written; `None` if in no way that programs have.
pub(super) fn kind_of_one(value: &Value) -> Option<IdKind> {
    match value {
        // Nanoseconds since 1970 are about as many for some decades.
        Value::Number(number) => match number.as_u64()? {
            1_000_000_000_000_000_000..=3_000_000_000_000_000_000 => Some(IdKind::TimeNs),
            _ => Some(IdKind::Int),
        },
        Value::String(text) if text.parse::<althing_types::Uuid>().is_ok() => Some(IdKind::Uuid),
        Value::String(text) if text.starts_with("0x") => Some(IdKind::HexText),
        Value::String(text) if text.parse::<u64>().is_ok() => Some(IdKind::IntText),
        Value::String(text) if text.parse::<f64>().is_ok() => Some(IdKind::FloatText),
        _ => None,
    }
}

/// Returns whether this is the id of a peer, in whichever way it is written.
pub(super) fn is_of(value: &Value, peer: PeerId) -> bool {
    let written = kind_of_one(value).map(|kind| written_id(kind, peer));
    written.is_some_and(|written| written == value.to_string().as_bytes())
}
