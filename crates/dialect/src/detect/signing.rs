//! Whether messages are signed, which of them, and how keys are written.

use serde_json::{Value, json};

use super::fields::Room;
use super::puzzles;
use crate::profile::{KeyForm, MessageKind, Role, SignatureName};

/// Says what is signed. That something is not is told only by a whole session.
pub(super) fn tell(room: &Room, say: &mut impl FnMut(&str, Value), unknown: &mut Vec<String>) {
    let keys = room.values(Role::Key);
    if let Some(form) = keys.iter().find_map(|key| key_form(key.as_str()?)) {
        say("sign.key", json!(form));
    }
    let is_signed = |kind: &MessageKind| {
        let fields = room.kinds().get(kind).map_or(&[][..], |heard| &heard.fields);
        fields.iter().any(|field| field[0] == Role::Sign.name())
    };
    let signed: Vec<MessageKind> = MessageKind::ALL.into_iter().filter(is_signed).collect();
    match signed.is_empty() {
        false => {
            unknown.push("with what messages are signed, and what is signed of them".into());
            if is_whole_session(room) {
                say("sign.messages", json!(signed));
            }
        }
        true if is_whole_session(room) && keys.is_empty() => {
            say("sign.alg", json!(SignatureName::None));
        }
        true => unknown.push("whether messages are signed".into()),
    }
    if !is_whole_session(room) {
        return;
    }
    // What no peer has said from its announcement to a row is no message of theirs.
    let is_announced = room.kinds().contains_key(&MessageKind::Coordinator);
    say("election.announced", json!(is_announced));
    for kind in
        [MessageKind::Pubkey, MessageKind::Coordinator, MessageKind::Result, MessageKind::Ballot]
    {
        let has_keys_before = kind == MessageKind::Pubkey && !signed.is_empty();
        if !room.kinds().contains_key(&kind) && !has_keys_before {
            say(&format!("topics.{}", kind.name()), json!(""));
        }
    }
}

/// Returns whether a session was heard from its beginning until a solution was accepted.
fn is_whole_session(room: &Room) -> bool {
    room.kinds().contains_key(&MessageKind::Init) && puzzles::rows(room) > 0
}

/// Returns how a key is written.
fn key_form(text: &str) -> Option<KeyForm> {
    const PEM: &str = "-----BEGIN";
    let is_hex = |text: &str| text.bytes().all(|it| it.is_ascii_hexdigit());
    let pem_in_hex: String = PEM.bytes().map(|byte| format!("{byte:02x}")).collect();
    match text {
        "" => None,
        text if text.starts_with(PEM) => Some(KeyForm::Pem),
        text if text.starts_with("ssh-") => Some(KeyForm::Openssh),
        text if is_hex(text) && text.to_lowercase().starts_with(&pem_in_hex) => {
            Some(KeyForm::PemHex)
        }
        _ => Some(KeyForm::PemBody),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_key_is_written_is_told_by_its_beginning() {
        for (key, form) in [
            ("", None),
            ("-----BEGIN PUBLIC KEY-----\nMIIB", Some(KeyForm::Pem)),
            ("2d2d2d2d2d424547494e205055", Some(KeyForm::PemHex)),
            ("ssh-rsa AAAA", Some(KeyForm::Openssh)),
            ("MIIBIjANBgkq", Some(KeyForm::PemBody)),
        ] {
            assert_eq!(key_form(key), form, "{key}");
        }
    }
}
