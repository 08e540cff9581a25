//! Which value a text is.

use std::collections::BTreeMap;

use super::text::push;
use super::{Items, NotJson, Object, Text, Value};

/// How deep lists and objects may be in each other: deeper than any CPython reads, as far as the
/// stack that it usually has.
pub const DEPTH_MAX: usize = 30_000;

/// Digits that an integer may have: Python refuses to read more.
const DIGITS_MAX: usize = 4300;

/// Returns what Python reads in a text.
pub fn loads(text: &str) -> Result<Value, NotJson> {
    Reader { text: text.as_bytes(), at: 0, open: Vec::new() }.document()
}

/// Returns what Python reads in a text that it has got from another, and that may have halves of
/// characters.
pub fn loads_text(text: &Text) -> Result<Value, NotJson> {
    Reader { text: text.as_bytes(), at: 0, open: Vec::new() }.document()
}

struct Reader<'a> {
    /// A text as [`Text`] has it.
    text: &'a [u8],
    at: usize,
    /// The lists and objects around the next value.
    open: Vec<Open>,
}

/// A list or an object whose end has not come.
enum Open {
    List(Vec<Value>),
    Object {
        fields: Vec<(Text, Value)>,
        /// The place of each name in `fields`.
        places: BTreeMap<Text, usize>,
        /// The name of the next value.
        name: Text,
    },
}

impl<'a> Reader<'a> {
    fn wrong(&self, reason: &'static str) -> NotJson {
        NotJson { at: self.at, reason }
    }

    fn rest(&self) -> &'a [u8] {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Goes past `word`, if it is next.
    fn take(&mut self, word: &str) -> bool {
        let is_next = self.rest().starts_with(word.as_bytes());
        self.at += if is_next { word.len() } else { 0 };
        is_next
    }

    fn document(mut self) -> Result<Value, NotJson> {
        loop {
            let mut complete = self.begin()?;
            while let Some(value) = complete {
                complete = match self.open.pop() {
                    Some(around) => self.put(around, value)?,
                    None => return self.end(value),
                };
            }
        }
    }

    fn end(&mut self, value: Value) -> Result<Value, NotJson> {
        self.skip_spaces();
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(self.wrong("there is more after the value")),
        }
    }

    /// Reads a value; `None` if it is a list or an object that has not ended.
    fn begin(&mut self) -> Result<Option<Value>, NotJson> {
        self.skip_spaces();
        if self.take("[") {
            self.skip_spaces();
            if self.take("]") {
                return Ok(Some(Value::List(Items::default())));
            }
            return self.enter(Open::List(Vec::new()));
        }
        if self.take("{") {
            self.skip_spaces();
            if self.take("}") {
                return Ok(Some(Value::Object(Object::default())));
            }
            let name = self.name()?;
            return self.enter(Open::Object { fields: Vec::new(), places: BTreeMap::new(), name });
        }
        if self.peek() == Some(b'"') {
            return self.string().map(|text| Some(Value::Text(text)));
        }
        let words = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
        ];
        match words.into_iter().find(|(word, _)| self.take(word)) {
            Some((_, value)) => Ok(Some(value)),
            None => self.number().map(Some),
        }
    }

    fn enter(&mut self, inner: Open) -> Result<Option<Value>, NotJson> {
        if self.open.len() >= DEPTH_MAX {
            return Err(self.wrong("it is too deep"));
        }
        self.open.push(inner);
        Ok(None)
    }

    /// Puts a value into what is around it, and returns that if it ends with it.
    fn put(&mut self, around: Open, value: Value) -> Result<Option<Value>, NotJson> {
        self.skip_spaces();
        match around {
            Open::List(mut items) => {
                items.push(value);
                match () {
                    () if self.take(",") => {
                        self.open.push(Open::List(items));
                        Ok(None)
                    }
                    () if self.take("]") => Ok(Some(Value::List(Items(items)))),
                    () => Err(self.wrong("neither a comma nor the end of the list")),
                }
            }
            Open::Object { mut fields, mut places, name } => {
                match places.get(&name) {
                    Some(place) => fields[*place].1 = value,
                    None => {
                        places.insert(name.clone(), fields.len());
                        fields.push((name, value));
                    }
                }
                match () {
                    () if self.take(",") => {
                        self.skip_spaces();
                        let name = self.name()?;
                        self.open.push(Open::Object { fields, places, name });
                        Ok(None)
                    }
                    () if self.take("}") => Ok(Some(Value::Object(Object(fields)))),
                    () => Err(self.wrong("neither a comma nor the end of the object")),
                }
            }
        }
    }

    /// Reads the name of a field, and goes past its colon.
    fn name(&mut self) -> Result<Text, NotJson> {
        if self.peek() != Some(b'"') {
            return Err(self.wrong("not the name of a field"));
        }
        let name = self.string()?;
        self.skip_spaces();
        match self.take(":") {
            true => Ok(name),
            false => Err(self.wrong("no colon after the name of a field")),
        }
    }

    fn string(&mut self) -> Result<Text, NotJson> {
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            let is_plain = |byte: &u8| !matches!(byte, b'"' | b'\\' | 0..=0x1f);
            let length = self.rest().iter().take_while(|byte| is_plain(byte)).count();
            bytes.extend_from_slice(&self.rest()[..length]);
            self.at += length;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Text::from_bytes(&bytes).expect("whole characters of a text"));
                }
                Some(b'\\') => {
                    self.at += 1;
                    let point = self.escape()?;
                    push(point, &mut bytes).expect("a character or a half");
                }
                Some(_) => return Err(self.wrong("a control character")),
                None => return Err(self.wrong("a text has no end")),
            }
        }
    }

    /// Reads what comes after a backslash: a character or a half of one.
    fn escape(&mut self) -> Result<u32, NotJson> {
        let point = match self.peek().ok_or(self.wrong("a text has no end"))? {
            kind @ (b'"' | b'\\' | b'/') => kind,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let high = self.unit()?;
                let start = self.at;
                if (0xd800..0xdc00).contains(&high) && self.take("\\u") {
                    self.at -= 1;
                    let low = self.unit()?;
                    if (0xdc00..0xe000).contains(&low) {
                        return Ok(0x1_0000 + ((high - 0xd800) << 10 | (low - 0xdc00)));
                    }
                    self.at = start;
                }
                return Ok(high);
            }
            _ => return Err(self.wrong("an escape that there is not")),
        };
        self.at += 1;
        Ok(point.into())
    }

    /// Reads `u` and four hexadecimal digits.
    fn unit(&mut self) -> Result<u32, NotJson> {
        let digits = self.rest().get(1..5).filter(|it| it.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| str::from_utf8(digits).ok());
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or(self.wrong("not four hexadecimal digits"))?;
        self.at += 5;
        Ok(unit)
    }

    fn number(&mut self) -> Result<Value, NotJson> {
        let start = self.at;
        let is_negative = self.take("-");
        let whole = self.digits();
        // A zero in front is a number of its own, and what follows it does not belong there.
        let whole = if whole.starts_with('0') { &whole[..1] } else { whole };
        if whole.is_empty() {
            self.at = start;
            return Err(self.wrong("not a value"));
        }
        let end = start + usize::from(is_negative) + whole.len();
        self.at = end;
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
        let written = str::from_utf8(&self.text[start..self.at]).expect("digits are ASCII");
        if is_float {
            let number = written.parse();
            return number.map(Value::Float).map_err(|_| self.wrong("not a number"));
        }
        if whole.len() > DIGITS_MAX {
            return Err(self.wrong("an integer of too many digits"));
        }
        Ok(Value::Integer(if whole == "0" { whole } else { written }.into()))
    }

    fn digits(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += length;
        str::from_utf8(&rest[..length]).expect("digits are ASCII")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            r#""\ud83d\u12""#,
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
}
