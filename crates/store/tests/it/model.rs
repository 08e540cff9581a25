//! Whatever is done to a store, it is as a few variables would be.

use althing_engine::rounds::{Acceptance, CertifiedRecord, Durable, Promise, Recovered};
use althing_store::{Store, StoreError};
use althing_types::{PeerId, Term, Transaction};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::{
    prop_assert, prop_assert_eq, proptest,
    test_runner::{Config, TestCaseResult},
};

use crate::common::{directory, open, record, roster, row};

/// Something done to a store.
#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Word>),
    Reopen,
}

/// Something committed; numbers of rows are relative to the next one.
#[derive(Clone, Copy, Debug)]
enum Word {
    Roster {
        members: usize,
    },
    Promise(Term),
    Acceptance {
        term: Term,
        ahead: u64,
    },
    NextRow,
    /// A row that is not the next one.
    StrayRow {
        ahead: u64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let term = || any::<u64>().prop_map(Term::new);
    let word = prop_oneof![
        1 => (0..10_usize).prop_map(|members| Word::Roster { members }),
        2 => term().prop_map(Word::Promise),
        6 => (term(), 0..3_u64).prop_map(|(term, ahead)| Word::Acceptance { term, ahead }),
        12 => proptest::strategy::Just(Word::NextRow),
        1 => (1..4_u64).prop_map(|ahead| Word::StrayRow { ahead }),
    ];
    let step = prop_oneof![
        8 => vec(word, 0..5).prop_map(Step::Commit),
        1 => proptest::strategy::Just(Step::Reopen),
    ];
    vec(step, 1..40)
}

/// What a store should hold.
#[derive(Clone, Default)]
struct Model {
    words: Recovered,
    rows: Vec<CertifiedRecord>,
}

impl Model {
    /// Returns the durables that `words` stand for, and the model after them, or `None` if they
    /// are to be refused.
    fn commit(&self, words: &[Word]) -> (Vec<Durable>, Option<Self>) {
        let mut after = self.clone();
        let mut is_refused = false;
        let durables = words.iter().map(|word| {
            let next = after.rows.len() as u64;
            match *word {
                Word::Roster { members } => {
                    let members = roster()[..members].to_vec();
                    after.words.roster = Some(members.clone());
                    Durable::Roster(members)
                }
                Word::Promise(term) => {
                    let promise = Promise { term, draw: next.into(), leader: PeerId::new(3) };
                    after.words.promise = Some(promise);
                    Durable::Promise(promise)
                }
                Word::Acceptance { term, ahead } => {
                    let acceptance = Acceptance { term, record: record(next + ahead) };
                    after.words.accepted = Some(acceptance.clone());
                    Durable::Acceptance(acceptance)
                }
                Word::NextRow => {
                    after.rows.push(row(next));
                    after.words.next = after.words.next.next();
                    after.words.accepted.take_if(|it| it.record.transaction.number() == next);
                    Durable::Record(row(next))
                }
                Word::StrayRow { ahead } => {
                    is_refused = true;
                    Durable::Record(row(next + ahead))
                }
            }
        });
        let durables = durables.collect();
        (durables, (!is_refused).then_some(after))
    }

    fn check(&self, store: &Store) -> TestCaseResult {
        prop_assert_eq!(&store.recovered().expect("it is whole"), &self.words);
        prop_assert_eq!(store.next(), self.words.next);
        let rows: Vec<_> = store.rows().collect::<Result<_, _>>().expect("it is whole");
        prop_assert_eq!(&rows, &self.rows);
        let tail = self.rows.len().saturating_sub(2);
        let from = Transaction::new(tail as u64);
        let records = store.records(from, 5).expect("it is whole");
        prop_assert_eq!(&records, &self.rows[tail..]);
        Ok(())
    }
}

/// Takes all `steps`; `reopen` may close the store and open it again.
fn run(steps: &[Step], mut store: Store, reopen: impl Fn(Store) -> Store) -> TestCaseResult {
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Reopen => store = reopen(store),
            Step::Commit(words) => {
                let (durables, after) = model.commit(words);
                match (store.commit(&durables), after) {
                    (Ok(()), Some(after)) => model = after,
                    (Err(StoreError::OutOfOrder { .. }), None) => {}
                    (other, _) => prop_assert!(false, "{words:?} was answered with {other:?}"),
                }
            }
        }
        model.check(&store)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(Config::with_cases(48))]

    #[test]
    fn a_file_is_like_a_few_variables(steps in steps()) {
        let dir = directory();
        run(&steps, open(dir.path()), |store| {
            drop(store);
            open(dir.path())
        })?;
    }

    #[test]
    fn memory_is_like_a_few_variables(steps in steps()) {
        run(&steps, Store::in_memory(), |store| store)?;
    }
}
