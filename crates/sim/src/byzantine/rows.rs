//! What a member can say of the rows it has, and of what it has accepted.

use althing_engine::rounds::{
    Acceptance, CertifiedRecord, Message, Naming, Record, Sealed, Standing,
};
use althing_types::{Difficulty, Seed, Term, Transaction};

use super::Liar;

/// How far ahead a liar claims to be.
const ROWS_AHEAD: u64 = 1000;

/// Claims to have many more rows than it has.
pub(super) fn lie_about_height(liar: &mut Liar, word: Sealed) {
    change_naming(liar, word, |_, naming| {
        let ahead = naming.transaction.number().saturating_add(ROWS_AHEAD);
        Naming { leader: naming.leader, transaction: Transaction::new(ahead), accepted: None }
    });
}

/// Does not tell what it has accepted.
pub(super) fn hide_acceptance(liar: &mut Liar, word: Sealed) {
    change_naming(liar, word, |_, naming| Naming { accepted: None, ..naming });
}

/// Claims to have accepted, in this very term, what nobody has proposed.
pub(super) fn invent_acceptance(liar: &mut Liar, word: Sealed) {
    let seed = liar.another_solution(Difficulty::MIN, &Seed::from(0));
    claim_acceptance(liar, word, seed);
}

/// Claims to have accepted what is no solution.
pub(super) fn accept_nonsense(liar: &mut Liar, word: Sealed) {
    claim_acceptance(liar, word, Some(Seed::from(0)));
}

fn claim_acceptance(liar: &mut Liar, word: Sealed, seed: Option<Seed>) {
    let winner = liar.me;
    change_naming(liar, word, |term, naming| {
        let Some(seed) = seed else { return naming };
        let transaction = naming.transaction;
        let record = Record { transaction, difficulty: Difficulty::MIN, seed, winner };
        let accepted = Some(Acceptance { term, record });
        Naming { accepted, ..naming }
    });
}

fn change_naming(liar: &mut Liar, word: Sealed, change: impl FnOnce(Term, Naming) -> Naming) {
    match word.message {
        Message::Election {
            peer,
            draw,
            standing: Some(Standing { term, roster, naming: Some(naming) }),
        } => {
            let naming = Some(change(term, naming));
            let standing = Some(Standing { term, roster, naming });
            liar.tell(Message::Election { peer, draw, standing });
        }
        _ => liar.pass(word),
    }
}

/// Hands out the rows it is asked for with another solution and votes that nobody cast, with its
/// own vote alone, and once as they are but with more votes than they have.
pub(super) fn forge(liar: &mut Liar, word: Sealed) {
    let Message::Certificate { peer, record } = word.message else {
        return liar.pass(word);
    };
    if let Some(forged) = forged(liar, &record.record, record.term) {
        let voter = liar.me;
        let alone = record.votes.iter().filter(|(peer, _)| *peer == voter).cloned().collect();
        liar.tell(Message::Certificate { peer, record: forged });
        let record = CertifiedRecord { votes: alone, ..record.clone() };
        liar.tell(Message::Certificate { peer, record });
    }
    let padded = padded(liar, record);
    liar.tell(Message::Certificate { peer, record: padded });
}

/// Offers a decided row whenever somebody asks for a solution of it.
pub(super) fn offer(liar: &mut Liar, heard: &Message) {
    let Message::Challenge { difficulty, place: Some(place), .. } = heard else {
        return;
    };
    let (transaction, winner) = (place.transaction, liar.me);
    let record = Record { transaction, difficulty: *difficulty, seed: Seed::from(0), winner };
    if let Some(record) = forged(liar, &record, place.term) {
        let peer = liar.me;
        liar.tell(Message::Certificate { peer, record });
    }
}

/// Returns a certificate of another solution of the same row, with votes that nobody cast.
fn forged(liar: &mut Liar, record: &Record, term: Term) -> Option<CertifiedRecord> {
    let seed = liar.another_solution(record.difficulty, &record.seed)?;
    let record = Record { seed, winner: liar.me, ..record.clone() };
    let votes = liar.peers.clone().into_iter();
    let votes = votes.map(|voter| (voter, Some(liar.forged_seal()))).collect();
    Some(CertifiedRecord { record, term, votes, noes: u16::MAX })
}

/// Adds votes of those who have cast none, and repeats all others.
fn padded(liar: &mut Liar, mut record: CertifiedRecord) -> CertifiedRecord {
    let cast: Vec<_> = record.votes.iter().map(|(voter, _)| *voter).collect();
    let others: Vec<_> = liar.others().into_iter().filter(|peer| !cast.contains(peer)).collect();
    let repeated = record.votes.clone();
    record.votes.extend(repeated);
    for voter in others {
        let seal = liar.forged_seal();
        record.votes.push((voter, Some(seal)));
    }
    record
}
