//! What proves a row to others, as it is told, and of which network it is.

use althing_api::{Certificate, MemberKey, SignedVote};
use althing_dialect::{NetworkConfig, RoundsDialect};
use althing_engine::rounds::{CertifiedRecord, MemberKeys, PublicKey};
use althing_text::hex;
use serde_json::Value;

/// Returns a row as it is told with the votes that decided it, in a network with these members.
pub fn certificate(
    dialect: &dyn RoundsDialect,
    members: &MemberKeys,
    certified: CertifiedRecord,
) -> Certificate {
    let key = |key: &PublicKey| hex::encode(&key.0);
    let votes = certified.votes.iter().map(|(voter, signature)| SignedVote {
        voter: (*voter).into(),
        signature: signature.as_ref().map(|signature| hex::encode(&signature.bytes)),
    });
    let members = members
        .iter()
        .map(|(peer, of)| MemberKey { peer: (*peer).into(), key: of.as_ref().map(key) });
    Certificate {
        rules: rules(&dialect.network()),
        term: certified.term.number(),
        starts: format!("{:016x}", certified.starts.0),
        needed: dialect.rules().votes_kept() as u64,
        members: members.collect(),
        votes: votes.collect(),
        row: certified.into(),
    }
}

/// Returns the rules of a network as JSON, which is how they are written.
pub(crate) fn rules(network: &NetworkConfig) -> Value {
    serde_json::from_str(&network.to_json()).expect("what is written there is JSON")
}
