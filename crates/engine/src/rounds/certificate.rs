//! What proves a row of the table to one who was not there (rule R1): the votes that decided it.

use std::collections::BTreeMap;

use althing_types::PeerId;

use super::equivocation::SignedVote;
use super::{
    Accepted, Authenticator, CertifiedRecord, PublicKey, Record, Refusal, Rules, Signature, Signed,
};

/// Checks rows by nothing but what is written in them, for one who was not there and trusts the
/// keys of the members.
pub struct Audit<'a> {
    /// The rules of the network.
    pub rules: &'a Rules,
    /// Its members, with their keys.
    pub members: &'a BTreeMap<PeerId, Option<PublicKey>>,
    /// Checks signatures as the members made them.
    pub verifier: &'a dyn Authenticator,
}

impl Audit<'_> {
    /// Checks that enough members have signed their votes for a row, and that the row solves its
    /// challenge. Returns who has: a vote that is not signed counts for nothing here.
    pub fn check(&self, certified: &CertifiedRecord) -> Result<Vec<PeerId>, Refusal> {
        let is_member = |peer| self.members.contains_key(&peer);
        check_choice(self.rules, &certified.choice(), is_member)?;
        let votes = proven_votes(certified, |signed| {
            let key = self.members.get(&signed.message.peer()).and_then(Option::as_ref);
            key.zip(signed.signature.as_ref()).is_some_and(|(key, signature)| {
                self.verifier.is_authentic(&signed.message, signature, key)
            })
        });
        match votes.len() < self.rules.votes_needed() {
            true => {
                let transaction = certified.record.transaction;
                Err(Refusal::CertificateTooThin { transaction })
            }
            false => Ok(votes.into_iter().map(|(voter, _)| voter).collect()),
        }
    }
}

impl CertifiedRecord {
    /// Returns what its votes are for.
    pub(in crate::rounds) fn choice(&self) -> Accepted {
        Accepted { term: self.term, record: self.record.clone() }
    }
}

/// Checks that a proposal solves its challenge, and that a member has found it.
pub(in crate::rounds) fn check_choice(
    rules: &Rules,
    choice: &Accepted,
    is_member: impl Fn(PeerId) -> bool,
) -> Result<(), Refusal> {
    let Record { transaction, seed, difficulty, winner } = &choice.record;
    let judged = rules.puzzle.check_digest(seed, *transaction, *difficulty);
    judged.map_err(Refusal::VoteForNoSolution)?;
    match is_member(*winner) {
        true => Ok(()),
        false => Err(Refusal::VoteForStranger { winner: *winner }),
    }
}

/// Returns the votes for a row that `is_proven` accepts, one of each voter, in the order of their
/// ids.
pub(in crate::rounds) fn proven_votes(
    certified: &CertifiedRecord,
    mut is_proven: impl FnMut(&Signed) -> bool,
) -> Vec<(PeerId, Option<Signature>)> {
    let mut votes = certified.votes.clone();
    votes.retain(|(voter, signature)| {
        let (choice, signature) = (certified.choice(), signature.clone());
        let vote = SignedVote { peer: *voter, choice, starts: certified.starts, signature };
        is_proven(&vote.message())
    });
    votes.sort_unstable_by_key(|(voter, _)| *voter);
    votes.dedup_by_key(|(voter, _)| *voter);
    votes
}
