//! JSON as Python's `json.loads` reads it, where that differs from the standard and so from other
//! parsers: `NaN` and `Infinity` are numbers, of equal keys the last one counts, integers have any
//! size, and a text may have half of a surrogate pair.
//!
//! Only for networks whose programs are in Python: what these accept, a peer that refused it would
//! be cut off by.

use std::collections::BTreeMap;
use std::fmt::Write;

/// How deep lists and objects may be in each other. Python gives up at about a thousand.
const DEPTH_MAX: usize = 900;

/// Digits that an integer may have: Python refuses to read more.
const DIGITS_MAX: usize = 4300;

/// What a JSON text says to Python.
#[derive(Clone, Debug, PartialEq)]
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
    List(Vec<Value>),
    /// An object.
    Object(BTreeMap<Text, Value>),
}

/// A text as Python has it, in UTF-16: a surrogate may stand alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(Box<[u16]>);

/// A text that Python does not read as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no JSON at byte {at}: {reason}")]
pub struct NotJson {
    /// The first byte that does not fit.
    pub at: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Text {
    /// Returns the text, if all its surrogates are in pairs.
    pub fn to_text(&self) -> Option<String> {
        String::from_utf16(&self.0).ok()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.encode_utf16().collect())
    }
}

impl Value {
    /// Returns a text that is the same for two values exactly if Python finds them equal, as keys
    /// of a dictionary or in a list: `1`, `1.0` and `true` are.
    pub fn key(&self) -> String {
        let mut key = String::new();
        self.write_key(&mut key);
        key
    }

    fn write_key(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push(if *value { '1' } else { '0' }),
            Self::Integer(digits) => out.push_str(digits),
            Self::Float(value) if value.is_nan() => out.push_str("NaN"),
            Self::Float(value) if *value == 0.0 => out.push('0'),
            Self::Float(value) if value.is_finite() && value.fract() == 0.0 => {
                write!(out, "{value:.0}").expect("a String takes all");
            }
            Self::Float(value) => write!(out, "{value:?}").expect("a String takes all"),
            Self::Text(text) => text.write_key(out),
            Self::List(items) => {
                out.push('[');
                for item in items {
                    item.write_key(out);
                    out.push(',');
                }
                out.push(']');
            }
            Self::Object(fields) => {
                out.push('{');
                for (name, value) in fields {
                    name.write_key(out);
                    out.push(':');
                    value.write_key(out);
                    out.push(',');
                }
                out.push('}');
            }
        }
    }
}

impl Text {
    fn write_key(&self, out: &mut String) {
        out.push('"');
        for unit in &self.0 {
            match char::from_u32((*unit).into()).filter(|it| matches!(it, ' '..='~')) {
                Some(quoted @ ('"' | '\\')) => out.extend(['\\', quoted]),
                Some(plain) => out.push(plain),
                None => write!(out, "\\u{unit:04x}").expect("a String takes all"),
            }
        }
        out.push('"');
    }
}

/// Returns what Python reads.
pub fn loads(text: &str) -> Result<Value, NotJson> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.skip_spaces();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.wrong("there is more after the value")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn wrong(&self, reason: &'static str) -> NotJson {
        NotJson { at: self.at, reason }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Goes past `word`, if it is next.
    fn take(&mut self, word: &str) -> bool {
        let is_next = self.rest().starts_with(word);
        self.at += if is_next { word.len() } else { 0 };
        is_next
    }

    fn value(&mut self, depth: usize) -> Result<Value, NotJson> {
        if depth > DEPTH_MAX {
            return Err(self.wrong("it is too deep"));
        }
        self.skip_spaces();
        let words = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
        ];
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'[') => self.list(depth),
            Some(b'{') => self.object(depth),
            _ => match words.into_iter().find(|(word, _)| self.take(word)) {
                Some((_, value)) => Ok(value),
                None => self.number(),
            },
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, NotJson> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_spaces();
        if self.take("]") {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_spaces();
            match () {
                () if self.take(",") => {}
                () if self.take("]") => return Ok(Value::List(items)),
                () => return Err(self.wrong("neither a comma nor the end of the list")),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, NotJson> {
        self.at += 1;
        let mut fields = BTreeMap::new();
        self.skip_spaces();
        if self.take("}") {
            return Ok(Value::Object(fields));
        }
        loop {
            self.skip_spaces();
            if self.peek() != Some(b'"') {
                return Err(self.wrong("not the name of a field"));
            }
            let name = self.string()?;
            self.skip_spaces();
            if !self.take(":") {
                return Err(self.wrong("no colon after the name of a field"));
            }
            // Of equal names, the last one counts.
            fields.insert(name, self.value(depth + 1)?);
            self.skip_spaces();
            match () {
                () if self.take(",") => {}
                () if self.take("}") => return Ok(Value::Object(fields)),
                () => return Err(self.wrong("neither a comma nor the end of the object")),
            }
        }
    }

    fn string(&mut self) -> Result<Text, NotJson> {
        self.at += 1;
        let mut units = Vec::new();
        loop {
            let next = self.rest().chars().next().ok_or(self.wrong("a text has no end"))?;
            self.at += next.len_utf8();
            match next {
                '"' => return Ok(Text(units.into())),
                '\\' => units.push(self.escape()?),
                '\0'..='\x1f' => return Err(self.wrong("a control character")),
                other => units.extend_from_slice(other.encode_utf16(&mut [0; 2])),
            }
        }
    }

    fn escape(&mut self) -> Result<u16, NotJson> {
        let kind = self.peek().ok_or(self.wrong("a text has no end"))?;
        let unit = match kind {
            b'"' | b'\\' | b'/' => kind,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let digits = self.text.as_bytes().get(self.at + 1..self.at + 5);
                let digits = digits.filter(|it| it.iter().all(u8::is_ascii_hexdigit));
                let digits = digits.and_then(|digits| str::from_utf8(digits).ok());
                let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
                let unit = unit.ok_or(self.wrong("not four hexadecimal digits"))?;
                self.at += 5;
                return Ok(unit);
            }
            _ => return Err(self.wrong("an escape that there is not")),
        };
        self.at += 1;
        Ok(unit.into())
    }

    fn number(&mut self) -> Result<Value, NotJson> {
        let start = self.at;
        let is_negative = self.take("-");
        let whole = self.digits();
        if whole.is_empty() || (whole.len() > 1 && whole.starts_with('0')) {
            self.at = start;
            return Err(self.wrong("not a value"));
        }
        let end = self.at;
        let mut is_float = false;
        if self.take(".") {
            is_float = !self.digits().is_empty();
        }
        let end_of_fraction = if is_float { self.at } else { end };
        self.at = end_of_fraction;
        if self.take("e") || self.take("E") {
            let _ = self.take("+") || self.take("-");
            let has_exponent = !self.digits().is_empty();
            is_float |= has_exponent;
            self.at = if has_exponent { self.at } else { end_of_fraction };
        }
        if is_float {
            let number = self.text[start..self.at].parse();
            return number.map(Value::Float).map_err(|_| self.wrong("not a number"));
        }
        if whole.len() > DIGITS_MAX {
            return Err(self.wrong("an integer of too many digits"));
        }
        let digits = if is_negative && whole != "0" { &self.text[start..end] } else { whole };
        Ok(Value::Integer(digits.into()))
    }

    fn digits(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        self.at += length;
        &rest[..length]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::python_json::dumps;

    fn key(text: &str) -> String {
        loads(text).unwrap_or_else(|error| panic!("{text}: {error}")).key()
    }

    #[test]
    fn what_python_finds_equal_has_one_key() {
        // >>> json.loads(a) == json.loads(b)
        let equal = [
            ["1", "1.0", "true", "1e0", "10E-1"].as_slice(),
            &["0", "-0", "-0.0", "false", "0e9"],
            &["NaN", " NaN "],
            &["1e999", "Infinity"],
            &["-Infinity", "-1e999"],
            &["100000000000000000000", "1e20", "100000000000000000000.0"],
            &[r#""\ud83d\ude00""#, "\"😀\""],
            &[r#""a\/b\u007f""#, "\"a/b\x7f\""],
            &[r#"{"a": 1, "b": 2, "a": 3}"#, r#"{"b": 2.0, "a": 3}"#],
            &["[1, [true]]", "[1.0,[ 1 ]]"],
            &["null"],
            &[r#""1""#],
            &[r#""null""#],
            &[r#""\ud83d""#],
            &[r#""\\ud83d""#],
            &["0.1"],
            &["[]"],
            &["{}"],
        ];
        let keys: Vec<String> = equal.iter().map(|texts| key(texts[0])).collect();
        for (texts, expected) in equal.iter().zip(&keys) {
            for text in *texts {
                assert_eq!(key(text), *expected, "{text}");
            }
            assert_eq!(keys.iter().filter(|key| *key == expected).count(), 1, "{expected}");
        }
    }

    #[test]
    fn what_python_does_not_read_is_an_error() {
        let deep = "[".repeat(100_000);
        let long = "9".repeat(DIGITS_MAX + 1);
        let texts = [
            "",
            " ",
            "tru",
            "nan",
            "-NaN",
            "+1",
            "01",
            "-",
            ".5",
            "1.",
            "1.e5",
            "1e",
            "1 2",
            "[1,]",
            "[",
            "{",
            "{,}",
            "{1: 2}",
            r#"{"a" 1}"#,
            r#"{"a": 1,}"#,
            r#"""#,
            r#""\x""#,
            r#""\u12""#,
            r#""\u+123""#,
            "\"\n\"",
            "\u{feff}1",
            "'a'",
            &deep,
            &long,
        ];
        for text in texts {
            assert!(loads(text).is_err(), "{text:.40}");
        }
    }

    fn any_value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<u64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 20, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                proptest::collection::btree_map(any::<String>(), inner, 0..5).prop_map(|fields| {
                    fields.into_iter().collect::<serde_json::Map<_, _>>().into()
                }),
            ]
        })
    }

    fn same(value: &Value, json: &serde_json::Value) -> bool {
        match (value, json) {
            (Value::Null, serde_json::Value::Null) => true,
            (Value::Bool(a), serde_json::Value::Bool(b)) => a == b,
            (Value::Integer(digits), serde_json::Value::Number(number)) => {
                **digits == *number.to_string()
            }
            (Value::Float(a), serde_json::Value::Number(number)) => {
                number.as_f64().is_some_and(|b| *a == b || (a - b).abs() <= a.abs() * 1e-15)
            }
            (Value::Text(a), serde_json::Value::String(b)) => a.to_text().as_ref() == Some(b),
            (Value::List(a), serde_json::Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
            }
            (Value::Object(a), serde_json::Value::Object(b)) => {
                let has = |(name, b): (&String, _)| {
                    a.get(&Text::from(&**name)).is_some_and(|a| same(a, b))
                };
                a.len() == b.len() && b.iter().all(has)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn what_others_write_is_read_as_it_was_meant(json in any_value()) {
            let written = String::from_utf8(dumps(&json)).expect("ASCII");
            let read = loads(&written).expect("it is JSON");
            prop_assert!(same(&read, &json), "{written}: {read:?}");
        }

        #[test]
        fn any_text_is_a_value_or_an_error(
            text in "[\\[\\]{}\",:0-9eE+.\\-a-z\\\\ ]{0,40}|.{0,40}"
        ) {
            if let Ok(value) = loads(&text) {
                let _ = value.key();
            }
        }
    }
}
