use althing_dialect::{Dialect, SecretKind};
use althing_engine::rounds::Authenticator;

use crate::oracle::Oracle;
use crate::verdicts::Verdicts;

/// What the peers of a run sign with.
#[derive(Clone, Default)]
pub(crate) struct Signers {
    oracle: Oracle,
    verdicts: Verdicts,
}

impl Signers {
    /// Returns what signs for the owner of `secret`.
    pub(crate) fn of(&self, dialect: &dyn Dialect, secret: &[u8; 32]) -> Box<dyn Authenticator> {
        let own = match dialect.secret_kind() {
            SecretKind::Random => {
                dialect.authenticator(secret).expect("any 32 bytes are such a secret")
            }
            SecretKind::Rsa => self.oracle.signer(secret),
        };
        self.verdicts.shared_by(own)
    }
}
