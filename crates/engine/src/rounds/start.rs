//! The starts of a peer (rules I1 and I4).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// One start of a peer with the same identity (rule I1).
///
/// Its number is on disk before the peer says anything. Two copies of one disk that start beside
/// each other have the same number; so each start draws a random number as well, by which they are
/// told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Start {
    /// One more than that of the start before; 1 for the first.
    pub number: u64,
    /// Drawn at the start.
    pub nonce: u64,
}

impl Start {
    /// The first start, in which a peer cannot have said anything before. Peers do not send it.
    pub const FIRST: Self = Self { number: 1, nonce: 0 };

    /// Returns this start as it is sent: not at all if it is the first.
    pub fn sent(self) -> Option<Self> {
        (self.number > Self::FIRST.number).then_some(self)
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:016x})", self.number, self.nonce)
    }
}

/// Stands for the latest starts of all members that a peer knows of (rule I4): two peers with the
/// same digest know the same ones. Zero while no member is known to have started a second time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct StartsDigest(pub u64);

impl StartsDigest {
    /// Returns whether no member is known to have started a second time; then it is not sent.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub fn is_none(&self) -> bool {
        self.0 == 0
    }
}

/// Rows of earlier versions end where this would stand.
impl<'de> Deserialize<'de> for StartsDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(u64::deserialize(deserializer).map(Self).unwrap_or_default())
    }
}
