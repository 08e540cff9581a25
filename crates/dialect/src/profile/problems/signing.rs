//! Whether what is signed can be checked.

use super::Found;
use crate::profile::{KeyForm, MessageKind, Payload, Profile, Role, SignatureName, SignedPart};

pub(super) fn check_signing(profile: &Profile, found: &mut Found) {
    let sign = &profile.sign;
    let signs = sign.alg != SignatureName::None;
    if signs && sign.messages.is_empty() {
        found.say("sign.messages", "name the messages that are signed");
    }
    let is_in_init = profile.fields.has(MessageKind::Init, Role::Key);
    let is_alone = profile.has(MessageKind::Pubkey);
    if signs && !is_in_init && !is_alone {
        found.say("fields.pubkey", "without keys no signature can be checked; add topics.pubkey");
    }
    if is_in_init && is_alone {
        let reason = "a key is said once: leave it out here, or write topics.pubkey = \"\" and \
                      fields.pubkey = []";
        found.say("fields.init", reason);
    }
    if !signs && (is_in_init || is_alone) {
        let key = if is_in_init { "fields.init" } else { "fields.pubkey" };
        let reason = "peers have no keys where sign.alg is \"none\"; leave them out, or write \
                      which signatures there are";
        found.say(key, reason);
    }
    // Base64 has slashes, and hexadecimal digits have none.
    if signs && profile.wire.payload == Payload::SlashText && sign.key != KeyForm::PemHex {
        let reason = "a slash ends a field where wire.payload is \"slash-text\", and a key in this \
                      form has some; write \"pem-hex\"";
        found.say("sign.key", reason);
    }
    if profile.signs(MessageKind::Finish) {
        let reason = "a peer of this version does not sign the end of a session; leave \
                      \"finish\" out";
        found.say("sign.messages", reason);
    }
    for kind in profile.kinds() {
        let key = format!("fields.{}", kind.name());
        match (profile.fields.has(kind, Role::Sign), profile.signs(kind)) {
            (true, false) => {
                let reason = format!(
                    "it has a field with the role \"sign\", but sign.messages lacks {:?}",
                    kind.name()
                );
                found.say(key, reason);
            }
            (false, true) => found.say(key, "a message that is signed needs the role \"sign\""),
            _ => {}
        }
        let has_part = Profile::signed_role(kind).is_some();
        if profile.signs(kind) && sign.over != SignedPart::DumpMinusSign && !has_part {
            let reason = format!("{:?} has no field that is signed alone", kind.name());
            found.say("sign.over", reason);
        }
    }
    for kind in sign.messages.iter().filter(|kind| !profile.has(**kind)) {
        found.say("sign.messages", format!("the network has no message {:?}", kind.name()));
    }
}

impl Profile {
    /// Returns the role of the field that a signature of a message is over, where it is over one
    /// field alone.
    pub(crate) fn signed_role(kind: MessageKind) -> Option<Role> {
        match kind {
            MessageKind::Vote => Some(Role::Vote),
            MessageKind::Challenge => Some(Role::Challenge),
            MessageKind::Solution => Some(Role::Solution),
            MessageKind::Result => Some(Role::Result),
            MessageKind::Ballot => Some(Role::Yes),
            MessageKind::Coordinator => Some(Role::Id),
            MessageKind::Init | MessageKind::Pubkey | MessageKind::Finish => None,
        }
    }
}
