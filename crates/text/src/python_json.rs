//! JSON as Python's `json.dumps` writes it: `", "` and `": "`, keys in their order, and DEL and
//! every character outside ASCII as `\uXXXX`. The five networks are programs in Python, and a
//! signature is over exactly these bytes.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

/// Returns `value` as Python would write it.
pub fn dumps(value: &impl Serialize) -> Vec<u8> {
    let mut text = Vec::with_capacity(256);
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, PythonFormatter);
    value.serialize(&mut serializer).expect("our messages have text keys, and a Vec takes all");
    text
}

struct PythonFormatter;

impl Formatter for PythonFormatter {
    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut units = [0; 2];
        for character in fragment.chars() {
            // Python writes what is not between the space and `~` as an escape, DEL included.
            if matches!(character, ' '..='~') {
                out.write_all(&[u8::try_from(character).expect("ASCII is one byte")])?;
            } else {
                for unit in character.encode_utf16(&mut units) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_is_what_python_writes() {
        // >>> json.dumps({"a": [1, 2], "b": {"c": True, "d": None}, "e": "é\n😀\u0001/\x7f~"})
        let value = json!({"a": [1, 2], "b": {"c": true, "d": null}, "e": "é\n😀\u{1}/\u{7f}~"});
        let expected = concat!(
            r#"{"a": [1, 2], "b": {"c": true, "d": null}, "#,
            r#""e": "\u00e9\n\ud83d\ude00\u0001/\u007f~"}"#,
        );
        assert_eq!(String::from_utf8(dumps(&value)).as_deref(), Ok(expected));
        assert_eq!(dumps(&json!({})), b"{}");
        assert_eq!(dumps(&json!([])), b"[]");
    }
}
