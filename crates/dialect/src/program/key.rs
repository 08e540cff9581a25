//! Keys as programs write them: PEM as OpenSSL makes it, parts of that, or OpenSSH's line.

use althing_engine::rounds::PublicKey;
use althing_text::hex::Hex;

use crate::profile::KeyForm;
use crate::{key_text, rsa};

/// Returns a key in this form; `None` for one that does not have it.
pub(super) fn write_key(form: KeyForm, key: &PublicKey) -> Option<String> {
    let pem = || key_text::encode(key);
    match form {
        KeyForm::Pem => Some(pem()),
        KeyForm::PemHex => {
            let digits = serde_json::to_value(Hex(pem().into_bytes().into())).ok()?;
            digits.as_str().map(str::to_owned)
        }
        KeyForm::PemBody => {
            let pem = pem();
            let lines: Vec<&str> = pem.lines().collect();
            let inner = lines.get(1..lines.len().checked_sub(1)?)?;
            Some(inner.join("\n"))
        }
        KeyForm::Openssh => rsa::openssh(key),
    }
}

/// Returns the key that a text in this form is, or what is wrong with it.
pub(super) fn read_key(form: KeyForm, text: &str) -> Result<PublicKey, &'static str> {
    match form {
        KeyForm::Pem => key_text::decode(text.trim_end()),
        KeyForm::PemHex => {
            let digits = serde_json::Value::String(text.to_owned());
            let Hex(bytes) = serde_json::from_value(digits).map_err(|_| "not hexadecimal")?;
            let text = str::from_utf8(&bytes).map_err(|_| "not a key in PEM")?;
            key_text::decode(text.trim_end())
        }
        KeyForm::PemBody => {
            // Some leave out the ends of lines as well.
            let body: String = text.chars().filter(|it| !it.is_whitespace()).collect();
            key_text::decode_body(&body)
        }
        KeyForm::Openssh => rsa::from_openssh(text).ok_or("not a key as OpenSSH writes it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::rsa_secret;

    #[test]
    fn a_key_survives_each_form() {
        let signer = rsa::rsa(&rsa_secret(), |_| None).expect("it is a secret");
        let key = signer.public_key().expect("it signs");
        for (form, begin) in [
            (KeyForm::Pem, "-----BEGIN PUBLIC KEY-----\nMII"),
            (KeyForm::PemHex, "2d2d2d2d2d424547494e"),
            (KeyForm::PemBody, "MII"),
            (KeyForm::Openssh, "ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB"),
        ] {
            let text = write_key(form, &key).expect("it is a key of RSA");
            assert!(text.starts_with(begin), "{form:?}: {text}");
            assert_eq!(read_key(form, &text), Ok(key.clone()), "{form:?}");
            assert_ne!(read_key(form, &text[..text.len() / 2]), Ok(key.clone()), "{form:?}");
            assert!(read_key(form, "").is_err(), "{form:?}");
        }
    }
}
