//! The number that a peer goes by.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The id of one peer in a network.
///
/// It has 128 bits because the widest id of the supported networks is a UUID. Ids are ordered as
/// numbers, which for UUIDs is also the order of their text. The dialect decides how an id is
/// written on the wire; here and in our own output it is a decimal number.
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
        self.0.fmt(f)
    }
}
