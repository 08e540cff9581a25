//! How a peer is named in JSON.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use althing_types::{Address, PeerId};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An id of up to 128 bits: a number in JSON where it fits into 64 bits, as on the wire of most
/// networks, and otherwise its decimal digits as a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u128);

/// The name of a peer: its id in a network with rounds, its address in one with a chain.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(untagged)]
pub enum PeerName {
    /// The id that it has drawn.
    Id(Id),
    /// The address at which the others reach it, as in `127.0.0.1:8999`.
    Address(
        #[serde(with = "crate::text_form")]
        #[schemars(with = "String")]
        Address,
    ),
}

impl Id {
    /// Returns the peer with this id.
    pub const fn peer(self) -> PeerId {
        PeerId::new(self.0)
    }
}

impl PeerName {
    /// Returns the id, if the peer has one.
    pub fn id(&self) -> Option<PeerId> {
        match self {
            Self::Id(id) => Some(id.peer()),
            Self::Address(_) => None,
        }
    }
}

impl From<PeerId> for Id {
    fn from(peer: PeerId) -> Self {
        Self(peer.number())
    }
}

impl From<PeerId> for PeerName {
    fn from(peer: PeerId) -> Self {
        Self::Id(peer.into())
    }
}

impl From<Address> for PeerName {
    fn from(address: Address) -> Self {
        Self::Address(address)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for PeerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match u64::try_from(self.0) {
            Ok(number) => serializer.serialize_u64(number),
            Err(_) => serializer.collect_str(&self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form<'a> {
            Number(u64),
            Text(Cow<'a, str>),
        }
        match Form::deserialize(deserializer)? {
            Form::Number(number) => Ok(Self(number.into())),
            Form::Text(digits) => {
                u128::from_str(&digits).map(Self).map_err(serde::de::Error::custom)
            }
        }
    }
}

impl JsonSchema for Id {
    fn schema_name() -> Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "integer", "minimum": 0, "maximum": u64::MAX },
                { "type": "string", "pattern": "^[0-9]{1,39}$" },
            ]
        })
    }
}
