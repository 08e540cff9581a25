//! Values as the types that a message is made of.
//!
//! Where Python finds two values equal, so does this: `1.0` and `true` are the integer 1. Where a
//! yes or no is wanted, any number but zero is a yes, as in an `if` of Python. Halves of characters
//! are replaced by a mark: code that needs the text as it is takes the [`Value`].

use serde::de::value::{MapDeserializer, SeqDeserializer, StringDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Error;

use super::Value;

impl Value {
    /// Returns what is to be read where an integer is wanted, if it is one to Python.
    fn integer(&self) -> Option<i128> {
        // From here on a floating-point number need not be what it was written as.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match self {
            Self::Bool(value) => Some((*value).into()),
            Self::Integer(digits) => digits.parse().ok(),
            Self::Float(value) if value.fract() == 0.0 && value.abs() <= EXACT => {
                format!("{value:.0}").parse().ok()
            }
            _ => None,
        }
    }

    fn visit_integer<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.integer() {
            Some(number) => visit_number(number, visitor),
            None => self.deserialize_any(visitor),
        }
    }
}

fn visit_number<'de, V: Visitor<'de>>(number: i128, visitor: V) -> Result<V::Value, Error> {
    match (u64::try_from(number), i64::try_from(number)) {
        (Ok(number), _) => visitor.visit_u64(number),
        (_, Ok(number)) => visitor.visit_i64(number),
        _ => match u128::try_from(number) {
            Ok(number) => visitor.visit_u128(number),
            Err(_) => visitor.visit_i128(number),
        },
    }
}

impl<'de> IntoDeserializer<'de, Error> for Value {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Value {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Integer(digits) => match digits.parse() {
                Ok(number) => match i128::from(i64::MIN) <= number && number <= u64::MAX.into() {
                    true => visit_number(number, visitor),
                    false => visitor.visit_f64(number as f64),
                },
                // A floating-point number is the nearest that the other types have.
                Err(_) => visitor.visit_f64(digits.parse().map_err(Error::custom)?),
            },
            Self::Float(value) => match Self::Float(value).integer() {
                Some(number) => visit_number(number, visitor),
                None => visitor.visit_f64(value),
            },
            Self::Text(text) => visitor.visit_string(text.to_text_lossy().into_owned()),
            Self::List(items) => SeqDeserializer::new(items.into_iter()).deserialize_any(visitor),
            Self::Object(object) => {
                let fields = object.into_fields().map(|(name, value)| {
                    let name = name.to_text_lossy().into_owned();
                    (StringDeserializer::<Error>::new(name), value)
                });
                MapDeserializer::new(fields).deserialize_any(visitor)
            }
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Integer(digits) => visitor.visit_bool(*digits != *"0"),
            Self::Float(value) => visitor.visit_bool(value != 0.0),
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit_integer(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit_integer(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit_integer(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit_integer(visitor)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self {
            Self::Integer(digits) => match digits.parse() {
                Ok(number) => visitor.visit_u128(number),
                Err(_) => self.visit_integer(visitor),
            },
            _ => self.visit_integer(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Null => visitor.visit_none(),
            value => visitor.visit_some(value),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Self::Text(text) => {
                visitor.visit_enum(StringDeserializer::new(text.to_text_lossy().into_owned()))
            }
            _ => Err(Error::custom("a name was expected")),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}
