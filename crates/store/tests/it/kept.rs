//! What is handed in is found again.

use althing_engine::rounds::{Durable, Recovered};
use althing_store::{Identity, Store, StoreError};
use althing_types::{PeerId, Transaction};
use tempfile::TempDir;

use crate::common::{acceptance, directory, identity, open, promise, record_durables, roster, row};

/// Each test runs with a file that is closed and opened again, and with memory.
enum Place {
    File(TempDir, Option<Store>),
    Memory(Store),
}

impl Place {
    fn both() -> [Self; 2] {
        let dir = directory();
        let store = open(dir.path());
        [Self::File(dir, Some(store)), Self::Memory(Store::in_memory())]
    }

    fn store(&mut self) -> &mut Store {
        match self {
            Self::File(_, store) => store.as_mut().expect("it is open between the calls"),
            Self::Memory(store) => store,
        }
    }

    fn reopened(&mut self) -> &mut Store {
        if let Self::File(dir, store) = self {
            drop(store.take());
            *store = Some(open(dir.path()));
        }
        self.store()
    }

    fn commit(&mut self, durables: &[Durable]) {
        self.store().commit(durables).expect("the rows are in order, and there is room");
    }

    fn recovered(&mut self) -> Recovered {
        self.reopened().recovered().expect("it is whole")
    }
}

#[test]
fn a_new_store_is_empty() {
    for mut place in Place::both() {
        assert_eq!(place.recovered(), Recovered::default());
        assert_eq!(place.store().identity().expect("it is whole"), None);
        assert_eq!(place.store().next(), Transaction::FIRST);
        assert_eq!(place.store().rows().count(), 0);
    }
}

#[test]
fn a_store_may_be_given_to_another_thread() {
    for place in Place::both() {
        let mut place = std::thread::spawn(|| place).join().expect("it does nothing");
        place.commit(&[Durable::Promise(promise(4))]);
        assert_eq!(place.recovered().promise, Some(promise(4)));
    }
}

#[test]
fn each_word_is_found_again() {
    for mut place in Place::both() {
        place.commit(&[Durable::Roster(roster())]);
        assert_eq!(place.recovered(), Recovered { roster: Some(roster()), ..Recovered::default() });
        place.commit(&[Durable::Promise(promise(4))]);
        place.commit(&[Durable::Acceptance(acceptance(0))]);
        let all = Recovered {
            roster: Some(roster()),
            promise: Some(promise(4)),
            accepted: Some(acceptance(0)),
            next: Transaction::FIRST,
        };
        assert_eq!(place.recovered(), all);
    }
}

#[test]
fn a_later_word_replaces_the_one_before() {
    for mut place in Place::both() {
        place.commit(&[Durable::Promise(promise(1)), Durable::Acceptance(acceptance(0))]);
        let fewer = roster()[..3].to_vec();
        let other = althing_engine::rounds::Acceptance { term: promise(2).term, ..acceptance(0) };
        place.commit(&[
            Durable::Roster(roster()),
            Durable::Promise(promise(2)),
            Durable::Acceptance(other.clone()),
            Durable::Roster(fewer.clone()),
        ]);
        let latest = Recovered {
            roster: Some(fewer),
            promise: Some(promise(2)),
            accepted: Some(other),
            next: Transaction::FIRST,
        };
        assert_eq!(place.recovered(), latest);
    }
}

#[test]
fn rows_are_found_again_with_their_votes() {
    for mut place in Place::both() {
        place.commit(&record_durables(0..300));
        place.commit(&record_durables(300..301));
        let store = place.reopened();
        assert_eq!(store.next(), Transaction::new(301));
        let all: Vec<_> = store.rows().collect::<Result<_, _>>().expect("it is whole");
        assert_eq!(all, (0..301).map(row).collect::<Vec<_>>());
        let some = |from, count| store.records(Transaction::new(from), count).expect("it is whole");
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
        place.commit(&[Durable::Acceptance(acceptance(0))]);
        place.commit(&record_durables(0..1));
        assert_eq!(place.recovered().accepted, None);
        place.commit(&[Durable::Acceptance(acceptance(2))]);
        place.commit(&record_durables(1..2));
        assert_eq!(place.recovered().accepted, Some(acceptance(2)));
        place.commit(&[Durable::Record(row(2)), Durable::Acceptance(acceptance(3))]);
        assert_eq!(place.recovered().accepted, Some(acceptance(3)));
    }
}

#[test]
fn a_row_out_of_order_is_refused_with_all_that_came_with_it() {
    for mut place in Place::both() {
        place.commit(&record_durables(0..2));
        for wrong in [vec![1], vec![3], vec![2, 2], vec![2, 4]] {
            let mut durables = vec![Durable::Promise(promise(9))];
            durables.extend(wrong.iter().map(|number| Durable::Record(row(*number))));
            let refused = place.store().commit(&durables);
            let Err(StoreError::OutOfOrder { found, wanted }) = refused else {
                panic!("{wrong:?} was answered with {refused:?}");
            };
            assert_eq!(found.number(), wrong[wrong.len() - 1]);
            assert_eq!(wanted.number(), 1 + wrong.len() as u64);
        }
        let unchanged = Recovered { next: Transaction::new(2), ..Recovered::default() };
        assert_eq!(place.recovered(), unchanged);
        place.commit(&record_durables(2..3));
        assert_eq!(place.reopened().next(), Transaction::new(3));
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
            Identity { network: "ppd/room".into(), ..identity() },
            Identity { secret: althing_store::Secret::new(vec![1; 32]), ..identity() },
        ];
        for other in others {
            let refused = set(&mut place, &other).expect_err("it is another");
            assert!(matches!(refused, StoreError::OtherIdentity { .. }), "{refused}");
            let text = refused.to_string();
            assert!(text.contains(r#"peer 7 of network "sd/room"; use another"#), "{text}");
        }
        assert_eq!(place.reopened().identity().expect("it is whole"), Some(identity()));
    }
}

#[test]
fn memory_keeps_all_rows_and_the_votes_of_the_last_4096() {
    let mut store = Store::in_memory();
    store.commit(&record_durables(0..5000)).expect("they are in order");
    let some = |from, count| store.records(Transaction::new(from), count).expect("in memory");
    assert_eq!(some(0, 10), []);
    assert_eq!(some(903, 10), []);
    assert_eq!(some(904, 2), [row(904), row(905)]);
    assert_eq!(some(4999, 10), [row(4999)]);
    let all: Vec<_> = store.rows().collect::<Result<_, _>>().expect("in memory");
    assert_eq!(all.len(), 5000);
    for (number, found) in (0..).zip(all) {
        let mut wanted = row(number);
        if number < 904 {
            wanted.votes.clear();
        }
        assert_eq!(found, wanted);
    }
}
