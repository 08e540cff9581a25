//! Which messages are signed: some programs sign only a few of theirs.

use std::sync::Arc;

use althing_engine::rounds::{Authenticator, Message, PublicKey, Signature};

use super::encode::kind_of;
use crate::profile::Profile;

/// Signs and checks what a profile lists, with a signer for anything.
pub(super) struct Covering {
    pub(super) signer: Box<dyn Authenticator>,
    pub(super) profile: Arc<Profile>,
}

impl Authenticator for Covering {
    fn covers(&self, message: &Message) -> bool {
        kind_of(&self.profile, message).is_some_and(|kind| self.profile.signs(kind))
    }

    fn public_key(&self) -> Option<PublicKey> {
        self.signer.public_key()
    }

    fn signature(&self, message: &Message) -> Option<Signature> {
        self.signer.signature(message)
    }

    fn is_authentic(&self, message: &Message, signature: &Signature, key: &PublicKey) -> bool {
        self.signer.is_authentic(message, signature, key)
    }
}
