//! What each durable output changes in what a restart finds.

use althing_engine::rounds::{
    Accepted, CertifiedRecord, Durable, Promised, Record, Recovered, StartsDigest,
};
use althing_engine::{Change, Gap};
use althing_types::{Seed, Term, Transaction};

use crate::common::{bits, id};

fn row(number: u64) -> CertifiedRecord {
    let record = Record {
        transaction: Transaction::new(number),
        difficulty: bits(1),
        seed: Seed::from(6),
        winner: id(1),
    };
    CertifiedRecord {
        record,
        term: Term::FIRST,
        votes: vec![(id(1), None)],
        noes: 0,
        starts: StartsDigest(0),
    }
}

fn accepted(number: u64) -> Durable {
    Durable::Accepted(Accepted { term: Term::FIRST, record: row(number).record })
}

fn promised(term: u64) -> Durable {
    Durable::Promised(Promised { term: Term::new(term), draw: 9, leader: id(1) })
}

fn members(peers: usize) -> Durable {
    Durable::Membership((0..peers).map(|peer| (id(peer), None)).collect())
}

/// Returns what a restart finds after these writes.
fn after(durables: impl IntoIterator<Item = Durable>) -> Recovered {
    let mut recovered = Recovered::default();
    for durable in durables {
        assert!(recovered.apply(&durable).is_ok(), "{durable:?}");
    }
    recovered
}

#[test]
fn a_row_is_appended_to_the_log() {
    let mut recovered = after([Durable::Record(row(0))]);
    let durable = Durable::Record(row(1));
    let change = recovered.apply(&durable);
    assert_eq!(change, Ok(Some(Change { from: 1, entries: &[row(1)] })));
    assert_eq!((recovered.log.clone(), recovered.next_row()), (0..2, Transaction::new(2)));
}

#[test]
fn a_row_that_is_not_the_next_is_refused_and_changes_nothing() {
    let before = after([members(3), Durable::Record(row(0)), accepted(1), Durable::Record(row(1))]);
    let before = {
        let mut before = before;
        assert_eq!(before.apply(&accepted(2)), Ok(None));
        before
    };
    for found in [0, 1, 3, u64::MAX] {
        let mut recovered = before.clone();
        let gap = Gap { found, log: (0, 2) };
        assert_eq!(recovered.apply(&Durable::Record(row(found))), Err(gap));
        assert_eq!(recovered, before, "row {found}");
    }
    let mut empty = Recovered::default();
    let gap = Gap { found: 1, log: (0, 0) };
    assert_eq!(empty.apply(&Durable::Record(row(1))), Err(gap));
}

#[test]
fn a_promise_binds_nobody_among_other_members() {
    let same = after([members(3), promised(4), members(3)]);
    assert_eq!(same, after([members(3), promised(4)]));
    assert!(same.state.promised.is_some());
    let other = after([members(3), promised(4), members(2)]);
    assert_eq!(other, after([members(2)]));
}

#[test]
fn the_latest_promise_and_the_latest_vote_count() {
    let recovered = after([promised(1), accepted(0), promised(2)]);
    assert_eq!(recovered.state.promised.map(|promised| promised.term), Some(Term::new(2)));
    assert_eq!(recovered.state.accepted.map(|accepted| accepted.record), Some(row(0).record));
}

#[test]
fn a_vote_is_cleared_by_its_row_and_by_no_earlier_one() {
    let recovered = after([accepted(0), Durable::Record(row(0))]);
    assert_eq!(recovered.state.accepted, None);
    let recovered = after([accepted(1), Durable::Record(row(0))]);
    assert!(recovered.state.accepted.is_some());
}

#[test]
fn a_session_begins_at_row_zero_may_have_holes_and_keeps_what_was_there() {
    let mut recovered = after([
        Durable::Session,
        Durable::Record(row(0)),
        Durable::Record(row(1)),
        Durable::Session,
        Durable::Session,
        Durable::Record(row(0)),
        Durable::Record(row(4)),
    ]);
    assert_eq!(recovered.log, 0..4);
    assert_eq!(recovered.state.sessions.starts, [0, 2]);
    for found in [0, 4, u64::MAX] {
        let gap = Gap { found, log: (0, 4) };
        assert_eq!(recovered.apply(&Durable::Record(row(found))), Err(gap));
    }
    let next = Durable::Record(row(5));
    let change = recovered.apply(&next);
    assert_eq!(change, Ok(Some(Change { from: 4, entries: &[row(5)] })));
}
