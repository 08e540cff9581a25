//! The number that a peer goes by.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Uuid;

/// The id of one peer in a network.
///
/// It has 128 bits because the widest id of the supported networks is a UUID. Ids are ordered as
/// numbers, which for UUIDs is also the order of their text. The dialect decides how an id is
/// written on the wire.
///
/// People and scripts see an id as [`Display`](fmt::Display) shows it, and [`FromStr`] reads the
/// same: one of more than 64 bits, which only networks with UUIDs have, as a UUID, and any other
/// as a decimal number. (A random UUID has its version among the upper 64 bits.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PeerId(u128);

impl PeerId {
    /// Stands for the sender of a message that does not say who sent it. No peer has this id.
    pub const UNNAMED: Self = Self(u128::MAX);

    /// Returns the peer with this number.
    pub const fn new(number: u128) -> Self {
        Self(number)
    }

    /// Returns the number.
    pub const fn number(self) -> u128 {
        self.0
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match u64::try_from(self.0) {
            Ok(number) => number.fmt(f),
            Err(_) => Uuid::new(self.0).fmt(f),
        }
    }
}

/// A text that is not the id of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a peer, which is a number or a UUID in lower case")]
pub struct NotAnId;

impl FromStr for PeerId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let number = text.parse().or_else(|_| text.parse().map(Uuid::number));
        number.map(Self).map_err(|_| NotAnId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_shown_as_its_network_writes_it_and_read_back() {
        for (number, text) in [
            (0, "0"),
            (u64::MAX.into(), "18446744073709551615"),
            (1 << 64, "00000000-0000-0001-0000-000000000000"),
            (0x919108f7_52d1_4320_9bac_f847db4148a8, "919108f7-52d1-4320-9bac-f847db4148a8"),
        ] {
            assert_eq!(PeerId::new(number).to_string(), text);
            assert_eq!(text.parse(), Ok(PeerId::new(number)));
        }
        // As it was written before.
        let decimal = "193480148173213475214318519713706494120".parse();
        assert_eq!(decimal, Ok(PeerId::new(193_480_148_173_213_475_214_318_519_713_706_494_120)));
        assert_eq!("peer".parse::<PeerId>(), Err(NotAnId));
    }
}
