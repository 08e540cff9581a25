//! One field of a message, and how a profile writes it.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, IntoDeserializer, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::role::Role;

/// One field of a message. In a profile it is a list: `["id", "ClientID"]` has a role and a name,
/// `["const", "winner", -1]` always the same value, and `["null", "solution"]` always `null`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// It says something.
    Of(Role, String),
    /// It always has the same value.
    Constant(String, Constant),
}

/// The value of a field that always has the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constant {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without a fraction.
    Number(i64),
    /// A text.
    Text(String),
}

impl Field {
    /// Returns its name on the wire.
    pub fn name(&self) -> &str {
        match self {
            Self::Of(_, name) | Self::Constant(name, _) => name,
        }
    }

    /// Returns what it says, if not always the same.
    pub fn role(&self) -> Option<Role> {
        match self {
            Self::Of(role, _) => Some(*role),
            Self::Constant(..) => None,
        }
    }
}

/// Returns a field with a role.
pub(super) fn field(role: Role, name: &str) -> Field {
    Field::Of(role, name.to_owned())
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut list = to.serialize_seq(None)?;
        match self {
            Self::Of(role, name) => {
                list.serialize_element(role)?;
                list.serialize_element(name)?;
            }
            Self::Constant(name, Constant::Null) => {
                list.serialize_element("null")?;
                list.serialize_element(name)?;
            }
            Self::Constant(name, value) => {
                list.serialize_element("const")?;
                list.serialize_element(name)?;
                match value {
                    Constant::Null => {}
                    Constant::Bool(value) => list.serialize_element(value)?,
                    Constant::Number(value) => list.serialize_element(value)?,
                    Constant::Text(value) => list.serialize_element(value)?,
                }
            }
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = Field;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a field, such as [\"id\", \"ClientID\"], [\"const\", \"winner\", -1] or \
                     [\"null\", \"solution\"]",
                )
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Field, A::Error> {
                let short = |length| de::Error::invalid_length(length, &self);
                let first: First = list.next_element()?.ok_or_else(|| short(0))?;
                let name: String = list.next_element()?.ok_or_else(|| short(1))?;
                let field = match first {
                    First::Role(role) => Field::Of(role, name),
                    First::Null => Field::Constant(name, Constant::Null),
                    First::Const => {
                        let Value(value) = list.next_element()?.ok_or_else(|| short(2))?;
                        Field::Constant(name, value)
                    }
                };
                match list.next_element::<de::IgnoredAny>()? {
                    Some(_) => Err(de::Error::custom(format_args!(
                        "the field {:?} has more parts than it can have",
                        field.name()
                    ))),
                    None => Ok(field),
                }
            }
        }

        from.deserialize_seq(List)
    }
}

/// What a field's list begins with.
enum First {
    Role(Role),
    Const,
    Null,
}

impl<'de> Deserialize<'de> for First {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        match text.as_str() {
            "const" => Ok(Self::Const),
            "null" => Ok(Self::Null),
            name => {
                let role = Role::deserialize(name.into_deserializer());
                // The error ends with a list of the roles.
                role.map(Self::Role).map_err(|error: de::value::Error| {
                    de::Error::custom(format_args!("{error}, `const`, `null`"))
                })
            }
        }
    }
}

/// A constant as it is read.
struct Value(Constant);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;

        impl Visitor<'_> for Any {
            type Value = Constant;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, a number without a fraction, or a text")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Constant, E> {
                Ok(Constant::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Constant, E> {
                Ok(Constant::Number(value))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Constant, E> {
                let number = i64::try_from(value);
                number.map(Constant::Number).map_err(|_| E::custom("a number that is too large"))
            }

            fn visit_str<E>(self, value: &str) -> Result<Constant, E> {
                Ok(Constant::Text(value.to_owned()))
            }
        }

        from.deserialize_any(Any).map(Self)
    }
}

impl JsonSchema for Field {
    fn schema_name() -> Cow<'static, str> {
        "Field".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let role = generator.subschema_for::<Role>();
        json_schema!({
            "description": "A field of a message: a role and a name, or a value that is always the \
                            same.",
            "oneOf": [
                {
                    "type": "array",
                    "prefixItems": [role, { "type": "string" }],
                    "minItems": 2,
                    "maxItems": 2,
                },
                {
                    "type": "array",
                    "prefixItems": [
                        { "const": "const" },
                        { "type": "string" },
                        { "type": ["boolean", "integer", "string"] },
                    ],
                    "minItems": 3,
                    "maxItems": 3,
                },
                {
                    "type": "array",
                    "prefixItems": [{ "const": "null" }, { "type": "string" }],
                    "minItems": 2,
                    "maxItems": 2,
                },
            ],
        })
    }
}
