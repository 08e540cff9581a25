//! Ids and draws as the text of a UUID (RFC 9562).
//!
//! Programs compare them as text. Only of the lower-case text with its four hyphens, which Python
//! writes, is that the order of the numbers; so no other text is understood.

use althing_types::PeerId;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of 128 bits that is the text of a UUID on the wire; its version is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Uuid(pub(super) u128);

/// A peer whose id is the text of a UUID on the wire. No peer may have the id
/// [`PeerId::UNNAMED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(pub(super) PeerId);

/// Characters of the text.
const LENGTH: usize = 36;

/// Returns whether a hyphen is the character at `index`.
fn is_hyphen(index: usize) -> bool {
    matches!(index, 8 | 13 | 18 | 23)
}

/// Returns a random UUID, version 4, of which `bits` gives those that are free.
pub(super) fn random(bits: u128) -> u128 {
    const VERSION: u128 = 0xf << 76;
    const VARIANT: u128 = 0b11 << 62;
    bits & !(VERSION | VARIANT) | 4 << 76 | 0b10 << 62
}

fn text(number: u128) -> String {
    let digits = format!("{number:032x}");
    let [a, b, c, d, e] = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]);
    [a, b, c, d, e].join("-")
}

fn number(text: &str) -> Option<u128> {
    if text.len() != LENGTH {
        return None;
    }
    text.bytes().enumerate().try_fold(0, |number, (index, byte)| match byte {
        b'-' if is_hyphen(index) => Some(number),
        b'0'..=b'9' if !is_hyphen(index) => Some(number << 4 | u128::from(byte - b'0')),
        b'a'..=b'f' if !is_hyphen(index) => Some(number << 4 | u128::from(byte - b'a' + 10)),
        _ => None,
    })
}

impl Serialize for Uuid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text(self.0))
    }
}

impl<'de> Deserialize<'de> for Uuid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        number(&text).map(Self).ok_or_else(|| Error::custom("not a UUID in lower case"))
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Uuid(self.0.number()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Uuid(number) = Uuid::deserialize(deserializer)?;
        match PeerId::new(number) {
            PeerId::UNNAMED => Err(Error::custom("an id that nobody has")),
            peer => Ok(Self(peer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_survives_the_text(bits: u128) {
            prop_assert_eq!(number(&text(bits)), Some(bits));
        }

        #[test]
        fn texts_have_the_order_of_their_numbers(a: u128, b: u128) {
            prop_assert_eq!(text(a).cmp(&text(b)), a.cmp(&b));
        }

        #[test]
        fn a_random_one_is_of_version_four(bits: u128) {
            let text = text(random(bits));
            prop_assert_eq!(&text[14..15], "4");
            prop_assert!(matches!(&text[19..20], "8" | "9" | "a" | "b"));
            prop_assert_eq!(random(random(bits)), random(bits));
        }
    }

    #[test]
    fn it_is_the_text_of_the_standard() {
        // The example of version 4 in RFC 9562, appendix A.3, and the bits it is made of.
        let example = "919108f7-52d1-4320-9bac-f847db4148a8";
        assert_eq!(text(0x919108f7_52d1_4320_9bac_f847db4148a8), example);
        assert_eq!(text(random(0x919108f7_52d1_3320_5bac_f847db4148a8)), example);
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
            assert_eq!(number(text), None, "{text}");
        }
    }
}
