//! JSON as Python's `json.loads` reads it, where that differs from the standard and so from other
//! parsers: `NaN` and `Infinity` are numbers, of equal keys the last one counts, integers have any
//! size, and a text may have half of a surrogate pair.
//!
//! Only for networks whose programs are in Python: what these accept, a peer that refused it would
//! be cut off by. The tests compare it with a real CPython.
//!
//! Lists and objects may be deeper in each other than calls on a stack, so nothing here calls
//! itself for what is inside of a value. How deep CPython reads depends on its version: up to about
//! 990 until 3.11, ten times as deep after that. We read what any of them does.
//!
//! | file | question |
//! | --- | --- |
//! | `text` | what is a text to Python? |
//! | `encoding` | which text are some bytes? |
//! | `read` | which value is a text? |
//! | `write` | how does Python write a value that it has read? |
//! | `deserialize` | how does a value become one of our types? |

mod deserialize;
mod encoding;
mod read;
mod text;
mod write;

use std::fmt::Write;
use std::{mem, slice, vec};

pub use self::encoding::loads_bytes;
pub use self::read::{DEPTH_MAX, loads, loads_text};
pub use self::text::{Text, length};
pub use self::write::Keys;

/// What a JSON text says to Python.
#[derive(Debug)]
pub enum Value {
    /// `None`.
    Null,
    /// `True` or `False`.
    Bool(bool),
    /// An integer, as its digits.
    Integer(Box<str>),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(Text),
    /// A list.
    List(Items),
    /// An object.
    Object(Object),
}

/// The items of a list.
#[derive(Debug, Default)]
pub struct Items(Vec<Value>);

/// The fields of an object: each name once, in the order in which they came first.
#[derive(Debug, Default)]
pub struct Object(Vec<(Text, Value)>);

/// A text that Python does not read as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no JSON at byte {at}: {reason}")]
pub struct NotJson {
    /// The first byte that does not fit.
    pub at: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Value {
    /// Returns a text that is the same for two values exactly if they are one key of a Python
    /// dictionary: `1`, `1.0` and `true` are. Lists and objects are none.
    pub fn key(&self) -> Option<String> {
        let mut key = String::new();
        match self {
            Self::Null => key.push_str("null"),
            Self::Bool(value) => key.push(if *value { '1' } else { '0' }),
            Self::Integer(digits) => key.push_str(digits),
            Self::Float(value) if *value == 0.0 => key.push('0'),
            Self::Float(value) if value.is_finite() && value.fract() == 0.0 => {
                write!(key, "{value:.0}").expect("a String takes all");
            }
            Self::Float(_) => key = self.dumps(Keys::AsRead),
            Self::Text(text) => key = text.dumps(),
            Self::List(_) | Self::Object(_) => return None,
        }
        Some(key)
    }
}

impl Items {
    /// Returns the items in their order.
    pub fn as_slice(&self) -> &[Value] {
        &self.0
    }
}

impl IntoIterator for Items {
    type Item = Value;
    type IntoIter = vec::IntoIter<Value>;

    fn into_iter(mut self) -> Self::IntoIter {
        mem::take(&mut self.0).into_iter()
    }
}

impl Object {
    /// Returns the fields in the order in which they came first.
    pub fn fields(&self) -> impl Iterator<Item = (&Text, &Value)> {
        let fields: slice::Iter<'_, (Text, Value)> = self.0.iter();
        fields.map(|(name, value)| (name, value))
    }

    /// Returns the field of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields().find_map(|(found, value)| (found.as_text() == Some(name)).then_some(value))
    }

    /// Takes the field of this name out.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let place = self.0.iter().position(|(found, _)| found.as_text() == Some(name))?;
        Some(self.0.remove(place).1)
    }

    fn into_fields(mut self) -> vec::IntoIter<(Text, Value)> {
        mem::take(&mut self.0).into_iter()
    }
}

impl Drop for Items {
    fn drop(&mut self) {
        drop_all(mem::take(&mut self.0));
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        drop_all(mem::take(&mut self.0).into_iter().map(|(_, value)| value).collect());
    }
}

/// Drops values and what is inside of them, one after the other.
fn drop_all(mut rest: Vec<Value>) {
    while let Some(value) = rest.pop() {
        match value {
            Value::List(mut items) => rest.append(&mut items.0),
            Value::Object(object) => rest.extend(object.into_fields().map(|(_, value)| value)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> String {
        let value = loads(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        value.key().expect("it can be a key")
    }

    #[test]
    fn what_python_finds_equal_has_one_key() {
        // >>> len({json.loads(a), json.loads(b)})
        let equal = [
            ["1", "1.0", "true", "1e0", "10E-1"].as_slice(),
            &["0", "-0", "-0.0", "false", "0e9"],
            &["NaN", " NaN "],
            &["1e999", "Infinity"],
            &["-Infinity", "-1e999"],
            &["100000000000000000000", "1e20", "100000000000000000000.0"],
            &[r#""\ud83d\ude00""#, "\"😀\""],
            &[r#""a\/b\u007f""#, "\"a/b\x7f\""],
            &["null"],
            &[r#""1""#],
            &[r#""null""#],
            &[r#""\ud83d""#],
            &[r#""\\ud83d""#],
            &["0.1"],
        ];
        let keys: Vec<String> = equal.iter().map(|texts| key(texts[0])).collect();
        for (texts, expected) in equal.iter().zip(&keys) {
            for text in *texts {
                assert_eq!(key(text), *expected, "{text}");
            }
            assert_eq!(keys.iter().filter(|key| *key == expected).count(), 1, "{expected}");
        }
        for text in ["[]", "{}"] {
            assert_eq!(loads(text).map(|value| value.key()), Ok(None));
        }
    }

    #[test]
    fn of_equal_names_the_first_has_the_place_and_the_last_the_value() {
        let text = r#"{"b": 1, "a": {"d": 2, "c": 3}, "b": [4], "\u0062": 5}"#;
        let value = loads(text).expect("JSON");
        assert_eq!(value.dumps(Keys::AsRead), r#"{"b": 5, "a": {"d": 2, "c": 3}}"#);
        assert_eq!(value.dumps(Keys::Sorted), r#"{"a": {"c": 3, "d": 2}, "b": 5}"#);
        let Value::Object(mut object) = value else { panic!("an object") };
        assert!(matches!(object.get("b"), Some(Value::Integer(digits)) if **digits == *"5"));
        assert!(object.remove("b").is_some() && object.remove("b").is_none());
    }

    #[test]
    fn no_depth_is_too_much_for_a_stack() {
        for (open, close) in [("[", "]"), (r#"{"a": "#, "}")] {
            let deep = [open.repeat(DEPTH_MAX), "1".to_owned(), close.repeat(DEPTH_MAX)].concat();
            let value = loads(&deep).expect("as deep as may be");
            assert_eq!(value.dumps(Keys::Sorted), deep);
            assert!(loads(&[open, &deep, close].concat()).is_err());
        }
    }

    fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
        T::deserialize(loads(text).expect("JSON"))
    }

    #[test]
    fn numbers_and_truths_are_what_python_takes_for_them() {
        assert_eq!(
            read::<[u64; 4]>("[1, 1.0, true, 18446744073709551615]").ok(),
            Some([1, 1, 1, u64::MAX])
        );
        assert_eq!(read::<(i8, u16)>("[-1.0, 65535]").ok(), Some((-1, 65535)));
        assert_eq!(read::<u128>(&u128::MAX.to_string()).ok(), Some(u128::MAX));
        assert_eq!(
            read::<[bool; 6]>("[true, 1, 0.5, 1000000000000000000000, 0, -0.0]").ok(),
            Some([true, true, true, true, false, false])
        );
        assert_eq!(read::<(Option<u8>, String)>(r#"[null, "x"]"#).ok(), Some((None, "x".into())));
        for wrong in ["1.5", "-1", "18446744073709551616", "NaN", "\"1\"", "null", "[]"] {
            assert!(read::<u64>(wrong).is_err(), "{wrong}");
        }
        assert!(read::<bool>("\"true\"").is_err());
        // What is not asked for is no hindrance.
        let odd = r#"{"a": 1, "b": [NaN, 1e999, "\ud83d"], "\ud83d": 99999999999999999999999}"#;
        #[derive(serde::Deserialize)]
        struct Fields {
            a: u8,
        }
        assert_eq!(read::<Fields>(odd).ok().map(|fields| fields.a), Some(1));
        assert!(read::<serde_json::Map<String, serde_json::Value>>(odd).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_a_value_or_an_error(
            text in "[\\[\\]{}\",:0-9eE+.\\-a-z\\\\ ]{0,40}|.{0,40}"
        ) {
            if let Ok(value) = loads(&text) {
                // What is written of it is read as the same.
                let written = value.dumps(Keys::AsRead);
                let again = loads(&written).expect("JSON").dumps(Keys::AsRead);
                prop_assert_eq!(again, written);
            }
        }

        #[test]
        fn any_bytes_are_a_value_or_an_error(
            bytes in proptest::collection::vec(any::<u8>(), 0..40)
        ) {
            let _ = loads_bytes(&bytes);
        }
    }
}
