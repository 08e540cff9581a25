//! The authenticators of the peers of a run.

use std::sync::Arc;

use althing_dialect::{RoundsDialect, SecretKind};
use althing_engine::rounds::Authenticator;

use super::simulated_rsa::SimulatedRsa;
use super::verification_cache::VerificationCache;

/// Makes the authenticators with which the peers of a run sign and verify.
pub(super) struct Signers {
    dialect: Arc<dyn RoundsDialect>,
    rsa: SimulatedRsa,
    cache: VerificationCache,
}

impl Signers {
    pub(super) fn new(dialect: Arc<dyn RoundsDialect>) -> Self {
        let rsa = SimulatedRsa::new(Arc::clone(&dialect));
        Self { dialect, rsa, cache: VerificationCache::default() }
    }

    /// Returns the authenticator of the owner of `secret`.
    pub(super) fn of(&self, secret: &[u8; 32]) -> Box<dyn Authenticator> {
        let own = match self.dialect.secret_kind() {
            SecretKind::Random => {
                self.dialect.authenticator(secret).expect("any 32 bytes are such a secret")
            }
            SecretKind::Rsa | SecretKind::Rsa1024 => self.rsa.signer(secret),
        };
        self.cache.shared_by(own)
    }
}
