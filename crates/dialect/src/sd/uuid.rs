//! Ids and draws as the text of a UUID.
//!
//! Programs compare them as text. Only of the lower-case text with its four hyphens, which Python
//! writes, is that the order of the numbers; so no other text is understood.

use althing_types::PeerId;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of 128 bits that is the text of a UUID on the wire; its version is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Uuid(pub(super) u128);

/// A peer whose id is the text of a UUID on the wire. No peer may have the id
/// [`PeerId::UNNAMED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(pub(super) PeerId);

impl Serialize for Uuid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&althing_types::Uuid::new(self.0))
    }
}

impl<'de> Deserialize<'de> for Uuid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let uuid = String::deserialize(deserializer)?.parse::<althing_types::Uuid>();
        uuid.map(|uuid| Self(uuid.number())).map_err(Error::custom)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Uuid(self.0.number()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Uuid(number) = Uuid::deserialize(deserializer)?;
        match PeerId::new(number) {
            PeerId::UNNAMED => Err(Error::custom("an id that nobody has")),
            peer => Ok(Self(peer)),
        }
    }
}
