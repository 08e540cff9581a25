//! JSON as Python's `json.dumps` writes it: `", "` and `": "`, keys in their order, and DEL and
//! every character outside ASCII as `\uXXXX`. The five networks are programs in Python, and a
//! signature is over exactly these bytes.

use std::fmt::{self, Write as _};
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
        fragment.chars().try_for_each(|character| write!(out, "{}", Escaped(character.into())))
    }

    fn write_f64<W: ?Sized + Write>(&mut self, out: &mut W, value: f64) -> io::Result<()> {
        write!(out, "{}", Float(value))
    }
}

/// A character of a text, or half of one that UTF-16 has in two, as it stands between quotation
/// marks.
pub(crate) struct Escaped(pub(crate) u32);

impl fmt::Display for Escaped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(point) = *self;
        match char::from_u32(point) {
            Some(quoted @ ('"' | '\\')) => write!(f, "\\{quoted}"),
            // Python writes what is not between the space and `~` as an escape, DEL included.
            Some(plain @ ' '..='~') => f.write_char(plain),
            Some('\n') => f.write_str("\\n"),
            Some('\r') => f.write_str("\\r"),
            Some('\t') => f.write_str("\\t"),
            Some('\u{8}') => f.write_str("\\b"),
            Some('\u{c}') => f.write_str("\\f"),
            Some(other) => {
                let mut units = [0; 2];
                let mut units = other.encode_utf16(&mut units).iter();
                units.try_for_each(|unit| write!(f, "\\u{unit:04x}"))
            }
            None => write!(f, "\\u{point:04x}"),
        }
    }
}

/// A number that is no integer, as `repr` and `json.dumps` write it.
pub(crate) struct Float(pub(crate) f64);

impl fmt::Display for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// From this power of ten on, and below the other one, it has an exponent.
        const LARGE: i32 = 16;
        const SMALL: i32 = -4;
        let Self(value) = *self;
        let sign = if value.is_sign_negative() { "-" } else { "" };
        if value.is_nan() {
            return f.write_str("NaN");
        }
        if value.is_infinite() {
            return write!(f, "{sign}Infinity");
        }
        let (digits, power) = shortest(value.abs());
        let (first, rest) = digits.split_at(1);
        f.write_str(sign)?;
        if !(SMALL..LARGE).contains(&power) {
            let point = if rest.is_empty() { "" } else { "." };
            let sign = if power < 0 { '-' } else { '+' };
            return write!(f, "{first}{point}{rest}e{sign}{:02}", power.unsigned_abs());
        }
        let places = usize::try_from(power.unsigned_abs()).expect("it is below 16");
        if power < 0 {
            return write!(f, "0.{}{digits}", "0".repeat(places - 1));
        }
        let (whole, fraction) = rest.split_at(places.min(rest.len()));
        let zeros = "0".repeat(places - whole.len());
        let fraction = if fraction.is_empty() { "0" } else { fraction };
        write!(f, "{first}{whole}{zeros}.{fraction}")
    }
}

/// Returns the fewest digits that are only this number's and no other's, without zeros around them,
/// and the power of ten of the first. Where two such texts are equally near, the last digit is
/// even, as in Python; the standard library takes the larger one.
fn shortest(value: f64) -> (String, i32) {
    let text = serde_json::to_string(&value).expect("a number can be written");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().expect("an exponent is a number");
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = [whole, fraction].concat();
    let significant = all.trim_start_matches('0');
    let digits = significant.trim_end_matches('0');
    if digits.is_empty() {
        return ("0".to_owned(), 0);
    }
    let length = |text: &str| i32::try_from(text.len()).expect("a number has few digits");
    let zeros = length(&all) - length(significant);
    (digits.to_owned(), exponent + length(whole) - 1 - zeros)
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

    #[test]
    fn numbers_are_as_python_has_them() {
        // >>> json.dumps(number)
        for (number, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (123.456, "123.456"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.25e17, "1.25e+17"),
            (-1e100, "-1e+100"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (4_000_000_000_000_001.0 / 4.0, "1000000000000000.2"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(Float(number).to_string(), expected);
        }
        assert_eq!(dumps(&json!([1e16, -0.0, 7])), b"[1e+16, -0.0, 7]");
    }
}
