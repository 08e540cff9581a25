//! How a peer is named in JSON.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use althing_types::{Address, PeerId};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An id of up to 128 bits. In JSON it is a text, whatever its size: a number in decimal, or a UUID
/// if it does not fit into 64 bits. (Many programs, such as `jq` 1.6 and every JavaScript, read
/// numbers beyond 2^53 as the nearest that they have, which is another peer.) Lines for people have
/// it as [`PeerId`] shows it, which is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u128);

/// Characters that are shown of a text that names no peer.
const NAME_SHOWN: usize = 64;

/// The name of a peer: its id in a network with rounds, its address in one with a chain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
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
    /// Returns a text that is short, and enough to tell a few peers apart: the end of an id.
    pub fn short(&self) -> String {
        const CHARACTERS: usize = 6;
        match self {
            Self::Id(id) => {
                let id = id.to_string();
                match id.len().checked_sub(CHARACTERS) {
                    Some(0) | None => id,
                    Some(cut) => format!("…{}", &id[cut..]),
                }
            }
            Self::Address(address) => address.to_string(),
        }
    }

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

/// Why a text names no peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} names no peer: write its id, its address as in 127.0.0.1:8999, or in a demo its number"
)]
pub struct NoPeerName(Box<str>);

impl FromStr for PeerName {
    type Err = NoPeerName;

    fn from_str(text: &str) -> Result<Self, NoPeerName> {
        let id = text.parse().map(|id: PeerId| Self::from(id));
        let named = id.or_else(|_| text.parse().map(|address: Address| Self::from(address)));
        named.map_err(|_| NoPeerName(text.chars().take(NAME_SHOWN).collect()))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.peer().fmt(f)
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
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Form::deserialize(deserializer)? {
            Form::Number(number) => Ok(Self(number.into())),
            // Earlier versions wrote decimal digits, which are read as well.
            Form::Text(text) => {
                PeerId::from_str(&text).map(Self::from).map_err(serde::de::Error::custom)
            }
        }
    }
}

impl<'de> Deserialize<'de> for PeerName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Form::deserialize(deserializer)? {
            Form::Number(number) => Ok(Self::Id(Id(number.into()))),
            Form::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

/// How an id or an address may be written in JSON.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a peer is named by a text or a number")]
enum Form<'a> {
    Number(u64),
    Text(Cow<'a, str>),
}

impl JsonSchema for Id {
    fn schema_name() -> Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let uuid = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
        json_schema!({ "type": "string", "pattern": format!("^([0-9]{{1,20}}|{uuid})$") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_named_by_its_id_or_its_address_and_by_nothing_else() {
        let named =
            |json: &str| serde_json::from_str::<PeerName>(json).map_err(|it| it.to_string());
        let address = "127.0.0.1:8999".parse::<Address>().expect("it is one");
        for (json, name) in [
            ("7", PeerName::Id(Id(7))),
            (r#""7""#, PeerName::Id(Id(7))),
            (r#""127.0.0.1:8999""#, address.into()),
        ] {
            assert_eq!(named(json), Ok(name));
        }
        let refused = named(r#""the third""#).expect_err("it is neither");
        assert!(refused.starts_with("\"the third\" names no peer: write its id"), "{refused}");
        let refused = named("[3]").expect_err("it is no text");
        assert!(refused.starts_with("a peer is named by a text or a number"), "{refused}");
    }

    #[test]
    fn ids_of_any_size_are_texts_in_json_as_people_see_them() {
        let wide = 0x919108f7_52d1_4320_9bac_f847db4148a8;
        for (id, json, shown) in [
            (Id(7), r#""7""#, "7"),
            (Id(u64::MAX.into()), r#""18446744073709551615""#, "18446744073709551615"),
            (
                Id(wide),
                r#""919108f7-52d1-4320-9bac-f847db4148a8""#,
                "919108f7-52d1-4320-9bac-f847db4148a8",
            ),
        ] {
            assert_eq!(serde_json::to_string(&id).expect("it is a value"), json);
            assert_eq!(id.to_string(), shown);
            assert_eq!(serde_json::from_str::<Id>(json).expect("it was just written"), id);
        }
        assert_eq!(serde_json::from_str::<Id>("7").expect("earlier versions wrote it"), Id(7));
        let earlier = format!("\"{wide}\"");
        assert_eq!(serde_json::from_str::<Id>(&earlier).expect("it is still read"), Id(wide));
    }
}
