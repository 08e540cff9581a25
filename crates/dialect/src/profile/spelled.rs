//! Values that a profile may write as a number or as words: intervals, waits, bounds, codes.

use std::fmt;
use std::time::Duration;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value with its own spelling, as a number or a text.
pub(super) trait Spelled: Sized {
    /// What may be written, to end the sentence "expected ...".
    const EXPECTED: &'static str;

    /// Returns the value that is written as this text.
    fn of_text(text: &str) -> Option<Self>;

    /// Returns the value that is written as this number.
    fn of_number(number: f64) -> Option<Self>;

    /// Returns how it is written.
    fn spelling(&self) -> Spelling;
}

/// How a value is written.
pub(super) enum Spelling {
    /// As a number; one without a fraction is written as an integer.
    Number(f64),
    /// As a text.
    Text(String),
}

/// Writes a value as it is spelled.
pub(super) fn serialize<T: Spelled, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    match value.spelling() {
        Spelling::Text(text) => to.serialize_str(&text),
        Spelling::Number(number) => match whole(number) {
            Some(whole) => to.serialize_i64(whole),
            None => to.serialize_f64(number),
        },
    }
}

/// Reads a value as it is spelled.
pub(super) fn deserialize<'de, T: Spelled, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    struct Of<T>(std::marker::PhantomData<T>);

    impl<T: Spelled> Visitor<'_> for Of<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(T::EXPECTED)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            T::of_text(text)
                .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
            // What is so large that this rounds it is out of range anyway.
            #[allow(clippy::cast_precision_loss)]
            T::of_number(number as f64)
                .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
            self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
        }

        fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
            T::of_number(number)
                .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Float(number), &self))
        }
    }

    from.deserialize_any(Of(std::marker::PhantomData))
}

/// Returns a number without a fraction, if it is one.
pub(super) fn whole(number: f64) -> Option<i64> {
    let is_whole = number.fract() == 0.0 && number.abs() < 9e15;
    // Checked just before.
    #[allow(clippy::cast_possible_truncation)]
    is_whole.then_some(number as i64)
}

/// Has types be written and described as they are spelled.
macro_rules! spelled {
    ($($type:ident),*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                serialize(self, to)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                deserialize(from)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": ["number", "string"],
                    "description": <$type as Spelled>::EXPECTED,
                })
            }
        }
    )*};
}

spelled!(Seconds, Often, Announce, Wait, Next, Rows, Code, Bound);

/// A time in seconds, at most a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seconds(pub Duration);

/// Longer waits are a mistake.
const SECONDS_MAX: f64 = 86_400.0;

impl Seconds {
    fn number(self) -> f64 {
        self.0.as_secs_f64()
    }
}

impl Spelled for Seconds {
    const EXPECTED: &'static str = "a time in seconds, such as 2 or 0.5";

    fn of_text(_: &str) -> Option<Self> {
        None
    }

    fn of_number(number: f64) -> Option<Self> {
        let millis = (number * 1000.0).round() / 1000.0;
        (0.0..=SECONDS_MAX).contains(&number).then(|| Self(Duration::from_secs_f64(millis)))
    }

    fn spelling(&self) -> Spelling {
        Spelling::Number(self.number())
    }
}

/// Reads "every 2" and "every 2 s" like the number 2.
fn every(text: &str) -> Option<Seconds> {
    let number = text.strip_prefix("every ")?;
    let number = number.strip_suffix('s').unwrap_or(number).trim_end();
    Seconds::of_number(number.parse().ok()?).filter(|it| !it.0.is_zero())
}

fn positive(number: f64) -> Option<Seconds> {
    Seconds::of_number(number).filter(|it| !it.0.is_zero())
}

/// How often a peer says something: its vote in an election, or that it is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Often {
    /// It says it once.
    #[default]
    Once,
    /// It says it again after each of these times.
    Every(Seconds),
}

impl Spelled for Often {
    const EXPECTED: &'static str = "\"once\" or an interval in seconds, such as 2";

    fn of_text(text: &str) -> Option<Self> {
        match text {
            "once" => Some(Self::Once),
            text => every(text).map(Self::Every),
        }
    }

    fn of_number(number: f64) -> Option<Self> {
        positive(number).map(Self::Every)
    }

    fn spelling(&self) -> Spelling {
        match self {
            Self::Once => Spelling::Text("once".into()),
            Self::Every(time) => Spelling::Number(time.number()),
        }
    }
}

/// When a peer says that it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announce {
    /// When it starts, and at these times while members are missing.
    At(Often),
    /// When it starts, and again for each id that is new to it.
    PerNewId,
}

impl Default for Announce {
    fn default() -> Self {
        Self::At(Often::Once)
    }
}

impl Spelled for Announce {
    const EXPECTED: &'static str = "\"once\", \"per-new-id\" or an interval in seconds, such as 2";

    fn of_text(text: &str) -> Option<Self> {
        match text {
            "per-new-id" => Some(Self::PerNewId),
            text => Often::of_text(text).map(Self::At),
        }
    }

    fn of_number(number: f64) -> Option<Self> {
        Often::of_number(number).map(Self::At)
    }

    fn spelling(&self) -> Spelling {
        match self {
            Self::At(often) => often.spelling(),
            Self::PerNewId => Spelling::Text("per-new-id".into()),
        }
    }
}

/// When the members are complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// When there are `n` of them.
    #[default]
    Full,
    /// After this time, with the peers that are there.
    Time(Seconds),
    /// When there are `n` of them, or after this time.
    FullOrTime(Seconds),
}

impl Spelled for Wait {
    const EXPECTED: &'static str = "\"n\", a time in seconds such as 10, or \"n or 10\"";

    fn of_text(text: &str) -> Option<Self> {
        match text {
            "n" => Some(Self::Full),
            text => {
                let number = text.strip_prefix("n or ")?;
                let number = number.strip_suffix('s').unwrap_or(number).trim_end();
                positive(number.parse().ok()?).map(Self::FullOrTime)
            }
        }
    }

    fn of_number(number: f64) -> Option<Self> {
        positive(number).map(Self::Time)
    }

    fn spelling(&self) -> Spelling {
        match self {
            Self::Full => Spelling::Text("n".into()),
            Self::Time(time) => Spelling::Number(time.number()),
            Self::FullOrTime(time) => Spelling::Text(format!("n or {}", time.number())),
        }
    }
}

/// What makes a leader issue the next challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// This time has passed since the row before; zero is at once.
    After(Seconds),
    /// Its operator has said so.
    Operator,
}

impl Default for Next {
    fn default() -> Self {
        Self::After(Seconds::default())
    }
}

impl Spelled for Next {
    const EXPECTED: &'static str = "\"at once\", a pause in seconds such as 2, or \"operator\"";

    fn of_text(text: &str) -> Option<Self> {
        match text {
            "at once" => Some(Self::default()),
            "operator" => Some(Self::Operator),
            _ => None,
        }
    }

    fn of_number(number: f64) -> Option<Self> {
        Seconds::of_number(number).map(Self::After)
    }

    fn spelling(&self) -> Spelling {
        match self {
            Self::After(pause) if pause.0.is_zero() => Spelling::Text("at once".into()),
            Self::After(pause) => Spelling::Number(pause.number()),
            Self::Operator => Spelling::Text("operator".into()),
        }
    }
}

/// After how many rows a leader stops; `None` is never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rows(pub Option<u64>);

impl Spelled for Rows {
    const EXPECTED: &'static str = "a number of rows such as 3, or inf";

    fn of_text(text: &str) -> Option<Self> {
        (text == "inf").then_some(Self(None))
    }

    fn of_number(number: f64) -> Option<Self> {
        if number == f64::INFINITY {
            return Some(Self(None));
        }
        let rows = u64::try_from(whole(number)?).ok().filter(|rows| *rows > 0);
        rows.map(|rows| Self(Some(rows)))
    }

    fn spelling(&self) -> Spelling {
        match self.0 {
            None => Spelling::Text("inf".into()),
            // Above 2^53 a leader never gets there.
            #[allow(clippy::cast_precision_loss)]
            Some(rows) => Spelling::Number(rows as f64),
        }
    }
}

/// What a leader says of a solution, if anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// A result with this number.
    Number(i64),
    /// Nothing.
    Silent,
}

impl Spelled for Code {
    const EXPECTED: &'static str = "a number such as 0, or \"silent\"";

    fn of_text(text: &str) -> Option<Self> {
        (text == "silent").then_some(Self::Silent)
    }

    fn of_number(number: f64) -> Option<Self> {
        whole(number).map(Self::Number)
    }

    fn spelling(&self) -> Spelling {
        match self {
            // It came from such a number.
            #[allow(clippy::cast_precision_loss)]
            Self::Number(number) => Spelling::Number(*number as f64),
            Self::Silent => Spelling::Text("silent".into()),
        }
    }
}

/// How many votes decide, of N members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bound {
    /// `>=N/2`: half of them or more.
    AtLeastHalf,
    /// `>N/2`: more than half of them.
    #[default]
    MoreThanHalf,
    /// `>=N/2+1`: more than half of them, by one with an even number of members, rounded down.
    HalfAndOne,
    /// `k of next N`: of the next N votes of any members, so many say yes.
    OfNext {
        /// How many must say yes; `None` is more than half of N.
        yes: Option<u16>,
        /// How many votes are counted; `None` is as many as there are members.
        of: Option<u16>,
    },
    /// `yes>no`: more say yes than no.
    MoreYes,
}

impl Spelled for Bound {
    const EXPECTED: &'static str = concat!(
        r#"">=N/2", ">N/2", ">=N/2+1", "yes>no", "k of next N" "#,
        r#"or numbers instead, as in "6 of next 10""#,
    );

    fn of_text(text: &str) -> Option<Self> {
        Some(match text.replace(' ', "").as_str() {
            ">=N/2" => Self::AtLeastHalf,
            ">N/2" => Self::MoreThanHalf,
            ">=N/2+1" => Self::HalfAndOne,
            "yes>no" => Self::MoreYes,
            _ => {
                let (yes, of) = text.split_once(" of next ")?;
                let number = |text: &str, letter: &str| match text == letter {
                    true => Some(None),
                    false => text.parse().ok().filter(|number| *number > 0).map(Some),
                };
                let (yes, of) = (number(yes, "k")?, number(of, "N")?);
                if yes.zip(of).is_some_and(|(yes, of)| yes > of) {
                    return None;
                }
                Self::OfNext { yes, of }
            }
        })
    }

    fn of_number(_: f64) -> Option<Self> {
        None
    }

    fn spelling(&self) -> Spelling {
        let text = |number: Option<u16>, letter: &str| match number {
            Some(number) => number.to_string(),
            None => letter.to_owned(),
        };
        Spelling::Text(match self {
            Self::AtLeastHalf => ">=N/2".into(),
            Self::MoreThanHalf => ">N/2".into(),
            Self::HalfAndOne => ">=N/2+1".into(),
            Self::MoreYes => "yes>no".into(),
            Self::OfNext { yes, of } => format!("{} of next {}", text(*yes, "k"), text(*of, "N")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Spelled>(text: &str) -> Option<T> {
        match text.parse() {
            Ok(number) => T::of_number(number),
            Err(_) => T::of_text(text),
        }
    }

    /// Checks which spellings mean a value, and that the first is how it is written.
    fn check<T: Spelled + PartialEq + fmt::Debug>(value: &T, spellings: &[&str]) {
        for spelling in spellings {
            assert_eq!(read::<T>(spelling).as_ref(), Some(value), "{spelling}");
        }
        let written = match value.spelling() {
            Spelling::Text(text) => text,
            Spelling::Number(number) => number.to_string(),
        };
        assert_eq!(spellings.first(), Some(&written.as_str()));
    }

    #[test]
    fn each_value_has_its_spellings() {
        let seconds = |number| Seconds::of_number(number).expect("few");
        check(&seconds(0.2), &["0.2"]);
        check(&Often::Once, &["once"]);
        check(&Often::Every(seconds(2.0)), &["2", "2.0", "every 2", "every 2 s", "every 2s"]);
        check(&Announce::At(Often::Once), &["once"]);
        check(&Announce::PerNewId, &["per-new-id"]);
        check(&Announce::At(Often::Every(seconds(0.5))), &["0.5", "every 0.5"]);
        check(&Wait::Full, &["n"]);
        check(&Wait::Time(seconds(10.0)), &["10"]);
        check(&Wait::FullOrTime(seconds(10.0)), &["n or 10", "n or 10 s"]);
        check(&Next::After(seconds(0.0)), &["at once", "0"]);
        check(&Next::After(seconds(3.0)), &["3"]);
        check(&Next::Operator, &["operator"]);
        check(&Rows(Some(3)), &["3"]);
        assert_eq!(read::<Rows>("inf"), Some(Rows(None)));
        check(&Code::Number(-1), &["-1"]);
        check(&Code::Silent, &["silent"]);
        check(&Bound::AtLeastHalf, &[">=N/2", ">= N/2"]);
        check(&Bound::MoreThanHalf, &[">N/2"]);
        check(&Bound::HalfAndOne, &[">=N/2+1"]);
        check(&Bound::MoreYes, &["yes>no"]);
        check(&Bound::OfNext { yes: None, of: None }, &["k of next N"]);
        check(&Bound::OfNext { yes: Some(6), of: Some(10) }, &["6 of next 10"]);
    }

    #[test]
    fn other_spellings_are_none() {
        for text in ["", "never", "-1", "0", "every", "every 0", "every x", "1e9", "NaN"] {
            assert_eq!(read::<Often>(text), None, "{text}");
            assert_eq!(read::<Announce>(text), None, "{text}");
            assert_eq!(read::<Wait>(text), None, "{text}");
        }
        for text in ["0 of next N", "7 of next 6", "half", "3", "k of next"] {
            assert_eq!(read::<Bound>(text), None, "{text}");
        }
        assert_eq!((read::<Rows>("0"), read::<Rows>("1.5")), (None, None));
        assert_eq!((read::<Code>("0.5"), read::<Code>("none")), (None, None));
        assert_eq!(read::<Next>("soon"), None);
    }
}
