use std::sync::Arc;

use althing_dialect::{Dialect, SecretKind};
use althing_engine::rounds::Authenticator;

use crate::oracle::Oracle;
use crate::verdicts::Verdicts;

/// What the peers of a run sign with.
pub(crate) struct Signers {
    dialect: Arc<dyn Dialect>,
    oracle: Oracle,
    verdicts: Verdicts,
}

impl Signers {
    pub(crate) fn new(dialect: Arc<dyn Dialect>) -> Self {
        let oracle = Oracle::new(Arc::clone(&dialect));
        Self { dialect, oracle, verdicts: Verdicts::default() }
    }

    /// Returns what signs for the owner of `secret`.
    pub(crate) fn of(&self, secret: &[u8; 32]) -> Box<dyn Authenticator> {
        let own = match self.dialect.secret_kind() {
            SecretKind::Random => {
                self.dialect.authenticator(secret).expect("any 32 bytes are such a secret")
            }
            SecretKind::Rsa => self.oracle.signer(secret),
        };
        self.verdicts.shared_by(own)
    }
}
