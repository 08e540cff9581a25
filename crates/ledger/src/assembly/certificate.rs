//! Certificates: one statement, by a quorum of members (rule L2).

use serde::{Deserialize, Serialize};

use super::statement::Statement;
use crate::charter::{ChainId, Charter, MemberIndex};
use crate::signature::{Authenticator, Claim, Ed25519, Signature};

/// One statement with the signatures of several members under it, in the order of the members. It
/// proves something once a quorum of the charter is among them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Certificate {
    /// What they all have said.
    pub statement: Statement,
    /// Who, and the signature.
    pub signatures: Vec<(MemberIndex, Signature)>,
}

/// Why a certificate proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateProblem {
    /// Rule L2.
    #[error("{found} signatures are not the {wanted} of a quorum")]
    NotAQuorum {
        /// How many there are.
        found: usize,
        /// How many it takes; no more are allowed, since each costs time to check.
        wanted: usize,
    },
    /// Rule L2.
    #[error("the members of the certificate are not in order, each once")]
    OutOfOrder,
    /// Rule L4.
    #[error("one of the signatures is not its member's, or for another chain")]
    SignatureWrong,
}

impl Certificate {
    /// Returns whether a quorum of the charter has said this. It takes exactly a quorum: a longer
    /// one would prove no more.
    pub fn verify(
        &self,
        charter: &Charter,
        chain: &ChainId,
        authenticator: &dyn Authenticator,
    ) -> Result<(), CertificateProblem> {
        let (found, wanted) = (self.signatures.len(), charter.quorum());
        if found != wanted {
            return Err(CertificateProblem::NotAQuorum { found, wanted });
        }
        if !self.signatures.is_sorted_by(|(one, _), (next, _)| one < next) {
            return Err(CertificateProblem::OutOfOrder);
        }
        let message = self.statement.signed_bytes(chain);
        let claim = |(index, signature): &(MemberIndex, Signature)| {
            let key = charter.member(*index)?.key;
            Some(Claim { key, signature: *signature, message: &message })
        };
        let claims: Option<Vec<Claim<'_>>> = self.signatures.iter().map(claim).collect();
        match claims {
            Some(claims) if authenticator.are_authentic(&claims) => Ok(()),
            _ => Err(CertificateProblem::SignatureWrong),
        }
    }
}

/// Returns what checks the signatures of others for one who has no key: it signs nothing.
pub(super) fn anyone() -> Ed25519 {
    Ed25519::new(&[0; 32])
}
