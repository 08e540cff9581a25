//! Everything that was committed is found again.

use althing_engine::rounds::{Accepted, Durable, Recovered, State};
use althing_store::{Identity, Secret, StoreError};
use althing_types::PeerId;

use crate::common::{Place, Store, accepted, identity, members, promised, record_durables, row};

fn state(place: &mut Place) -> State {
    place.recovered().state
}

#[test]
fn a_new_store_is_empty() {
    for mut place in Place::<Durable>::both() {
        assert_eq!(place.recovered(), Recovered::default());
        assert_eq!(place.store().identity().expect("it is whole"), None);
        assert_eq!(place.store().next(), 0);
        assert_eq!(place.store().all_entries().count(), 0);
    }
}

#[test]
fn a_store_may_be_given_to_another_thread() {
    for place in Place::both() {
        let mut place = std::thread::spawn(|| place).join().expect("it does nothing");
        place.commit(&[Durable::Promised(promised(4))]);
        assert_eq!(state(&mut place).promised, Some(promised(4)));
    }
}

#[test]
fn each_cell_is_found_again() {
    for mut place in Place::both() {
        place.commit(&[Durable::Membership(members())]);
        let only_members = State { members: Some(members()), ..State::default() };
        assert_eq!(state(&mut place), only_members);
        place.commit(&[Durable::Promised(promised(4))]);
        place.commit(&[Durable::Accepted(accepted(0))]);
        let all = State {
            members: Some(members()),
            promised: Some(promised(4)),
            accepted: Some(accepted(0)),
            ..State::default()
        };
        assert_eq!(state(&mut place), all);
    }
}

#[test]
fn a_table_of_sessions_keeps_them_all_each_with_rows_from_zero_on() {
    for mut place in Place::both() {
        place.commit(&[Durable::Session]);
        place.commit(&[Durable::Record(row(0)), Durable::Record(row(3))]);
        place.commit(&[Durable::Session]);
        place.commit(&[Durable::Session, Durable::Record(row(0))]);
        let sessions = state(&mut place).sessions;
        assert_eq!((sessions.starts, sessions.next.number()), (vec![0, 2], 1));
        let rows = place.store().all_entries().collect::<Result<Vec<_>, _>>();
        let rows = rows.expect("it is whole").into_iter();
        let numbers: Vec<_> =
            rows.map(|(number, row)| (number, row.record.transaction.number())).collect();
        assert_eq!(numbers, [(0, 0), (1, 3), (2, 0)]);
    }
}

#[test]
fn a_later_cell_replaces_the_one_before() {
    for mut place in Place::both() {
        place.commit(&[Durable::Promised(promised(1)), Durable::Accepted(accepted(0))]);
        let fewer = members()[..3].to_vec();
        let other = Accepted { term: promised(2).term, ..accepted(0) };
        place.commit(&[
            Durable::Membership(members()),
            Durable::Membership(fewer.clone()),
            Durable::Promised(promised(2)),
            Durable::Accepted(other.clone()),
        ]);
        let latest = State {
            members: Some(fewer),
            promised: Some(promised(2)),
            accepted: Some(other),
            ..State::default()
        };
        assert_eq!(state(&mut place), latest);
    }
}

/// A promise was given to the members of that time (rule G4).
#[test]
fn a_membership_that_changes_drops_the_promise_and_the_same_one_keeps_it() {
    for mut place in Place::both() {
        let fewer = members()[..3].to_vec();
        place.commit(&[Durable::Membership(members()), Durable::Promised(promised(1))]);
        place.commit(&[Durable::Membership(members())]);
        assert_eq!(state(&mut place).promised, Some(promised(1)));
        place.commit(&[Durable::Membership(fewer)]);
        assert_eq!(state(&mut place).promised, None);
    }
}

#[test]
fn rows_are_found_again_with_their_votes() {
    for mut place in Place::both() {
        place.commit(&record_durables(0..300));
        place.commit(&record_durables(300..301));
        let store = place.reopened();
        assert_eq!(store.next(), 301);
        let all: Vec<_> = store.all_entries().collect::<Result<_, _>>().expect("it is whole");
        assert_eq!(all, (0..301).map(|number| (number, row(number))).collect::<Vec<_>>());
        let some = |from, count| store.entries(from, count).expect("it is whole");
        assert_eq!(some(17, 3), [row(17), row(18), row(19)]);
        assert_eq!(some(299, 64), [row(299), row(300)]);
        assert_eq!(some(0, usize::MAX).len(), 301);
        assert_eq!(some(5, 0), []);
        assert_eq!(some(301, 64), []);
        assert_eq!(some(u64::MAX, usize::MAX), []);
    }
}

#[test]
fn a_row_clears_the_acceptance_for_it_and_no_other() {
    for mut place in Place::both() {
        place.commit(&[Durable::Accepted(accepted(0))]);
        place.commit(&record_durables(0..1));
        assert_eq!(state(&mut place).accepted, None);
        place.commit(&[Durable::Accepted(accepted(2))]);
        place.commit(&record_durables(1..2));
        assert_eq!(state(&mut place).accepted, Some(accepted(2)));
        place.commit(&[Durable::Record(row(2)), Durable::Accepted(accepted(3))]);
        assert_eq!(state(&mut place).accepted, Some(accepted(3)));
    }
}

#[test]
fn a_row_out_of_order_is_refused_with_all_that_came_with_it() {
    for mut place in Place::both() {
        place.commit(&record_durables(0..2));
        for wrong in [vec![1], vec![3], vec![2, 2], vec![2, 4]] {
            let mut durables = vec![Durable::Promised(promised(9))];
            durables.extend(wrong.iter().map(|number| Durable::Record(row(*number))));
            let refused = place.store().commit(&durables);
            let Err(StoreError::Gap(gap)) = refused else {
                panic!("{wrong:?} was answered with {refused:?}");
            };
            assert_eq!(gap.found, wrong[wrong.len() - 1]);
            assert_eq!(gap.log, (0, 1 + wrong.len() as u64));
        }
        let unchanged = Recovered { log: 0..2, ..Recovered::default() };
        assert_eq!(place.recovered(), unchanged);
        place.commit(&record_durables(2..3));
        assert_eq!(place.reopened().next(), 3);
    }
}

#[test]
fn an_identity_is_set_once() {
    for mut place in Place::both() {
        let set = |place: &mut Place, identity: &Identity| place.store().set_identity(identity);
        set(&mut place, &identity()).expect("there is none yet");
        set(&mut place, &identity()).expect("it is the same");
        assert_eq!(place.reopened().identity().expect("it is whole"), Some(identity()));
        let others = [
            Identity { peer: PeerId::new(8), ..identity() },
            Identity { network_hash: [0x99; 32], ..identity() },
            Identity { secret: Secret::new(vec![1; 32]), ..identity() },
        ];
        for other in others {
            let refused = set(&mut place, &other).expect_err("it is another");
            assert!(matches!(refused, StoreError::OtherIdentity { .. }), "{refused}");
            let text = refused.to_string();
            assert!(text.contains(r#"peer 7 of network {"dialect":"sd"}; use another"#), "{text}");
        }
        assert_eq!(place.reopened().identity().expect("it is whole"), Some(identity()));
    }
}

#[test]
fn memory_keeps_all_rows_and_the_votes_of_the_last_4096() {
    let mut store = Store::in_memory();
    store.commit(&record_durables(0..5000)).expect("they are in order");
    let some = |from, count| store.entries(from, count).expect("in memory");
    assert_eq!(some(0, 10), []);
    assert_eq!(some(903, 10), []);
    assert_eq!(some(904, 2), [row(904), row(905)]);
    assert_eq!(some(4999, 10), [row(4999)]);
    let all: Vec<_> = store.all_entries().collect::<Result<_, _>>().expect("in memory");
    assert_eq!(all.len(), 5000);
    for (index, (number, found)) in (0..).zip(all) {
        let mut wanted = row(index);
        if index < 904 {
            wanted.votes.clear();
        }
        assert_eq!((number, found), (index, wanted));
    }
}

#[test]
fn a_reader_in_another_thread_sees_each_commit_once_it_is_made() {
    for mut place in Place::both() {
        let reader = place.store().reader();
        assert_eq!(reader.range().expect("it is whole"), 0..0);
        place.commit(&record_durables(0..3));
        let other = reader.clone();
        let found = std::thread::spawn(move || (other.range(), other.entry(2), other.entry(3)));
        let (range, last, none) = found.join().expect("it only reads");
        assert_eq!(range.expect("it is whole"), 0..3);
        assert_eq!(last.expect("it is whole"), Some(row(2)));
        assert_eq!(none.expect("it is whole"), None);
        place.commit(&record_durables(3..4));
        assert_eq!(reader.entry(3).expect("it is whole"), Some(row(3)));
        // A file stays in use as long as a reader is left.
        drop(reader);
        assert_eq!(place.reopened().next(), 4);
    }
}
