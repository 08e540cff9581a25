//! Keys as the programs write them: PEM (RFC 7468) as OpenSSL makes it, without the last line's
//! end.

use althing_engine::rounds::PublicKey;
use pem::{EncodeConfig, LineEnding, Pem};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::rsa::KEY_BYTES_MAX;

/// A key that is PEM on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyText(pub(crate) PublicKey);

const TAG: &str = "PUBLIC KEY";

/// Returns a key as PEM.
pub(crate) fn encode(key: &PublicKey) -> String {
    let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
    let mut text = pem::encode_config(&Pem::new(TAG, key.0.as_ref()), config);
    text.truncate(text.trim_ascii_end().len());
    text
}

/// Returns the key that a text in PEM is; one key has one text.
pub(crate) fn decode(text: &str) -> Result<PublicKey, &'static str> {
    // Base64 makes four characters of three bytes, and each has a line's end at most.
    if text.len() > 64 + 2 * KEY_BYTES_MAX {
        return Err("a key that is too long");
    }
    let pem = pem::parse(text).map_err(|_| "not a key in PEM")?;
    let key = PublicKey(pem.contents().into());
    // Others might take another text for another key; so one key has one text.
    match encode(&key) == text {
        true if key.0.len() <= KEY_BYTES_MAX => Ok(key),
        true => Err("a key that is too long"),
        false => Err("not a public key in PEM as OpenSSL writes it"),
    }
}

/// Returns the key that the base64 between the first and the last line of a PEM is, without the
/// ends of its lines.
pub(crate) fn decode_body(body: &str) -> Result<PublicKey, &'static str> {
    // Base64 makes four characters of three bytes.
    if body.len() > 2 * KEY_BYTES_MAX || !body.is_ascii() {
        return Err("a key that is too long");
    }
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap_or_default()).collect();
    decode(&format!("-----BEGIN {TAG}-----\n{}\n-----END {TAG}-----", lines.join("\n")))
}

impl Serialize for KeyText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for KeyText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        decode(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_survive_the_text(bytes in vec(any::<u8>(), 0..=KEY_BYTES_MAX)) {
            let key = PublicKey(bytes.into());
            prop_assert_eq!(decode(&encode(&key)), Ok(key));
        }

        #[test]
        fn any_text_is_a_key_or_an_error(text in "(-----(BEGIN|END) PUBLIC KEY-----|.|\n){0,8}") {
            if let Ok(key) = decode(&text) {
                prop_assert_eq!(encode(&key), text);
            }
        }
    }

    #[test]
    fn a_key_has_one_text() {
        let text = encode(&PublicKey([7; 100].into()));
        assert!(decode(&text).is_ok());
        let others = [
            format!("{text}\n"),
            format!(" {text}"),
            text.replace('\n', "\r\n"),
            text.replace('\n', ""),
            text.replace("PUBLIC", "PRIVATE"),
            text.replacen('\n', "\nProc-Type: 4\n\n", 1),
            text.replace("Bw==", "Bx=="),
            text.replace("Bw==", "Bw"),
        ];
        for other in others {
            assert!(other != text && decode(&other).is_err(), "{other}");
        }
        let long = encode(&PublicKey(vec![7; KEY_BYTES_MAX + 1].into()));
        assert_eq!(decode(&long), Err("a key that is too long"));
        assert_eq!(decode(&"-".repeat(1 << 16)), Err("a key that is too long"));
    }
}
