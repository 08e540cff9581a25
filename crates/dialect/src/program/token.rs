//! Single values on the wire: how ids, numbers and texts are written and read.

use std::fmt::Write;

use althing_text::python_json::dumps;
use althing_text::python_value::Value;
use althing_types::{PeerId, Uuid};

use crate::profile::{Constant, IdKind};

/// A value of a field, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number from 0 on.
    Number(u128),
    /// A number that may be negative.
    Signed(i64),
    /// A text.
    Text(String),
}

impl Token {
    /// Returns it as `json.dumps` of Python writes it.
    pub(super) fn json(&self) -> Vec<u8> {
        match self {
            Self::Null => b"null".to_vec(),
            Self::Bool(value) => value.to_string().into_bytes(),
            Self::Number(number) => number.to_string().into_bytes(),
            Self::Signed(number) => number.to_string().into_bytes(),
            Self::Text(text) => dumps(text),
        }
    }

    /// Returns it as `str` of Python writes it.
    pub(super) fn plain(&self) -> String {
        match self {
            Self::Null => "None".into(),
            Self::Bool(true) => "True".into(),
            Self::Bool(false) => "False".into(),
            Self::Number(number) => number.to_string(),
            Self::Signed(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

impl From<&Constant> for Token {
    fn from(constant: &Constant) -> Self {
        match constant {
            Constant::Null => Self::Null,
            Constant::Bool(value) => Self::Bool(*value),
            Constant::Number(number) => Self::Signed(*number),
            Constant::Text(text) => Self::Text(text.clone()),
        }
    }
}

/// Returns a number as ids of this kind are written.
pub(super) fn write_id(kind: IdKind, number: u128) -> Token {
    match kind {
        IdKind::Int | IdKind::TimeNs => Token::Number(number),
        IdKind::Uuid => Token::Text(Uuid::new(number).to_string()),
        IdKind::IntText => Token::Text(number.to_string()),
        IdKind::HexText => Token::Text(format!("0x{number:x}")),
        IdKind::FloatText => Token::Text(float_text(number)),
    }
}

/// Returns the number that a value stands for as an id of this kind; `is_exact` takes only what
/// would be written the same way, and otherwise numbers are read in every spelling.
pub(super) fn read_id(kind: IdKind, value: &Value, is_exact: bool) -> Option<u128> {
    let number = match (kind, value) {
        (IdKind::Uuid, Value::Text(text)) => text.as_text()?.parse::<Uuid>().ok().map(Uuid::number),
        (IdKind::Uuid, _) => None,
        (IdKind::FloatText, Value::Text(text)) => float_number(text.as_text()?.parse().ok()?),
        (IdKind::FloatText, Value::Float(number)) => float_number(*number),
        (IdKind::FloatText, Value::Integer(digits)) => float_number(digits.parse().ok()?),
        (IdKind::FloatText, _) => None,
        (_, value) => read_number(value),
    }?;
    let is_written_so = || match (write_id(kind, number), value) {
        (Token::Text(text), Value::Text(given)) => given.as_text() == Some(text.as_str()),
        (Token::Number(number), Value::Integer(digits)) => **digits == number.to_string(),
        _ => false,
    };
    // That of a sender without a name is no peer's.
    let is_peer_s = PeerId::new(number) != PeerId::UNNAMED;
    (is_peer_s && (!is_exact || is_written_so())).then_some(number)
}

/// Returns the number that a value is: an integer, a float without a fraction, or the text of one,
/// decimal or as `0x..`.
pub(super) fn read_number(value: &Value) -> Option<u128> {
    match value {
        Value::Integer(digits) => digits.parse().ok(),
        Value::Float(number) => whole(*number),
        // In Python they are 1 and 0.
        Value::Bool(value) => Some(u128::from(*value)),
        Value::Text(text) => {
            let text = text.as_text()?.trim();
            match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
                Some(digits) => u128::from_str_radix(digits, 16).ok(),
                None => text.parse().ok(),
            }
        }
        _ => None,
    }
}

/// Returns a float as the integer that Python finds equal to it.
fn whole(number: f64) -> Option<u128> {
    // Every float has fewer digits than 2^128 or is larger; Rust writes them all.
    let fits = number.fract() == 0.0 && (0.0..3.0e38).contains(&number);
    // There is a zero with a sign.
    fits.then(|| format!("{:.0}", number + 0.0).parse().ok()).flatten()
}

/// Returns the number that stands for a float: its bits, which have the same order.
fn float_number(number: f64) -> Option<u128> {
    let is_number = number.is_finite() && (number > 0.0 || number.to_bits() == 0);
    is_number.then(|| number.to_bits().into())
}

/// Returns a float as `repr` of Python writes it.
fn float_text(number: u128) -> String {
    let float = f64::from_bits(u64::try_from(number).unwrap_or_default());
    let scientific = format!("{float:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&exponent) {
        let text = format!("{float}");
        return if text.contains('.') { text } else { text + ".0" };
    }
    let mut text = digits.to_owned();
    let sign = if exponent < 0 { '-' } else { '+' };
    write!(text, "e{sign}{:02}", exponent.abs()).expect("a String takes all");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use althing_text::python_value::loads;

    fn read(kind: IdKind, json: &str, is_exact: bool) -> Option<u128> {
        read_id(kind, &loads(json).expect("it is JSON"), is_exact)
    }

    #[test]
    fn each_kind_of_id_is_written_in_one_way_and_read_in_all_of_its_spellings() {
        let uuid = "0b8e7d4e-5f5c-4f0c-9d3e-1c2b3a495867";
        let number = 0x0b8e7d4e_5f5c_4f0c_9d3e_1c2b3a495867;
        let half = u128::from(0.5_f64.to_bits());
        for (kind, number, written, others) in [
            (IdKind::Int, 7, "7", &["7.0", "\"7\"", "\"0x7\""][..]),
            (IdKind::TimeNs, 1_658_115_562_918_731_603, "1658115562918731603", &[]),
            (IdKind::IntText, 7, "\"7\"", &["7", "7.0"]),
            (IdKind::HexText, 255, "\"0xff\"", &["255", "\"255\"", "\"0XFF\""]),
            (IdKind::Uuid, number, &format!("\"{uuid}\""), &[]),
            (IdKind::FloatText, half, "\"0.5\"", &["0.5", "\"0.50\"", "5e-1"]),
        ] {
            assert_eq!(write_id(kind, number).json(), written.as_bytes(), "{kind:?}");
            assert_eq!(read(kind, written, true), Some(number), "{kind:?}");
            for other in others {
                assert_eq!(read(kind, other, true), None, "{kind:?} {other}");
                assert_eq!(read(kind, other, false), Some(number), "{kind:?} {other}");
            }
        }
        let unnamed = u128::MAX.to_string();
        for (kind, json) in [
            (IdKind::Int, "-7"),
            (IdKind::Int, "7.5"),
            (IdKind::Int, "null"),
            (IdKind::Int, "[7]"),
            (IdKind::Int, "NaN"),
            (IdKind::Int, "1e40"),
            (IdKind::Int, &unnamed),
            (IdKind::Uuid, "7"),
            (IdKind::Uuid, "\"0B8E7D4E-5F5C-4F0C-9D3E-1C2B3A495867\""),
            (IdKind::FloatText, "-0.5"),
            (IdKind::FloatText, "\"inf\""),
        ] {
            assert_eq!(read(kind, json, false), None, "{kind:?} {json}");
        }
    }

    #[test]
    fn floats_are_written_as_python_writes_them() {
        // >>> [str(x) for x in (0.1, 1.0, 1e15, 1e16, 1.5e-5, 1e-4, 1658115562.9187317, 1e100)]
        for (float, text) in [
            (0.1, "0.1"),
            (1.0, "1.0"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e-5, "1.5e-05"),
            (1e-4, "0.0001"),
            (1_658_115_562.918_731_7, "1658115562.9187317"),
            (1e100, "1e+100"),
        ] {
            assert_eq!(float_text(f64::to_bits(float).into()), text);
        }
    }
}
