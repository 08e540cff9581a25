//! Lies of a member about the rows it has, and about the solutions it has accepted.

use althing_engine::rounds::{
    Accepted, CertifiedRecord, ElectionState, Message, Promise, Record, Signed, StartsDigest,
};
use althing_types::{Difficulty, Seed, Term, Transaction};

use super::ByzantineMember;

/// How far ahead a member claims to be.
const ROWS_AHEAD: u64 = 1000;

/// Claims to have many more rows than it has.
pub(super) fn lie_about_height(member: &mut ByzantineMember, signed: Signed) {
    change_promise(member, signed, |_, promise| {
        let ahead = promise.transaction.number().saturating_add(ROWS_AHEAD);
        Promise { leader: promise.leader, transaction: Transaction::new(ahead), accepted: None }
    });
}

/// Hides the solution it has accepted.
pub(super) fn hide_acceptance(member: &mut ByzantineMember, signed: Signed) {
    change_promise(member, signed, |_, promise| Promise { accepted: None, ..promise });
}

/// Claims to have accepted, in this very term, a solution that no leader has proposed.
pub(super) fn invent_acceptance(member: &mut ByzantineMember, signed: Signed) {
    let seed = member.another_solution(Difficulty::MIN, &Seed::from(0));
    claim_acceptance(member, signed, seed);
}

/// Claims to have accepted a seed that is no solution.
pub(super) fn accept_nonsense(member: &mut ByzantineMember, signed: Signed) {
    claim_acceptance(member, signed, Some(Seed::from(0)));
}

fn claim_acceptance(member: &mut ByzantineMember, signed: Signed, seed: Option<Seed>) {
    let winner = member.me;
    change_promise(member, signed, |term, promise| {
        let Some(seed) = seed else { return promise };
        let transaction = promise.transaction;
        let record = Record { transaction, difficulty: Difficulty::MIN, seed, winner };
        let accepted = Some(Accepted { term, record });
        Promise { accepted, ..promise }
    });
}

fn change_promise(
    member: &mut ByzantineMember,
    signed: Signed,
    change: impl FnOnce(Term, Promise) -> Promise,
) {
    match signed.message {
        Message::Election {
            peer,
            draw,
            state: Some(ElectionState { term, members, promise: Some(promise), starts }),
        } => {
            let promise = Some(change(term, promise));
            let state = Some(ElectionState { term, members, promise, starts });
            member.send_signed(Message::Election { peer, draw, state });
        }
        _ => member.pass_on(signed),
    }
}

/// Hands out the rows it is asked for with another solution and invented votes, with its own vote
/// alone, and once unchanged but with more votes than they have.
pub(super) fn forge(member: &mut ByzantineMember, signed: Signed) {
    let Message::Certificate { peer, record } = signed.message else {
        return member.pass_on(signed);
    };
    if let Some(forged) = forged(member, &record.record, record.term) {
        let voter = member.me;
        let alone = record.votes.iter().filter(|(peer, _)| *peer == voter).cloned().collect();
        member.send_signed(Message::Certificate { peer, record: forged });
        let record = CertifiedRecord { votes: alone, ..record.clone() };
        member.send_signed(Message::Certificate { peer, record });
    }
    let padded = padded(member, record);
    member.send_signed(Message::Certificate { peer, record: padded });
}

/// Offers a decided row whenever a leader asks for a solution of it.
pub(super) fn offer(member: &mut ByzantineMember, message: &Message) {
    let Message::Challenge { difficulty, place: Some(place), .. } = message else {
        return;
    };
    let (transaction, winner) = (place.transaction, member.me);
    let record = Record { transaction, difficulty: *difficulty, seed: Seed::from(0), winner };
    if let Some(record) = forged(member, &record, place.term) {
        let peer = member.me;
        member.send_signed(Message::Certificate { peer, record });
    }
}

/// Returns a certificate of another solution of the same row, with invented votes.
fn forged(member: &mut ByzantineMember, record: &Record, term: Term) -> Option<CertifiedRecord> {
    let seed = member.another_solution(record.difficulty, &record.seed)?;
    let record = Record { seed, winner: member.me, ..record.clone() };
    let votes = member.peers.clone().into_iter();
    let votes = votes.map(|voter| (voter, Some(member.forged_signature()))).collect();
    Some(CertifiedRecord { record, term, votes, noes: u16::MAX, starts: StartsDigest(0) })
}

/// Adds votes of the members that have cast none, and repeats all others.
fn padded(member: &mut ByzantineMember, mut record: CertifiedRecord) -> CertifiedRecord {
    let cast: Vec<_> = record.votes.iter().map(|(voter, _)| *voter).collect();
    let others: Vec<_> = member.others().into_iter().filter(|peer| !cast.contains(peer)).collect();
    let repeated = record.votes.clone();
    record.votes.extend(repeated);
    for voter in others {
        let signature = member.forged_signature();
        record.votes.push((voter, Some(signature)));
    }
    record
}
