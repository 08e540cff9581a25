//! A number of 128 bits as the text of a UUID.

use std::fmt;
use std::str::FromStr;

/// A number of 128 bits that is written as a UUID (RFC 9562), in lower case and with its four
/// hyphens, as in `919108f7-52d1-4320-9bac-f847db4148a8`. Its version is ignored.
///
/// Only this form is read: of it alone is the order of the texts that of the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(u128);

/// A text that is not a UUID in lower case, with its hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID in lower case")]
pub struct NotAUuid;

/// Characters of the text.
const LENGTH: usize = 36;

/// Returns whether a hyphen is the character at `index`.
fn is_hyphen(index: usize) -> bool {
    matches!(index, 8 | 13 | 18 | 23)
}

impl Uuid {
    /// Returns the UUID of these bits.
    pub const fn new(number: u128) -> Self {
        Self(number)
    }

    /// Returns its bits.
    pub const fn number(self) -> u128 {
        self.0
    }

    /// Returns the random UUID, version 4, of which `bits` gives those that are free.
    pub const fn random(bits: u128) -> Self {
        const VERSION: u128 = 0xf << 76;
        const VARIANT: u128 = 0b11 << 62;
        Self(bits & !(VERSION | VARIANT) | 4 << 76 | 0b10 << 62)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:032x}", self.0);
        let [a, b, c, d, e] = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]);
        f.pad(&[a, b, c, d, e].join("-"))
    }
}

impl FromStr for Uuid {
    type Err = NotAUuid;

    fn from_str(text: &str) -> Result<Self, NotAUuid> {
        if text.len() != LENGTH {
            return Err(NotAUuid);
        }
        let digit = |number: u128, digit: u8| Some(number << 4 | u128::from(digit));
        let number = text.bytes().enumerate().try_fold(0, |number, (index, byte)| match byte {
            b'-' if is_hyphen(index) => Some(number),
            b'0'..=b'9' if !is_hyphen(index) => digit(number, byte - b'0'),
            b'a'..=b'f' if !is_hyphen(index) => digit(number, byte - b'a' + 10),
            _ => None,
        });
        number.map(Self).ok_or(NotAUuid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(number: u128) -> String {
        Uuid::new(number).to_string()
    }

    proptest! {
        #[test]
        fn a_number_survives_the_text(bits: u128) {
            prop_assert_eq!(text(bits).parse(), Ok(Uuid::new(bits)));
        }

        #[test]
        fn texts_have_the_order_of_their_numbers(a: u128, b: u128) {
            prop_assert_eq!(text(a).cmp(&text(b)), a.cmp(&b));
        }

        #[test]
        fn a_random_one_is_of_version_four(bits: u128) {
            let random = Uuid::random(bits);
            let text = random.to_string();
            prop_assert_eq!(&text[14..15], "4");
            prop_assert!(matches!(&text[19..20], "8" | "9" | "a" | "b"));
            prop_assert_eq!(Uuid::random(random.number()), random);
        }
    }

    #[test]
    fn it_is_the_text_of_the_standard() {
        // The example of version 4 in RFC 9562, appendix A.3, and the bits it is made of.
        let example = "919108f7-52d1-4320-9bac-f847db4148a8";
        assert_eq!(text(0x919108f7_52d1_4320_9bac_f847db4148a8), example);
        assert_eq!(Uuid::random(0x919108f7_52d1_3320_5bac_f847db4148a8).to_string(), example);
    }

    #[test]
    fn another_text_is_none() {
        for text in [
            "",
            "919108F7-52D1-4320-9BAC-F847DB4148A8",
            "919108f752d143209bacf847db4148a8",
            "919108f7-52d1-4320-9bac-f847db4148a",
            "919108f7-52d1-4320-9bacf-847db4148a8",
            "919108f7-52d1-4320-9bac-f847db4148ag",
            "919108f7-52d1-4320-9bac-f847db4148-8",
            "919108f7-52d1-4320-9bac-f847db4148é",
        ] {
            assert_eq!(text.parse::<Uuid>(), Err(NotAUuid), "{text}");
        }
    }
}
